"""Errors of predictions, and of the differences between them."""

import numpy as np
import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM, TARGET
from housing_sweep.tabular import evaluation
from housing_sweep.tabular.evaluation import (
    difference,
    difference_error,
    figures,
    untouched,
)
from housing_sweep.tabular.metrics import paired_difference, rmse
from housing_sweep.tabular.split import make_split

FRAME = synthetic.make(1500)
TRUTH = FRAME[TARGET].to_numpy(dtype=float)
RNG = np.random.default_rng(0)
NOISE = RNG.normal(0, 0.3, len(TRUTH))


def test_an_interval_holds_its_estimate_and_turns_its_sign_with_the_models() -> None:
    one, other = TRUTH + NOISE, TRUTH + 1.1 * NOISE
    found = difference("rmse", TRUTH, one, other)
    assert found.low < found.estimate < found.high < 0
    assert found.estimate == rmse(TRUTH, one) - rmse(TRUTH, other)
    back = difference("rmse", TRUTH, other, one)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))
    assert difference("rmse", TRUTH, one, other) == found
    assert difference("rmse", TRUTH, one, one) == type(found)(0.0, 0.0, 0.0)


def test_units_of_one_row_give_the_bits_of_rows() -> None:
    one, other = TRUTH + NOISE, TRUTH + 1.1 * NOISE
    for metric in ("rmse", "mae"):
        by_row = difference(metric, TRUTH, one, other)
        assert difference(metric, TRUTH, one, other, units=np.arange(len(TRUTH))) == by_row


def test_an_interval_covers_the_true_difference_where_rows_of_a_place_err_together() -> None:
    covered = by_rows = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        units = np.repeat(np.arange(40), rng.integers(3, 20, 40))
        truth = np.zeros(len(units))
        one, other = (rng.normal(0, 1.0, 40)[units] + rng.normal(0, 0.3, len(units)) for _ in "12")
        drawn = difference("rmse", truth, one, other, seed, units)
        covered += drawn.low <= 0 <= drawn.high
        estimate, error = paired_difference("rmse", truth, one, other, np.arange(len(truth)))
        by_rows += abs(estimate) < 1.96 * error
    assert covered >= 51
    assert by_rows < 40


@pytest.mark.slow
def test_an_interval_covers_the_true_difference_about_as_often_as_it_says() -> None:
    covered, rounds = 0, 100
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        truth = np.zeros(300)
        one, other = rng.normal(0, 1.0, 300), rng.normal(0, 1.0, 300)
        found = difference("rmse", truth, one, other, seed)
        covered += found.low <= 0 <= found.high
    assert 88 <= covered <= 99


def test_the_error_of_a_difference_is_far_below_that_of_a_score_when_errors_are_shared() -> None:
    small = RNG.normal(0, 0.03, len(TRUTH))
    paired = difference_error("rmse", TRUTH, TRUTH + NOISE + small, TRUTH + NOISE)
    alone = difference_error("rmse", TRUTH, TRUTH + NOISE, TRUTH)
    assert 0 < paired < alone / 3


def test_an_interval_does_not_depend_on_how_many_resamples_are_drawn_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = TRUTH + NOISE, TRUTH + 1.1 * NOISE
    whole = difference("rmse", TRUTH, one, other)
    for at_once in (1, 8 * 3 * len(TRUTH) * 7, 8 * 3 * len(TRUTH) * 250):
        monkeypatch.setattr(evaluation, "BYTES_AT_ONCE", at_once)
        assert difference("rmse", TRUTH, one, other) == whole


def test_a_difference_of_absolute_errors_is_the_mean_of_differences() -> None:
    one, other = TRUTH + NOISE, TRUTH + 1.1 * NOISE
    found = difference("mae", TRUTH, one, other)
    assert found.estimate == pytest.approx(-0.1 * np.abs(NOISE).mean())
    assert found.low < found.estimate < found.high < 0


def test_figures_are_those_of_the_errors() -> None:
    found = figures(PROBLEM, FRAME, TRUTH + 0.5)
    assert (found["rows"], found["rmse"], found["mae"]) == (
        1500,
        pytest.approx(0.5),
        pytest.approx(0.5),
    )


def test_rows_the_other_model_has_seen_do_not_count() -> None:
    mine, theirs = make_split(PROBLEM, FRAME, "random", 0), make_split(PROBLEM, FRAME, "random", 1)
    assert untouched(PROBLEM, FRAME, mine, FRAME, mine).tolist() == mine.test.tolist()
    both = np.intersect1d(mine.test, theirs.test)
    assert untouched(PROBLEM, FRAME, mine, FRAME, theirs).tolist() == both.tolist()
    shuffled = FRAME.iloc[::-1].reset_index(drop=True)
    other = make_split(PROBLEM, shuffled, "random", 1)
    seen = set(len(FRAME) - 1 - np.concatenate([other.train, other.validation]))
    new = [row for row in mine.test if row not in seen]
    assert untouched(PROBLEM, FRAME, mine, shuffled, other).tolist() == new
    jittered = shuffled.assign(**{TARGET: shuffled[TARGET] + 1e-9})
    assert untouched(PROBLEM, FRAME, mine, jittered, other).tolist() == new
