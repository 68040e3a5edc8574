"""Refits: more rows, no choice left, the same bits each time."""

import pytest
from threadpoolctl import threadpool_limits

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM, TARGET
from housing_sweep.tabular.fit import FitResult
from housing_sweep.tabular.metrics import predictions_sha256, rmse
from housing_sweep.tabular.refit import hard_split_score, mean_rmse, refit
from housing_sweep.tabular.split import make_split
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
    with threadpool_limits(1):
        far = hard_split_score(PROBLEM, config, FRAME)
    assert far is not None
    assert 0.1 < far < FRAME[TARGET].std() * 1.2
