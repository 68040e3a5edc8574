"""Scores, and which way each is good."""

import numpy as np
import pytest

from housing_sweep.search.score import Goal, known_goal
from housing_sweep.tabular import metrics

TRUTH = np.array([1.0, 2.0, 3.0, 5.0])


def test_scores_are_those_of_the_textbook() -> None:
    found = metrics.scores(TRUTH, TRUTH + np.array([1, -1, 1, -1]))
    assert found == {"val_rmse": 1.0, "val_mae": 1.0, "val_r2": pytest.approx(1 - 4 / 8.75)}
    assert metrics.value("mae", TRUTH, TRUTH + np.array([0, 0, 0, 4])) == 1.0
    assert metrics.value("rmse", TRUTH, TRUTH + np.array([0, 0, 0, 4])) == 2.0


def test_every_score_of_a_trial_has_a_direction() -> None:
    goals = {name: known_goal(name) for name in metrics.scores(TRUTH, TRUTH)}
    assert None not in goals.values()
    assert {name for name, goal in goals.items() if goal is Goal.MAXIMIZE} == {"val_r2"}


def test_one_bit_changes_the_hash_of_predictions() -> None:
    one = metrics.predictions_sha256(TRUTH)
    assert one == metrics.predictions_sha256(TRUTH.copy())
    assert one != metrics.predictions_sha256(np.nextafter(TRUTH, 9))
