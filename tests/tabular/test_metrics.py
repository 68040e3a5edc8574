"""Scores, and which way each is good."""

import numpy as np
import pytest

from housing_sweep.search.score import Goal, known_goal
from housing_sweep.tabular import metrics
from housing_sweep.tabular.evaluation import difference_error

TRUTH = np.array([1.0, 2.0, 3.0, 5.0])


def test_scores_are_those_of_the_textbook() -> None:
    found = metrics.scores(TRUTH, TRUTH + np.array([1, -1, 1, -1]))
    assert found == {"val_rmse": 1.0, "val_mae": 1.0, "val_r2": pytest.approx(1 - 4 / 8.75)}
    assert metrics.value("mae", TRUTH, TRUTH + np.array([0, 0, 0, 4])) == 1.0
    assert metrics.value("rmse", TRUTH, TRUTH + np.array([0, 0, 0, 4])) == 2.0


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_the_error_of_a_difference_is_that_of_the_bootstrap(metric: str) -> None:
    rng = np.random.default_rng(0)
    truth, noise = np.zeros(400), rng.normal(0, 0.3, 400)
    one, other = noise + rng.normal(0, 0.1, 400), noise
    difference, error = metrics.paired_difference(metric, truth, one, other, np.arange(400))
    scores = [metrics.value(metric, truth, predicted) for predicted in (one, other)]
    assert difference == pytest.approx(scores[0] - scores[1])
    assert error == pytest.approx(difference_error(metric, truth, one, other), rel=0.1)
    rows = np.repeat(np.arange(400), 2)
    pairs = metrics.paired_difference(metric, truth[rows], one[rows], other[rows], rows)
    assert pairs == pytest.approx((difference, error))


def test_every_score_of_a_trial_has_a_direction() -> None:
    goals = {name: known_goal(name) for name in metrics.scores(TRUTH, TRUTH)}
    assert None not in goals.values()
    assert {name for name, goal in goals.items() if goal is Goal.MAXIMIZE} == {"val_r2"}


def test_one_bit_changes_the_hash_of_predictions() -> None:
    one = metrics.predictions_sha256(TRUTH)
    assert one == metrics.predictions_sha256(TRUTH.copy())
    assert one != metrics.predictions_sha256(np.nextafter(TRUTH, 9))
