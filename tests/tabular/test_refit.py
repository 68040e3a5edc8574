"""Refits: more rows, no choice left, the same bits each time."""

from dataclasses import replace

import pytest
from threadpoolctl import threadpool_limits

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM, TARGET
from housing_sweep.tabular.fit import FitResult
from housing_sweep.tabular.metrics import predictions_sha256, rmse
from housing_sweep.tabular.refit import hard_test, mean_rmse, predict_hard, refit
from housing_sweep.tabular.split import make_split, units
from housing_sweep.tabular.trial_config import TrialConfig

FRAME = synthetic.make(1200)
SPLIT = make_split(PROBLEM, FRAME, "random", 0)


def _refit(model: str, iterations: int) -> FitResult:
    config = TrialConfig.from_sweep({"model": model, "features": "geo_knn"}, PROBLEM)
    with threadpool_limits(1):
        return refit(PROBLEM, config, FRAME, SPLIT, iterations)


@pytest.mark.parametrize("model", ["hist_gradient_boosting", "random_forest"])
def test_a_refit_has_seen_the_validation_rows_and_as_many_iterations_as_asked(model: str) -> None:
    found = _refit(model, 20)
    estimator = found.model.estimator
    assert len(getattr(estimator, "estimators_", [])) or estimator.n_iter_ == 20
    assert found.best_iteration == 20
    validation, test = (FRAME.iloc[rows] for rows in (SPLIT.validation, SPLIT.test))
    inside = rmse(validation[TARGET].to_numpy(), found.model.predict(validation))
    outside = rmse(test[TARGET].to_numpy(), found.model.predict(test))
    assert inside < outside < mean_rmse(PROBLEM, FRAME, SPLIT, SPLIT.test)
    again = _refit(model, 20)
    assert predictions_sha256(found.predictions) == predictions_sha256(again.predictions)


def test_places_never_seen_are_harder() -> None:
    config = TrialConfig.from_sweep({"features": "geo_knn", "max_iter": 60}, PROBLEM)
    hard = hard_test(PROBLEM, FRAME, 0)
    assert hard is not None
    with threadpool_limits(1):
        far = rmse(hard.truth, predict_hard(PROBLEM, config, FRAME, hard))
    assert 0.1 < far < FRAME[TARGET].std() * 1.2


def test_the_places_held_out_are_drawn_by_the_seed_that_is_asked_for() -> None:
    split = make_split(PROBLEM, FRAME, "spatial", 3)
    hard = hard_test(PROBLEM, FRAME, 3)
    assert hard is not None
    assert (hard.kind, hard.split.fingerprint) == ("spatial", split.fingerprint)
    assert hard.truth.tolist() == FRAME[TARGET].iloc[split.test].tolist()
    assert hard.units.tolist() == units(PROBLEM, FRAME, "spatial")[split.test].tolist()
    assert hard_test(replace(PROBLEM, place=None), FRAME, 3) is None
