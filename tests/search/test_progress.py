"""Best so far, pace and time left."""

from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.search.progress import (
    BARS,
    best_so_far,
    per_minute,
    seconds_left,
    sparkline,
)

SCORES = st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=30)


def test_best_so_far_passes_over_trials_without_a_score() -> None:
    assert best_so_far([None, 3.0, float("nan"), 1.0, 2.0]) == [3.0, 3.0, 1.0, 1.0]
    assert best_so_far([1.0, 3.0, None], maximize=True) == [1.0, 3.0, 3.0]
    assert best_so_far([None]) == []


@given(SCORES, st.booleans())
def test_the_best_never_gets_worse(scores: list[float | None], maximize: bool) -> None:
    best = best_so_far(scores, maximize=maximize)
    assert best == sorted(best, reverse=not maximize)
    assert len(best) <= len(scores)


@given(st.lists(st.floats(-1e6, 1e6), max_size=200), st.integers(2, 50))
def test_a_sparkline_keeps_its_width_and_its_ends(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set(BARS)
    if len(set(values)) > 1 and len(values) <= width:
        assert line[values.index(min(values))] == BARS[0]
        assert line[values.index(max(values))] == BARS[-1]


def test_pace_counts_the_last_minutes_only() -> None:
    now = 10_000.0
    assert per_minute([now - 60, now - 30, now - 1], now) == 3.0
    assert per_minute([now - 5000, now - 1], now) == 0.0
    assert per_minute([], now) == 0.0


def test_time_left_is_known_only_of_a_sweep_that_moves_and_ends() -> None:
    assert seconds_left(10, 4, 3.0) == 120.0
    assert seconds_left(10, 12, 3.0) == 0.0
    assert seconds_left(None, 4, 3.0) is None
    assert seconds_left(10, 4, 0.0) is None
