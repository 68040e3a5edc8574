"""How good predictions are: overall, by place and price, and against another model's.

All errors in 100,000 USD. Differences are paired: both models predict the same rows, and a
bootstrap draws rows, so what makes a row hard for both cancels out. Source: Efron and Tibshirani,
An Introduction to the Bootstrap (1993), chapters 6 and 13.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from housing_sweep.housing import metrics
from housing_sweep.housing.geography import CITIES, Floats, distances_to_cities
from housing_sweep.housing.neighbours import position
from housing_sweep.housing.schema import TARGET
from housing_sweep.housing.split import Rows, Split

RESAMPLES = 2000
CONFIDENCE = 0.95
DECILES = 10
_AT_ONCE = 250
"""Resamples drawn together: 8 MB of row numbers for 4,128 rows."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference of two RMSEs: its estimate and the bounds of its 95 % interval."""

    low: float
    estimate: float
    high: float


def rmse_difference(truth: Floats, one: Floats, other: Floats, seed: int = 0) -> Interval:
    """Return RMSE(one) - RMSE(other) on the same rows; below zero means `one` is better.

    Percentile interval over `RESAMPLES` resamples of the rows; equal arguments give equal bits.
    """
    drawn = _resampled(truth, (one, other), seed)
    differences = drawn[:, 0] - drawn[:, 1]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    estimate = metrics.rmse(truth, one) - metrics.rmse(truth, other)
    return Interval(float(low), estimate, float(high))


def difference_error(truth: Floats, one: Floats, other: Floats, seed: int = 0) -> float:
    """Return the standard error of RMSE(one) - RMSE(other), by paired bootstrap."""
    drawn = _resampled(truth, (one, other), seed)
    return float(np.std(drawn[:, 0] - drawn[:, 1], ddof=1))


def _resampled(truth: Floats, models: tuple[Floats, ...], seed: int) -> Floats:
    """Return RMSEs shaped (RESAMPLES, len(models)); all models see the same drawn rows."""
    squares = np.column_stack([(truth - predicted) ** 2 for predicted in models])
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, RESAMPLES, _AT_ONCE):
        size = (min(_AT_ONCE, RESAMPLES - start), len(truth))
        rows = rng.integers(0, len(truth), size=size)
        parts.append(np.sqrt(squares[rows].mean(axis=1)))
    drawn: Floats = np.concatenate(parts)
    return drawn


def interval(truth: Floats, predicted: Floats, coverage: float = 0.9) -> float:
    """Return half the width of a prediction interval, in 100,000 USD.

    Split conformal: the quantile of the absolute errors on rows that were not trained on, with the
    correction for their number. Source: Lei et al., JASA 113 (2018), 1094-1111.
    """
    errors = np.sort(np.abs(truth - predicted))
    rank = min(len(errors), int(np.ceil(coverage * (len(errors) + 1))))
    return float(errors[rank - 1])


def figures(frame: pd.DataFrame, predicted: Floats) -> dict[str, object]:
    """Return plain figures of predictions for the rows of `frame`.

    Keys: rows, rmse, mae, r2, `by_region` and `by_decile`: lists of {name, rows, rmse, bias}, bias
    being the mean of prediction less truth.
    """
    truth = frame[TARGET].to_numpy(dtype=float)
    return {
        "rows": len(frame),
        "rmse": metrics.rmse(truth, predicted),
        "mae": metrics.mae(truth, predicted),
        "r2": metrics.r2(truth, predicted),
        "by_region": list(_by_region(frame, truth, predicted)),
        "by_decile": list(_by_decile(truth, predicted)),
    }


def regions(frame: pd.DataFrame) -> list[str]:
    """Return the nearest of the ten cities for each row."""
    names = list(CITIES)
    return [names[at] for at in distances_to_cities(position(frame)).argmin(axis=1)]


def _by_region(
    frame: pd.DataFrame, truth: Floats, predicted: Floats
) -> Iterator[dict[str, object]]:
    where = np.array(regions(frame))
    for city in CITIES:
        if (where == city).any():
            yield _group(city, truth[where == city], predicted[where == city])


def _by_decile(truth: Floats, predicted: Floats) -> Iterator[dict[str, object]]:
    order = np.argsort(truth, kind="stable")
    for number, rows in enumerate(np.array_split(order, DECILES), start=1):
        if len(rows):
            price = f"{number}: {truth[rows[0]]:.2f} to {truth[rows[-1]]:.2f}"
            yield _group(price, truth[rows], predicted[rows])


def _group(name: str, truth: Floats, predicted: Floats) -> dict[str, object]:
    return {
        "name": name,
        "rows": len(truth),
        "rmse": metrics.rmse(truth, predicted),
        "bias": float(np.mean(predicted - truth)),
    }


def untouched(frame: pd.DataFrame, split: Split, other: pd.DataFrame, other_split: Split) -> Rows:
    """Return test rows of `split` that the other model has not seen either.

    The other may have had another split seed or another version of the data, so rows are compared
    by content. For the same table and split these are all test rows.
    """
    seen = np.concatenate([other_split.train, other_split.validation])
    known = {row.tobytes() for row in other.iloc[seen].to_numpy(dtype=float)}
    test = frame.iloc[split.test].to_numpy(dtype=float)
    return split.test[[row.tobytes() not in known for row in test]]
