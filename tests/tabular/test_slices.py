"""Figures of parts of a table."""

from dataclasses import replace

import numpy as np
import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM, TARGET
from housing_sweep.tabular.slices import slices

FRAME = synthetic.make(1500)
TRUTH = FRAME[TARGET].to_numpy(dtype=float)


def test_each_way_to_part_the_rows_accounts_for_every_row_once() -> None:
    parted = slices(PROBLEM, FRAME, TRUTH + 0.5)
    assert list(parted) == ["region", "decile"]
    for parts in parted.values():
        assert sum(int(str(part["rows"])) for part in parts) == len(FRAME)
        assert all(part["rmse"] == pytest.approx(0.5) for part in parts)
        assert all(part["bias"] == pytest.approx(0.5) for part in parts)
    assert {"los_angeles", "san_francisco"} <= {part["name"] for part in parted["region"]}


def test_any_table_has_tenths_of_its_target_lowest_first() -> None:
    euros = FRAME.assign(**{TARGET: TRUTH * 100_000})
    parted = slices(replace(PROBLEM, name="flats"), euros, TRUTH * 100_000)
    assert list(parted) == ["decile"]
    names = [str(part["name"]) for part in parted["decile"]]
    assert names[0].startswith("1: ")
    assert names[-1] == f"10: {np.sort(TRUTH)[-150] * 100_000:.0f} to {TRUTH.max() * 100_000:.0f}"
