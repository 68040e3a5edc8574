import pytest

from housing_sweep.search import grid
from housing_sweep.search.spec import parse_spec


def test_every_point_comes_exactly_once_and_then_it_ends() -> None:
    spec = parse_spec(
        {
            "method": "grid",
            "parameters": {
                "a": {"values": ["x", "y"]},
                "b": {"min": 1, "max": 3},
                "c": {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.5},
                "d": {"value": 7},
            },
        }
    )
    points = [grid.point(spec, n) for n in range(grid.size(spec))]
    assert grid.size(spec) == 18
    assert len({repr(p) for p in points}) == 18
    assert points[0] == {"a": "x", "b": 1, "c": 0.0, "d": 7}
    assert points[-1] == {"a": "y", "b": 3, "c": 1.0, "d": 7}
    with pytest.raises(IndexError, match="the grid has 18 points"):
        grid.point(spec, 18)


def test_repeated_values_are_points_of_their_own() -> None:
    spec = parse_spec({"method": "grid", "parameters": {"s": {"values": [1, 1, 2]}}})
    assert [grid.point(spec, n)["s"] for n in range(3)] == [1, 1, 2]


def test_points_cost_nothing_until_asked_for() -> None:
    values = list(range(10))
    spec = parse_spec(
        {"method": "grid", "parameters": {f"p{i:02}": {"values": values} for i in range(21)}}
    )
    assert grid.size(spec) == 10**21  # nobody could count them
    digits = [*range(10), *range(10), 7]
    number = int("".join(map(str, digits)))
    assert list(grid.point(spec, number).values()) == digits
