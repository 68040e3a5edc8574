from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import DataError, SpecError
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.split import CELL_DEGREES, make_split
from tests.support.examples import examples

FRAME = synthetic.make(3000)


@given(st.sampled_from(["random", "spatial"]), st.integers(0, 2**31))
@examples(25)
def test_the_parts_cover_every_row_once(kind: str, seed: int) -> None:
    split = make_split(PROBLEM, FRAME, kind, seed)
    rows = np.concatenate([split.train, split.validation, split.test])
    assert sorted(rows.tolist()) == list(range(len(FRAME)))
    assert make_split(PROBLEM, FRAME, kind, seed).fingerprint == split.fingerprint


def test_random_parts_have_the_promised_shares() -> None:
    split = make_split(PROBLEM, FRAME, "random", 0)
    assert (len(split.train), len(split.validation), len(split.test)) == (1920, 480, 600)


def test_no_cell_is_in_two_parts_of_a_spatial_split() -> None:
    split = make_split(PROBLEM, FRAME, "spatial", 3)

    def cells(rows: np.ndarray) -> set[tuple[float, float]]:
        part: pd.DataFrame = FRAME.iloc[rows]
        keys = zip(part["Latitude"] // CELL_DEGREES, part["Longitude"] // CELL_DEGREES, strict=True)
        return set(keys)

    assert not cells(split.train) & cells(split.validation)
    assert not cells(split.train) & cells(split.test)
    assert not cells(split.validation) & cells(split.test)


def test_seeds_and_kinds_give_different_splits() -> None:
    prints = {
        make_split(PROBLEM, FRAME, k, s).fingerprint for k in ("random", "spatial") for s in (0, 1)
    }
    assert len(prints) == 4


def test_a_table_without_places_has_no_spatial_split() -> None:
    flat = replace(PROBLEM, place=None)
    assert (flat.splits, flat.hard_split) == (("random",), None)
    with pytest.raises(SpecError, match="'spatial' is unknown"):
        make_split(flat, FRAME, "spatial", 0)


def test_bad_requests_are_named() -> None:
    with pytest.raises(SpecError, match="'temporal' is unknown"):
        make_split(PROBLEM, FRAME, "temporal", 0)
    with pytest.raises(DataError, match="too few"):
        make_split(PROBLEM, FRAME.iloc[:3], "random", 0)
