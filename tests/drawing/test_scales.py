import math

from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.drawing.scales import Axis, Linear

finite = st.floats(-1e12, 1e12)


@given(st.lists(finite, min_size=1, max_size=30), st.booleans())
def test_every_value_and_tick_lies_on_the_axis(values: list[float], log: bool) -> None:
    axis = Linear.over(values, 400.0, 20.0, log=log)
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
