"""Rows that two parts share: exactly, in their inputs, or nearly."""

from typing import Literal

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.tabular.copies import copies, without_copies
from tests.support.examples import examples
from tests.tabular.flats import FLATS, flats

PRICE = FLATS.target.name
How = Literal["new", "same", "other price", "near"]


@examples(20)
@given(st.lists(st.sampled_from(["new", "same", "other price", "near"]), min_size=1, max_size=60))
def test_each_row_is_a_copy_of_the_kind_it_was_copied_by(kinds: list[How]) -> None:
    among, rows = flats(400), len(kinds)
    drawn = among.iloc[np.random.default_rng(rows).permutation(400)[:rows]].reset_index(drop=True)
    which = np.array(kinds)
    other = flats(rows, seed=rows) + 10_000.5  # nothing of it is in the table
    frame = drawn.where(pd.Series(which != "new"), other)
    frame.loc[which == "other price", PRICE] += 1
    frame.loc[which == "near", "area"] *= 1 + 1e-9
    both = copies(FLATS, frame, among)
    assert both.rows.tolist() == [kind == "same" for kind in kinds]
    assert both.inputs.tolist() == [kind in ("same", "other price") for kind in kinds]
    assert both.near.tolist() == [kind != "new" for kind in kinds]
    prices = drawn[PRICE].to_numpy()
    assert np.array_equal(both.targets[both.near], prices[both.near])
    assert np.isnan(both.targets[~both.near]).all()


def test_a_zero_with_a_sign_is_the_same_number() -> None:
    one = flats(200).assign(lon=0.0)
    assert copies(FLATS, one.assign(lon=-0.0), one).rows.all()


def test_several_copies_tell_the_mean_of_their_targets() -> None:
    one = flats(200)
    twice = pd.concat([one, one.assign(**{PRICE: one[PRICE] + 100})])
    assert np.allclose(copies(FLATS, one, twice).targets, one[PRICE] + 50)


def test_rows_that_lie_close_by_chance_are_not_near() -> None:
    table = flats(20_000)  # dense: three columns with many values
    both = copies(FLATS, table[:5_000], table[5_000:])
    assert not both.inputs.any()
    assert both.near.mean() < 0.005


def test_a_table_of_few_values_has_no_near_rows() -> None:
    counted = flats(300).round(-2)
    both = copies(FLATS, counted[:100], counted[100:])
    assert both.tolerance == 0
    assert both.near.tolist() == both.inputs.tolist()


def test_what_is_left_without_copies_was_never_seen() -> None:
    table = pd.concat([flats(150), flats(150)[:40], flats(60, seed=8)], ignore_index=True)
    seen, rows = np.arange(150), np.arange(150, 250)
    assert without_copies(FLATS, table, rows, seen).tolist() == list(range(190, 250))
    table.loc[150:189, "area"] *= 1 + 1e-9
    assert without_copies(FLATS, table, rows, seen).tolist() == rows.tolist()
    assert without_copies(FLATS, table, rows, seen, near=True).tolist() == list(range(190, 250))
