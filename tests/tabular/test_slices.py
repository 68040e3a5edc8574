"""Figures of parts of a table."""

from dataclasses import replace

import numpy as np
import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM, TARGET
from housing_sweep.tabular.arrays import Floats, Rows
from housing_sweep.tabular.slices import differences, slices
from housing_sweep.tabular.split import units

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


ROWS = np.arange(len(FRAME))
NOISE = np.random.default_rng(0).normal(0, 0.3, len(TRUTH))


def _worse(one: Floats, other: Floats, units: Rows = ROWS) -> set[tuple[str, str]]:
    parts = differences(PROBLEM, FRAME, one, other, units)
    return {(part.kind, part.name) for part in parts if part.worse}


def test_a_slice_where_one_model_is_clearly_worse_is_named_and_no_other() -> None:
    bad = np.where(np.quantile(TRUTH, 0.9) < TRUTH, 1.6, 0.9) * NOISE
    worse = _worse(TRUTH + bad, TRUTH + NOISE)
    assert {name for kind, name in worse if kind == "decile"} == {
        str(slices(PROBLEM, FRAME, TRUTH)["decile"][-1]["name"])
    }
    assert _worse(TRUTH + 0.9 * NOISE, TRUTH + NOISE) == set()


def test_equal_models_are_rarely_called_worse_anywhere() -> None:
    false = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        false += bool(_worse(TRUTH + rng.normal(0, 0.3, len(TRUTH)), TRUTH + NOISE))
    assert false <= 3  # 2.5 % are expected, the corrected interval being above zero


def test_a_difference_within_the_margin_or_on_few_rows_is_told_and_never_called_worse() -> None:
    slightly = NOISE + np.copysign(PROBLEM.margin / 2, NOISE)
    assert all(part.low > 0 for part in differences(PROBLEM, FRAME, TRUTH + slightly, TRUTH, ROWS))
    assert _worse(TRUTH + slightly, TRUTH + NOISE) == set()
    parts = differences(PROBLEM, FRAME[:250], (TRUTH + 0.5)[:250], (TRUTH + 0.1)[:250], ROWS[:250])
    few = [part for part in parts if part.rows < 30]
    assert [part.worse for part in few] == [False] * len(few)
    assert all(part.low > 0.3 for part in few)
    assert {part.rows for part in few if part.kind == "decile"} == {25}


def test_rows_of_one_place_count_as_little_as_their_places() -> None:
    cells = units(PROBLEM, FRAME, "spatial")
    shift = np.random.default_rng(1).normal(0, 0.3, cells.max() + 1)[cells]
    by_row = differences(PROBLEM, FRAME, TRUTH + shift, TRUTH + NOISE, ROWS)
    by_cell = differences(PROBLEM, FRAME, TRUTH + shift, TRUTH + NOISE, cells)
    narrow, wide = (
        [part.high - part.low for part in parts if part.kind == "decile"]
        for parts in (by_row, by_cell)
    )
    assert len(wide) == 10
    assert sum(wide) > 1.3 * sum(narrow), (wide, narrow)
