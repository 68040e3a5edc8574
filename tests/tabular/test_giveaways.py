"""One column, or a few together, that are the target in disguise."""

from collections.abc import Callable

import numpy as np
import pytest

from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.giveaways import Giveaway, Sample, combination, giveaways
from tests.tabular.flats import FLATS, flats

PRICE = FLATS.target.name
TABLE = flats(3000)
TARGET: Floats = TABLE[PRICE].to_numpy()
RNG = np.random.default_rng(3)
NOISE: Floats = RNG.normal(size=len(TABLE))
CODES: Floats = RNG.permutation(len(TABLE)).astype(float)
"""A number for each hundred of euros, in no order."""


def _sample(**columns: Floats) -> Sample:
    table = TABLE.assign(**columns)
    rows = np.random.default_rng(0).permutation(len(table))
    sample = Sample.draw(FLATS, table, rows[1000:], rows[:1000], seed=1)
    assert sample is not None
    return sample


def _best(name: str, column: Floats) -> Giveaway:
    return next(one for one in giveaways(_sample(**{name: column})) if one.column == name)


DISGUISES: dict[str, Callable[[Floats], Floats]] = {
    "falling": lambda price: -price,
    "rounded": lambda price: (price / 50_000).round(),
    "with noise below the margin": lambda price: price + 300 * NOISE,
    "exponential": lambda price: np.exp(price / 1e5),
    "folded": lambda price: np.abs(price - 300_000),
    "periodic": lambda price: np.sin(price / 5e4),
    "behind the point": lambda price: TABLE["rooms"].to_numpy() + price / 1e6,
    "in the last digits": lambda price: 1e6 * (NOISE * 100).round() + price,
    "far behind the point": lambda price: TABLE["area"].to_numpy() + price / 1e9,
    "in one row of five": lambda price: np.where(np.arange(len(price)) % 5 == 0, price, -1e6),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_column_that_is_the_target_in_disguise_is_seen(disguise: str) -> None:
    one = _best("lon", DISGUISES[disguise](TARGET))
    assert one.explained > 0.98 or one.exact > 0.05, one


def test_a_code_that_must_be_looked_up_is_seen_where_prices_repeat() -> None:
    hundreds = (TARGET / 5_000).round()
    table = TABLE.assign(**{PRICE: hundreds * 5_000, "lon": CODES[hundreds.astype(int)]})
    rows = np.arange(len(table))
    sample = Sample.draw(FLATS, table, rows[1000:], rows[:1000], seed=1)
    assert sample is not None
    (one,) = (one for one in giveaways(sample) if one.column == "lon")
    assert one.exact > 0.9


def test_digits_are_told_apart_from_the_number_they_hide_in() -> None:
    assert _best("lon", TABLE["rooms"].to_numpy() + TARGET / 1e6).digits == 0
    assert _best("lon", TARGET).digits is None


def test_an_honest_column_gives_nothing_away() -> None:
    for one in giveaways(_sample()):
        assert one.explained < 0.95
        assert one.exact < 0.03
    assert combination(_sample(), 0.999) is None


def test_a_constant_column_is_passed_over() -> None:
    names = [one.column for one in giveaways(_sample(lon=np.ones(len(TABLE))))]
    assert names == ["area", "rooms", "lat"]


@pytest.mark.parametrize("product", [False, True])
def test_columns_that_are_the_target_only_together_are_named(product: bool) -> None:
    mask = np.exp(3 * NOISE) if product else 1e6 * NOISE
    hidden = TARGET * mask if product else TARGET - mask
    together = combination(_sample(rooms=hidden, lon=mask), 0.999)
    assert together is not None
    assert (together.columns, together.product) == (("rooms", "lon"), product)
    assert together.explained > 0.9999


def test_too_few_rows_and_one_target_say_nothing() -> None:
    rows = np.arange(60)
    assert Sample.draw(FLATS, TABLE, rows[:30], rows[30:], seed=1) is None
    same = TABLE.assign(**{PRICE: 7.0})
    assert Sample.draw(FLATS, same, np.arange(100), np.arange(100, 200), seed=1) is None
