"""What is expected without the estimator, and the estimator's share."""

import numpy as np
import pytest

from housing_sweep.tabular.prior import Prior

RNG = np.random.default_rng(2)
PRIOR = Prior(RNG.normal(2.0, 1.0, 50), RNG.uniform(0.01, 1.0, 50))
Y, PREDICTED = RNG.normal(2.0, 1.0, 50), RNG.normal(2.0, 1.0, 50)


def test_the_final_prediction_lies_between_the_expected_and_the_estimators() -> None:
    ends = Prior(np.array([1.0, 1.0, 1.0]), np.array([1.0, 0.25, 1e-9]))
    assert ends.settle(np.full(3, 5.0)).tolist() == pytest.approx([5.0, 2.0, 1.0])


def test_an_estimator_that_meets_its_goal_makes_the_final_prediction_true() -> None:
    assert PRIOR.settle(PRIOR.goal(Y)) == pytest.approx(Y)


def test_weighted_errors_against_the_goal_are_those_of_the_final_prediction() -> None:
    weighted = PRIOR.trust**2 * (PREDICTED - PRIOR.goal(Y)) ** 2
    assert weighted == pytest.approx((PRIOR.settle(PREDICTED) - Y) ** 2)
