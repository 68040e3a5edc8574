"""Errors of predictions, and of the differences between them."""

import numpy as np
import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.evaluation import (
    difference_error,
    figures,
    regions,
    rmse_difference,
    untouched,
)
from housing_sweep.housing.metrics import rmse
from housing_sweep.housing.schema import TARGET
from housing_sweep.housing.split import make_split

FRAME = synthetic.make(1500)
TRUTH = FRAME[TARGET].to_numpy(dtype=float)
RNG = np.random.default_rng(0)
NOISE = RNG.normal(0, 0.3, len(TRUTH))


def test_an_interval_holds_its_estimate_and_turns_its_sign_with_the_models() -> None:
    one, other = TRUTH + NOISE, TRUTH + 1.1 * NOISE
    found = rmse_difference(TRUTH, one, other)
    assert found.low < found.estimate < found.high < 0
    assert found.estimate == rmse(TRUTH, one) - rmse(TRUTH, other)
    back = rmse_difference(TRUTH, other, one)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))
    assert rmse_difference(TRUTH, one, other) == found
    assert rmse_difference(TRUTH, one, one) == type(found)(0.0, 0.0, 0.0)


def test_an_interval_covers_the_true_difference_about_as_often_as_it_says() -> None:
    covered, rounds = 0, 100
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        truth = np.zeros(300)
        one, other = rng.normal(0, 1.0, 300), rng.normal(0, 1.0, 300)
        found = rmse_difference(truth, one, other, seed)
        covered += found.low <= 0 <= found.high
    assert 88 <= covered <= 99


def test_the_error_of_a_difference_is_far_below_that_of_a_score_when_errors_are_shared() -> None:
    small = RNG.normal(0, 0.03, len(TRUTH))
    paired = difference_error(TRUTH, TRUTH + NOISE + small, TRUTH + NOISE)
    alone = difference_error(TRUTH, TRUTH + NOISE, TRUTH)
    assert 0 < paired < alone / 3


def test_regions_and_deciles_account_for_every_row_once() -> None:
    found = figures(FRAME, TRUTH + 0.5)
    for kind in ("by_region", "by_decile"):
        groups = found[kind]
        assert isinstance(groups, list)
        assert sum(group["rows"] for group in groups) == len(FRAME)
        assert all(group["rmse"] == pytest.approx(0.5) for group in groups)
        assert all(group["bias"] == pytest.approx(0.5) for group in groups)
    assert found["rmse"] == pytest.approx(0.5)
    assert set(regions(FRAME)) >= {"los_angeles", "san_francisco"}


def test_rows_the_other_model_has_seen_do_not_count() -> None:
    mine, theirs = make_split(FRAME, "random", 0), make_split(FRAME, "random", 1)
    assert untouched(FRAME, mine, FRAME, mine).tolist() == mine.test.tolist()
    both = np.intersect1d(mine.test, theirs.test)
    assert untouched(FRAME, mine, FRAME, theirs).tolist() == both.tolist()
    shuffled = FRAME.iloc[::-1].reset_index(drop=True)
    other = make_split(shuffled, "random", 1)
    seen = set(len(FRAME) - 1 - np.concatenate([other.train, other.validation]))
    kept = untouched(FRAME, mine, shuffled, other)
    assert kept.tolist() == [row for row in mine.test if row not in seen]
