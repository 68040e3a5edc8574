"""How good predictions are: overall, in parts, and against another model's.

All errors are in the target's unit. Differences are paired: both models predict the same rows, and
a bootstrap draws rows, so what makes a row hard for both cancels out. Rows of one place err
together: where they were held out together, they are drawn together. Source: Efron and Tibshirani,
An Introduction to the Bootstrap (1993), chapters 6, 8 and 13.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from housing_sweep.tabular import metrics
from housing_sweep.tabular.arrays import Floats, Rows
from housing_sweep.tabular.copies import copies
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.slices import slices
from housing_sweep.tabular.split import Split

RESAMPLES = 2000
CONFIDENCE = 0.95
BYTES_AT_ONCE = 32_000_000
"""Of row numbers and losses drawn together. Draws follow each other, so the bits of an interval do
not depend on it; 250 resamples of 200,000 rows at once took 400 MB for the numbers alone."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference of two scores: its estimate and the bounds of its 95 % interval."""

    low: float
    estimate: float
    high: float


def difference(
    metric: str,
    truth: Floats,
    one: Floats,
    other: Floats,
    seed: int = 0,
    units: Rows | None = None,
) -> Interval:
    """Return metric(one) - metric(other) on the same rows; below zero means `one` is better.

    Percentile interval over `RESAMPLES` resamples; equal arguments give equal bits.

    Args:
        metric: rmse or mae.
        truth: (n,) targets, in their unit.
        one: (n,) predictions.
        other: (n,) predictions of the other model.
        seed: of the resamples.
        units: (n,) what each row belongs to, as `split.units` numbers it: whole units are drawn.
            None: each row stands for itself.
    """
    scores = _resampled(metric, truth, (one, other), seed, units)
    differences = scores[:, 0] - scores[:, 1]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    estimate = metrics.value(metric, truth, one) - metrics.value(metric, truth, other)
    return Interval(float(low), estimate, float(high))


def difference_error(
    metric: str, truth: Floats, one: Floats, other: Floats, seed: int = 0
) -> float:
    """Return the standard error of metric(one) - metric(other), by paired bootstrap."""
    scores = _resampled(metric, truth, (one, other), seed, None)
    return float(np.std(scores[:, 0] - scores[:, 1], ddof=1))


def _resampled(
    metric: str, truth: Floats, models: tuple[Floats, ...], seed: int, units: Rows | None
) -> Floats:
    """Return scores shaped (RESAMPLES, len(models)); all models see the same drawn rows."""
    loss, reduce = metrics.METRICS[metric]
    losses = np.column_stack([loss(truth - predicted) for predicted in models])
    totals, sizes = _by_unit(losses, units)
    rng = np.random.default_rng(seed)
    at_once = max(1, BYTES_AT_ONCE // (8 * max(1, len(totals)) * (1 + len(models))))
    parts = []
    for start in range(0, RESAMPLES, at_once):
        size = (min(at_once, RESAMPLES - start), len(totals))
        drawn = rng.integers(0, len(totals), size=size)
        parts.append(reduce(totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1, keepdims=True)))
    scores: Floats = np.concatenate(parts)
    return scores


def _by_unit(losses: Floats, units: Rows | None) -> tuple[Floats, Rows]:
    """Return the sum of losses of each unit, shaped (n_units, n_models), and its number of rows."""
    if units is None:
        return losses, np.ones(len(losses), dtype=np.int64)
    _, number = np.unique(units, return_inverse=True)
    sums = [np.bincount(number, weights=column) for column in losses.T]
    return np.column_stack(sums), np.bincount(number)


def interval(truth: Floats, predicted: Floats, coverage: float = 0.9) -> float:
    """Return half the width of a prediction interval, in the target's unit.

    Split conformal: the quantile of the absolute errors on rows that were not trained on, with the
    correction for their number. Source: Lei et al., JASA 113 (2018), 1094-1111.
    """
    errors = np.sort(np.abs(truth - predicted))
    rank = min(len(errors), int(np.ceil(coverage * (len(errors) + 1))))
    return float(errors[rank - 1])


def figures(problem: Problem, frame: pd.DataFrame, predicted: Floats) -> dict[str, object]:
    """Return plain figures of predictions for the rows of `frame`.

    Keys: rows, rmse, mae, r2, and `slices`: lists of `slices.Part` by how the rows are parted.
    """
    truth = frame[problem.target.name].to_numpy(dtype=float)
    return {
        "rows": len(frame),
        "rmse": metrics.rmse(truth, predicted),
        "mae": metrics.mae(truth, predicted),
        "r2": metrics.r2(truth, predicted),
        "slices": slices(problem, frame, predicted),
    }


def untouched(
    problem: Problem,
    frame: pd.DataFrame,
    split: Split,
    other: pd.DataFrame,
    other_split: Split,
) -> Rows:
    """Return test rows of `split` that the other model has not seen either.

    The other may have had another split seed, so rows are compared by content. It may have had
    another version of the data: there equal inputs are enough, whatever became of the target. For
    the same table and split these are all test rows.
    """
    seen = other.iloc[np.concatenate([other_split.train, other_split.validation])]
    test = frame.iloc[split.test]
    if not frame.equals(other):
        return split.test[~copies(problem, test, seen).inputs]
    known = {row.tobytes() for row in seen.to_numpy(dtype=float)}
    return split.test[[row.tobytes() not in known for row in test.to_numpy(dtype=float)]]
