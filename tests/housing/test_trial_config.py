import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import SpecError
from housing_sweep.housing.trial_config import MODELS, TrialConfig


def test_an_empty_config_is_the_default_model() -> None:
    config = TrialConfig.from_sweep({})
    assert config.model == "hist_gradient_boosting"
    assert set(config.hyperparameters) == set(MODELS["hist_gradient_boosting"])


def test_whole_floats_of_quantised_parameters_become_integers() -> None:
    config = TrialConfig.from_sweep({"max_leaf_nodes": 31.0, "min_samples_leaf": 5.0})
    assert config.hyperparameters["max_leaf_nodes"] == 31
    assert isinstance(config.hyperparameters["max_leaf_nodes"], int)


def test_every_problem_is_named_at_once() -> None:
    raw = {"model": "random_forest", "features": "geo_nn", "min_samples_leef": 3, "seed": -1}
    with pytest.raises(SpecError) as caught:
        TrialConfig.from_sweep({**raw, "n_estimators": 10.5, "max_features": 7})
    what = caught.value.what
    assert "features: 'geo_nn' is unknown, did you mean geo_knn?" in what
    assert "min_samples_leef: unknown, did you mean min_samples_leaf?" in what
    assert "n_estimators: 10.5 is not a whole number" in what
    assert "max_features: 7 is outside 0.01 to 1" in what
    assert "seed: -1 is outside" in what


def test_an_unknown_model_is_named_with_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean random_forest"):
        TrialConfig.from_sweep({"model": "randomforest"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.1", True, None, [1]])
def test_values_that_are_not_numbers_are_refused(value: object) -> None:
    with pytest.raises(SpecError, match="learning_rate"):
        TrialConfig.from_sweep({"learning_rate": value})


@given(st.sampled_from(sorted(MODELS)), st.integers(0, 9))
def test_a_config_survives_its_own_dict(model: str, seed: int) -> None:
    config = TrialConfig.from_sweep({"model": model, "seed": seed})
    assert TrialConfig.from_sweep(config.as_dict()) == config


def test_wandbs_own_keys_are_left_alone() -> None:
    assert TrialConfig.from_sweep({"_wandb": {"t": 1}}) == TrialConfig.from_sweep({})
