from typing import Any

import pytest

from housing_sweep.errors import SpecError
from housing_sweep.search.spec import parse_spec, parse_yaml
from tests.local_server import ROOT

GOOD: dict[str, Any] = {
    "method": "bayes",
    "metric": {"name": "val_rmse", "goal": "minimize"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


def test_every_violation_is_named_at_once() -> None:
    raw = {
        "method": "bayse",
        "metric": {"name": "loss", "goal": "minimise"},
        "run_cap": 0,
        "parameters": {
            "a": {"distribution": "unifrom", "min": 0, "max": 1},
            "b": {"min": 2, "max": 1},
            "c": {"values": []},
            "d": {"values": [1, 2], "probabilities": [0.9, 0.9]},
            "e": {"distribution": "log_uniform_values", "min": 0, "max": 1},
            "f": 3,
            "g": {"parameters": {"h": {}}},
        },
    }
    with pytest.raises(SpecError) as caught:
        parse_spec(raw)
    for said in (
        "method: 'bayse' is unknown, did you mean bayes?",
        "metric.goal: 'minimise' is unknown, did you mean minimize?",
        "run_cap: 0 is not a whole number of at least 1",
        "parameters.a.distribution: 'unifrom' is unknown, did you mean uniform?",
        "parameters.b: int_uniform: min 2 is above max 1",
        "parameters.c: categorical: values must be a list with something in it",
        "parameters.d: categorical_w_probabilities: probabilities [0.9, 0.9] must be >= 0",
        "parameters.e: log_uniform_values: min 0 must be above 0",
        "parameters.f: expected value, values, min and max, or parameters, got 3",
        "parameters.g.parameters.h: needs value, values, or min and max",
    ):
        assert said in caught.value.what


def test_a_grid_over_a_continuum_is_refused() -> None:
    with pytest.raises(SpecError, match="x: method grid needs"):
        parse_spec({"method": "grid", "parameters": {"x": {"min": 0.0, "max": 1.0}}})


def test_bayes_without_a_metric_is_refused() -> None:
    with pytest.raises(SpecError, match="bayes needs one"):
        parse_spec({k: v for k, v in GOOD.items() if k != "metric"})


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b", "a: [1"])
def test_text_that_is_no_spec_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        parse_yaml(text)


@pytest.mark.parametrize("path", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda p: p.stem)
def test_our_own_specs_are_sound_and_every_parameter_is_known_to_trials(path: Any) -> None:
    from housing_sweep.housing.trial_config import known_parameters

    spec = parse_yaml(path.read_text())
    assert set(spec.parameters) <= known_parameters()
    assert spec.metric is not None
    assert spec.metric.name == "val_rmse"


def test_what_wandb_accepts_beside_is_accepted() -> None:
    spec = parse_spec({**GOOD, "early_terminate": {"type": "hyperband", "min_iter": 3}, "new": 1})
    assert spec.early_terminate == {"type": "hyperband", "min_iter": 3}
