"""A trial as search sees it."""

import math

import pytest

from housing_sweep.search.score import Goal
from housing_sweep.search.trial import Trial, TrialState


def _trial(value: float | None, *others: float | None) -> Trial:
    return Trial(0, {"x": 1}, TrialState.FINISHED, value, others)


@pytest.mark.parametrize("state", ["finished", "failed", "crashed", "killed", "preempted"])
def test_of_an_ended_trial_nothing_more_comes(state: str) -> None:
    assert TrialState.of(state).ended


@pytest.mark.parametrize("state", ["pending", "running", "preempting"])
def test_a_trial_that_waits_runs_or_is_being_preempted_has_not_ended(state: str) -> None:
    assert not TrialState.of(state).ended


def test_a_state_that_no_run_has_is_refused() -> None:
    with pytest.raises(ValueError, match="paused"):
        TrialState.of("paused")


def test_a_loss_is_small_where_the_value_is_good() -> None:
    assert _trial(0.4).loss(Goal.MINIMIZE) == 0.4
    assert _trial(0.4).loss(Goal.MAXIMIZE) == -0.4


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_no_loss(value: float | None) -> None:
    assert _trial(value).loss(Goal.MINIMIZE) is None
    assert _trial(1.0, value).losses([Goal.MINIMIZE, Goal.MINIMIZE]) is None


def test_several_objectives_are_losses_each_with_its_own_goal_and_all_or_none() -> None:
    goals = [Goal.MINIMIZE, Goal.MAXIMIZE]
    assert _trial(0.4, 0.9).losses(goals) == (0.4, -0.9)
    assert _trial(0.4).losses(goals) is None
