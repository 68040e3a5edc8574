"""Hyperband's rule on histories alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import SpecError
from housing_sweep.search.hyperband import Bands


@pytest.mark.parametrize(
    ("given_", "iterations", "bands"),
    [
        ({"min_iter": 3}, 30, (3, 9, 27)),
        ({"min_iter": 3}, 2, ()),
        ({"min_iter": 2, "eta": 2}, 17, (2, 4, 8, 16)),
        ({"max_iter": 27, "s": 2}, 99, (3, 9)),
        ({"max_iter": 27, "s": 9, "eta": 3}, 99, (1, 3, 9)),
        ({"max_iter": 27, "s": 2}, 5, (3,)),
        ({"min_iter": 1, "eta": 1.2}, 4, (1, 2, 3)),
    ],
)
def test_bands_follow_the_reference(
    given_: dict[str, object], iterations: int, bands: tuple[int, ...]
) -> None:
    rule = Bands.of({"type": "hyperband", **given_})
    assert rule is not None
    assert rule.reached(iterations) == bands


def test_no_early_terminate_means_no_bands() -> None:
    assert Bands.of(None) is None
    assert Bands.of({"type": "custom"}) is None


def test_every_problem_is_named() -> None:
    with pytest.raises(SpecError, match=r"type.*eta.*max_iter.*\.s:"):
        Bands.of({"type": "median", "eta": 1, "max_iter": -1, "s": "two"})
    with pytest.raises(SpecError, match="min_iter"):
        Bands.of({"type": "hyperband"})


def test_the_best_third_goes_on() -> None:
    rule = Bands(first=2, eta=3.0)
    assert [rule.goes_on(better, 6) for better in range(6)] == [True] * 2 + [False] * 4


@given(st.integers(1, 1000), st.floats(1.01, 10))
def test_the_best_of_all_goes_on_and_whoever_is_worse_than_a_stopped_one_stops(
    reached: int, eta: float
) -> None:
    rule = Bands(eta=eta)
    fates = [rule.goes_on(better, reached) for better in range(reached)]
    assert fates[0]
    assert fates == sorted(fates, reverse=True)
    assert sum(fates) >= reached / eta
