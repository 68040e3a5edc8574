from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import SpecError
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.families import MODELS
from housing_sweep.tabular.trial_config import TrialConfig


def test_an_empty_config_is_the_default_model() -> None:
    config = TrialConfig.from_sweep({}, PROBLEM)
    assert config.model == "hist_gradient_boosting"
    assert (config.dataset, config.features) == ("california-housing:latest", "geo_blend")
    assert set(config.hyperparameters) == set(MODELS["hist_gradient_boosting"].numbers)


def test_what_a_problem_offers_decides_what_a_config_may_say() -> None:
    flats = replace(PROBLEM, name="flats", place=None)
    config = TrialConfig.from_sweep({}, flats)
    assert (config.dataset, config.features) == ("flats:latest", "raw")
    with pytest.raises(SpecError, match=r"features: 'geo'.*split: 'spatial'"):
        TrialConfig.from_sweep({"features": "geo", "split": "spatial"}, flats)


def test_whole_floats_of_quantised_parameters_become_integers() -> None:
    config = TrialConfig.from_sweep({"max_leaf_nodes": 31.0, "min_samples_leaf": 5.0}, PROBLEM)
    assert config.hyperparameters["max_leaf_nodes"] == 31
    assert isinstance(config.hyperparameters["max_leaf_nodes"], int)


def test_every_problem_is_named_at_once() -> None:
    raw = {"model": "random_forest", "features": "geo_nn", "min_samples_leef": 3, "seed": -1}
    with pytest.raises(SpecError) as caught:
        TrialConfig.from_sweep({**raw, "n_estimators": 10.5, "max_features": 7}, PROBLEM)
    what = caught.value.what
    assert "features: 'geo_nn' is unknown, did you mean geo_knn?" in what
    assert "min_samples_leef: unknown, did you mean min_samples_leaf?" in what
    assert "n_estimators: 10.5 is not a whole number" in what
    assert "max_features: 7 is outside 0.01 to 1" in what
    assert "seed: -1 is outside" in what


def test_an_unknown_model_is_named_with_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean random_forest"):
        TrialConfig.from_sweep({"model": "randomforest"}, PROBLEM)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.1", True, None, [1]])
def test_values_that_are_not_numbers_are_refused(value: object) -> None:
    with pytest.raises(SpecError, match="learning_rate"):
        TrialConfig.from_sweep({"learning_rate": value}, PROBLEM)


@given(st.sampled_from(sorted(MODELS)), st.integers(0, 9))
def test_a_config_survives_its_own_dict(model: str, seed: int) -> None:
    config = TrialConfig.from_sweep({"model": model, "seed": seed}, PROBLEM)
    assert TrialConfig.from_sweep(config.as_dict(), PROBLEM) == config


def test_wandbs_own_keys_are_left_alone() -> None:
    assert TrialConfig.from_sweep({"_wandb": {"t": 1}}, PROBLEM) == TrialConfig.from_sweep(
        {}, PROBLEM
    )
