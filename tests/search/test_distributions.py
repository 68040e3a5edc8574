"""Parameter kinds: between the unit interval and values."""

import math

import numpy as np
import pytest

from housing_sweep.search.distributions import Categorical, Numeric


def test_probabilities_are_honest() -> None:
    kind = Categorical(("x", "y", "z"), (0.5, 0.5, 0.0))
    values = kind.ppf(np.linspace(0, 1, 1001))
    assert values.count("z") == 0
    assert abs(values.count("x") - values.count("y")) <= 1


def test_end_steps_of_a_quantised_range_get_their_fair_share() -> None:
    values = Numeric("uniform", 0, 4, q=1, integer=True).ppf((np.arange(1000) + 0.5) / 1000)
    assert [values.count(v) for v in range(5)] == [200] * 5


def test_a_value_is_told_from_another_that_only_equals_it() -> None:
    kind = Categorical((1, True, 1.0), (0.2, 0.3, 0.5))
    assert kind.index(kind.cdf([1.0, True, 1])).tolist() == [2, 1, 0]
    assert [type(value) for value in kind.ppf(kind.cdf([1.0, True, 1]))] == [float, bool, int]


def test_a_value_that_is_none_of_the_list_is_refused() -> None:
    with pytest.raises(ValueError, match="tuple"):
        Categorical(("a", "b"), (0.5, 0.5)).cdf(["c"])


@pytest.mark.parametrize("shape", ["normal", "log_normal", "beta"])
def test_the_ends_of_the_unit_interval_are_finite_numbers_too(shape: str) -> None:
    values = Numeric(shape, 2.0, 3.0).ppf(np.array([0.0, 1.0]))
    assert all(isinstance(value, float) and math.isfinite(value) for value in values)


def test_steps_are_spelt_without_the_dust_of_binary_fractions() -> None:
    assert Numeric("uniform", 0.0, 0.4, q=0.1).ppf(np.array([0.7])) == [0.3]
    whole = Numeric("uniform", 0, 9, q=3, integer=True).step_value(2)
    assert (whole, type(whole)) == (6, int)


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (Numeric("uniform", 0.05, 0.95, q=0.1), 9),
        (Numeric("log", math.log(12), math.log(128), q=1), 117),  # a bound is 12.000000000000002
        (Numeric("uniform", 0, 1), None),
        (Numeric("normal", 0, 1, q=1), None),
    ],
)
def test_a_size_counts_the_steps_within_the_bounds_and_no_continuum(
    kind: Numeric, size: int | None
) -> None:
    assert kind.size == size
