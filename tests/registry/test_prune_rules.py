"""Which trials' models may go."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput, Refused
from housing_sweep.registry.prune_rules import StoredModel, standing, verdict
from housing_sweep.search.score import Goal, Score
from tests.support.fakes import candidate

MODEL = StoredModel("a/b/model-x:v0", "id", "x", 10, ("latest", "v0"))
SCORES = st.one_of(st.floats(), st.sampled_from([None, "NaN", "0.5", True, 10**400, {"min": 1.0}]))
STATES = st.sampled_from(["finished", "failed", "crashed", "killed", "running", "preempted"])


@given(
    st.lists(st.tuples(SCORES, STATES), max_size=12),
    st.integers(0, 15),
    st.sampled_from(list(Goal)),
)
def test_every_trial_has_one_place_and_only_the_worse_lose(
    drawn: list[tuple[object, str]], keep: int, goal: Goal
) -> None:
    score = Score("val_rmse", goal)
    trials = [candidate(f"r{n:02}", value, state) for n, (value, state) in enumerate(drawn)]
    try:
        found = standing(trials, score, keep)
    except (BadInput, Refused):
        scored = [t for t in trials if t.finished and score.read(t.summary) is not None]
        assert scored == []
        return
    unscored = [trial for trial, _ in found.unscored]
    everyone = [*found.best, *found.losers, *unscored, *found.busy]
    assert sorted(t.id for t in everyone) == sorted(t.id for t in trials)
    values = [score.read(t.summary) for t in (*found.best, *found.losers)]
    losses = [score.loss(value) for value in values if value is not None]
    assert len(losses) == len(values)
    assert losses == sorted(losses)
    assert len(found.best) == min(keep, len(losses))
    assert all(why for _, why in found.unscored)


def test_a_name_that_no_trial_has_ranks_nothing_and_names_those_that_they_have() -> None:
    trials = [candidate("a", 0.1), candidate("b", 0.2)]
    with pytest.raises(BadInput, match="no finished trial has a finite val_rsme") as error:
        standing(trials, Score("val_rsme", Goal.MINIMIZE), 1)
    assert "did you mean val_rmse?" in error.value.fix


def test_where_nothing_has_finished_nothing_is_ranked() -> None:
    with pytest.raises(Refused, match="no trial of the sweep has finished"):
        standing([candidate("a", 0.1, "running")], Score("val_rmse", Goal.MINIMIZE), 1)


def test_only_a_model_that_nobody_needs_goes() -> None:
    def why(**change: tuple[str, ...]) -> str:
        return verdict(replace(MODEL, **change)).why_kept  # type: ignore[arg-type]

    assert why() == ""
    assert "linked to r/c:v1" in why(linked_to=("r/c:v1",))
    assert "used by a/b/y" in why(used_by=("a/b/y",))
    assert "alias best" in why(aliases=("latest", "best"))


def test_a_trial_without_a_score_is_a_reason_to_stay() -> None:
    kept = verdict(MODEL, "no val_rmse in its summary")
    assert kept.why_kept == "unscored: no val_rmse in its summary"


def test_a_negative_number_to_keep_is_refused() -> None:
    with pytest.raises(BadInput, match="--keep -1"):
        standing([], Score("val_rmse", Goal.MINIMIZE), -1)
