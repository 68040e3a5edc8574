import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from housing_sweep.drawing.scales import FARTHEST, LARGEST, Axis, Linear, share

finite = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e12, 1e12),
    st.sampled_from([LARGEST, -LARGEST, 5e-324, -5e-324, 1e-300, 0.0]),
)


@given(st.lists(finite, min_size=1, max_size=30), st.booleans(), st.sampled_from([0.0, 0.06]))
@example([1.634e308, -1.634e308], False, 0.06)
@example([LARGEST], False, 0.06)
@example([LARGEST], True, 0.0)
@example([LARGEST, 5e-324], True, 0.0)
@example([5e-324], True, 0.0)
@example([0.0, 5e-324], False, 0.06)
@example([1e308, math.nextafter(1e308, 0)], False, 0.0)
@example([1.0, math.nextafter(1.0, 2)], False, 0.06)
@example([1e-320, 2e-320], True, 0.0)
def test_every_value_and_tick_lies_on_the_axis(values: list[float], log: bool, room: float) -> None:
    axis = Linear.over(values, 400.0, 20.0, log=log, room=room)
    for value in values:
        assert 20 - 1e-6 <= axis.at(value) <= 400 + 1e-6
    for value, label in axis.ticks():
        assert 20 - 1e-3 <= axis.at(value) <= 400 + 1e-3
        assert label
    assert len(axis.ticks(6)) <= 7


@given(finite, finite)
def test_larger_values_lie_further_along(a: float, b: float) -> None:
    axis = Linear.over([a, b], 0.0, 100.0)
    low, high = min(a, b), max(a, b)
    assert axis.at(low) <= axis.at(high)


@pytest.mark.parametrize("value", [0.0, -3.0, 1e300, LARGEST, -LARGEST])
def test_a_constant_lies_in_the_middle_however_large(value: float) -> None:
    assert Linear.over([value], 0.0, 100.0).at(value) == pytest.approx(50.0)


@given(finite, finite, finite)
def test_a_value_beyond_the_axis_stays_a_place(value: float, a: float, b: float) -> None:
    assert -FARTHEST <= share(value, min(a, b), max(a, b)) <= FARTHEST


def test_a_very_wide_axis_has_round_ticks() -> None:
    labels = [label for _, label in Linear.over([-LARGEST, LARGEST], 0, 1).ticks()]
    assert labels == ["-1e+308", "0", "1e+308"]
    assert [label for _, label in Linear.over([0, 3e15], 0, 1).ticks()] == [
        *("0", "1e+15", "2e+15", "3e+15"),
    ]


def test_ticks_are_round_and_told_with_enough_digits() -> None:
    assert [w for _, w in Linear.over([0.372, 0.383], 0, 1).ticks()] == [
        "0.3725",
        "0.3750",
        "0.3775",
        "0.3800",
        "0.3825",
    ]
    assert [w for _, w in Linear.over([0, 24], 0, 1).ticks()] == ["0", "5", "10", "15", "20"]
    assert [w for _, w in Linear.over([0.001, 50], 0, 1, log=True).ticks()] == [
        *("0.001", "0.01", "0.1", "1", "10"),
    ]


def test_a_wide_positive_parameter_gets_a_logarithmic_axis() -> None:
    axis = Axis.of([0.001, 0.1, 10.0], 100.0, 0.0)
    assert math.isclose(axis.at(0.1), 50.0)


def test_words_and_mixed_values_get_an_axis_of_words() -> None:
    axis = Axis.of(["raw", "geo", None], 0.0, 90.0)
    assert [label for _, label in axis.ticks()] == ["geo", "raw", "–"]
    assert axis.at("geo") == 15.0
    assert axis.at(None) == 75.0
    assert Axis.of([True, False], 0.0, 10.0).at(True) == 7.5
