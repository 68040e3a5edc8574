import runpy
from typing import Any

import pytest

from housing_sweep.errors import SpecError
from housing_sweep.search.score import Goal
from housing_sweep.search.spec import parse_spec, parse_yaml
from tests.support.local_server import ROOT

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
    from housing_sweep.tabular.trial_config import known_parameters

    spec = parse_yaml(path.read_text())
    assert set(spec.parameters) <= known_parameters()
    assert spec.objectives[0].name == "val_rmse"
    assert spec.warnings == ()


def test_the_conditional_space_gives_only_what_its_model_has() -> None:
    optuna = pytest.importorskip("optuna")
    from housing_sweep.housing.problem import PROBLEM
    from housing_sweep.tabular.trial_config import TrialConfig

    spec = parse_yaml((ROOT / "sweeps/optuna_conditional.yaml").read_text())
    assert spec.scheduler is not None
    space = runpy.run_path(str(ROOT / str(spec.scheduler["source"])))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    models = set()
    for _ in range(30):
        trial = study.ask()
        point = space[str(spec.scheduler["search_space"])](trial)
        models.add(
            TrialConfig.from_sweep(point, PROBLEM).model
        )  # refuses what the model does not have
        study.tell(trial, 0.5)
    assert models == {"hist_gradient_boosting", "random_forest", "extra_trees"}


def test_what_wandb_accepts_beside_is_accepted() -> None:
    spec = parse_spec({**GOOD, "early_terminate": {"type": "hyperband", "min_iter": 3}, "new": 1})
    assert spec.early_terminate == {"type": "hyperband", "min_iter": 3}


def _said(**changes: Any) -> str:
    with pytest.raises(SpecError) as caught:
        parse_spec({**GOOD, **changes})
    return caught.value.what


def test_several_objectives_are_parsed_and_leave_no_single_metric() -> None:
    several = [{"name": "val_rmse"}, {"name": "val_r2", "goal": "maximize"}]
    spec = parse_spec({**{k: v for k, v in GOOD.items() if k != "metric"}, "metrics": several})
    assert spec.metric is None
    assert [(metric.name, metric.goal) for metric in spec.objectives] == [
        ("val_rmse", Goal.MINIMIZE),
        ("val_r2", Goal.MAXIMIZE),
    ]
    (only,) = parse_spec(GOOD).objectives
    assert only == parse_spec(GOOD).metric


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ([{"name": "a"}, {"name": "b"}], "metrics: there is a metric too"),
        ([{"name": "a"}, {"goal": "minimize"}], "metrics.1: expected a name and a goal"),
        ([{"name": "a"}, {"name": "a"}], r"has a name twice"),
        ([{"name": "a", "goal": "maximise"}], "metrics.0.goal: 'maximise' is unknown, did you"),
        ([{"name": "a", "target": 1}, {"name": "b"}], "metrics.0.target: only a sweep with one"),
        ([], "metrics: expected a list"),
        ("a", "metrics: expected a list"),
    ],
)
def test_wrong_objectives_are_named(metrics: Any, said: str) -> None:
    assert said in _said(metrics=metrics)


def test_hyperband_needs_one_metric() -> None:
    raw = {**GOOD, "metrics": [{"name": "a"}, {"name": "b"}]}
    del raw["metric"]
    with pytest.raises(SpecError, match="hyperband compares one metric"):
        parse_spec({**raw, "early_terminate": {"type": "hyperband", "min_iter": 1}})


def test_the_kind_of_early_stopping_is_checked() -> None:
    said = _said(early_terminate={"type": "hyperbnad", "min_iter": 1})
    assert "early_terminate.type: 'hyperbnad' is unknown, did you mean hyperband?" in said


def test_a_command_is_a_list_of_words() -> None:
    said = _said(command="python x.py")
    assert "command: expected a list of words, got 'python x.py'; write ['python', 'x.py']" in said
    assert parse_spec({**GOOD, "command": ["${env}", "nice", 5]}).command == ("${env}", "nice", "5")


def test_a_number_that_yaml_reads_as_a_word_gets_a_hint() -> None:
    with pytest.raises(SpecError, match=r"min '1e-4' .*YAML reads it as a word, write 1\.0e-4"):
        parse_yaml(
            "method: random\nparameters: {a: {distribution: uniform, min: 1e-4, max: 1.0}}\n"
        )
    spec = parse_yaml("method: grid\nparameters: {a: {values: [1e-4, 2e3, word]}}\n")
    assert [warning.split(": ")[0] for warning in spec.warnings] == ["parameters.a"] * 2
    assert "write 2.0e+3" in spec.warnings[1]


def test_what_is_probably_not_meant_is_a_warning() -> None:
    raw = {
        "method": "random",
        "parameters": {"a": {"min": 0.0, "max": 1.0, "sgima": 2}},
        "early_terminate": {"type": "hyperband", "min_iter": 2},
    }
    said = "\n".join(parse_spec(raw).warnings)
    assert "parameters.a.sgima: unknown, it is ignored, did you mean sigma?" in said
    assert "run_cap: there is none" in said
    assert "early_terminate: there is no metric" in said
    assert parse_spec({**GOOD, "run_cap": 3}).warnings == ()


def test_a_metric_that_is_better_high_and_has_no_goal_is_warned_of() -> None:
    def warnings(metric: dict[str, str]) -> str:
        return " ".join(parse_spec({**GOOD, "metric": metric}).warnings)

    assert "val_r2 is better high" in warnings({"name": "val_r2"})
    assert "better high" not in warnings({"name": "val_r2", "goal": "maximize"})
    assert "better high" not in warnings({"name": "val_rmse"})


def test_a_number_beyond_any_double_is_named_and_no_accident() -> None:
    beyond = 10**400
    assert "target" in _said(metric={"name": "m", "goal": "minimize", "target": beyond})
    assert "x" in _said(parameters={"x": {"min": 0.0, "max": beyond}})
