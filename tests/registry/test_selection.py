"""Which run wins, whoever asks and in whatever order equal scores arrive."""

import math

from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.registry.selection import Candidate, Model, order_key, select, winner
from housing_sweep.search.score import Goal, Score
from tests.support.fakes import candidate

SCORES = st.one_of(
    st.integers(0, 3), st.sampled_from([None, math.nan, math.inf, -math.inf, "NaN", True])
)
LOW = Score("val_rmse", Goal.MINIMIZE)
RUNS = st.lists(st.tuples(SCORES, st.integers(0, 2), st.booleans()), max_size=12)


def _model(run: Candidate) -> Model:
    return Model(run.id, run.id, "")


@given(RUNS, st.sampled_from(Goal), st.randoms())
def test_the_winner_is_the_best_sound_run_and_ties_do_not_depend_on_arrival(
    drawn: list[tuple[object, int, bool]], goal: Goal, random: st.DataObject
) -> None:
    score = Score("val_rmse", goal)
    runs = [candidate(f"r{n}", value, at=str(at)) for n, (value, at, _) in enumerate(drawn)]
    has_model = {run.id for run, (_, _, has) in zip(runs, drawn, strict=True) if has}
    random.shuffle(runs)  # type: ignore[attr-defined]
    arriving = sorted(runs, key=lambda run: order_key(run, score)[0])
    found = winner(
        select(arriving, score, lambda run: _model(run) if run.id in has_model else "none")
    )
    sound = [run for run in runs if run.id in has_model and order_key(run, score)[0] < math.inf]
    best = min(sound, key=lambda run: order_key(run, score), default=None)
    assert (found.candidate if found else None) == best


def test_no_model_is_examined_behind_the_winner() -> None:
    asked: list[str] = []

    def examine(run: Candidate) -> Model | str:
        asked.append(run.id)
        return _model(run) if run.id != "a" else "it is broken"

    ranked = select([candidate(c, n) for n, c in enumerate("abcd")], LOW, examine)
    assert asked == ["a", "b"]
    assert [row.why_not for row in ranked] == ["it is broken", "", "", ""]
