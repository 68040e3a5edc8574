"""Scores, in the target's unit, and the hash that tells two sets of predictions apart."""

import hashlib
from collections.abc import Callable, Mapping

import numpy as np

from housing_sweep.tabular.arrays import Floats, Rows

METRICS: Mapping[str, tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]] = {
    "rmse": (np.square, np.sqrt),
    "mae": (np.abs, np.asarray),
}
"""Metric -> an error's loss, and what the mean loss becomes. A bootstrap averages losses only."""


def rmse(truth: Floats, predicted: Floats) -> float:
    """Return the root mean squared error, in the target's unit."""
    return float(np.sqrt(np.mean((truth - predicted) ** 2)))


def mae(truth: Floats, predicted: Floats) -> float:
    """Return the mean absolute error, in the target's unit."""
    return float(np.mean(np.abs(truth - predicted)))


def r2(truth: Floats, predicted: Floats) -> float:
    """Return the share of variance explained: 1 is perfect, 0 is the mean."""
    spread = float(np.sum((truth - truth.mean()) ** 2))
    return 1.0 - float(np.sum((truth - predicted) ** 2)) / spread


def value(metric: str, truth: Floats, predicted: Floats) -> float:
    """Return a metric by name, in the target's unit."""
    return {"rmse": rmse, "mae": mae}[metric](truth, predicted)


def paired_difference(
    metric: str, truth: Floats, one: Floats, other: Floats, units: Rows
) -> tuple[float, float]:
    """Return metric(one) - metric(other), in the target's unit, and its standard error.

    By the delta method, clustered: what the rows of a unit contribute is summed before it is
    squared. Source: Liang and Zeger, Biometrika 73 (1986), 13-22.

    Args:
        metric: rmse or mae.
        truth: (n,) targets.
        one: (n,) predictions.
        other: (n,) predictions of the other model.
        units: (n,) number of what each row belongs to, two different ones at least.
    """
    loss, reduce = METRICS[metric]
    losses = np.column_stack([loss(truth - one), loss(truth - other)])
    means = losses.mean(axis=0)
    values = reduce(means)
    slope = 0.5 / np.maximum(values, 1e-300) if metric == "rmse" else np.ones(2)
    influence = (losses - means) * slope @ [1.0, -1.0]
    _, number = np.unique(units, return_inverse=True)
    sums = np.bincount(number, weights=influence)
    variance = float(np.sum(sums**2)) * len(sums) / (len(sums) - 1)
    return float(values[0] - values[1]), float(np.sqrt(variance)) / len(truth)


def scores(truth: Floats, predicted: Floats, prefix: str = "val") -> dict[str, float]:
    """Return `{prefix}_rmse`, `_mae` and `_r2`."""
    return {
        f"{prefix}_rmse": rmse(truth, predicted),
        f"{prefix}_mae": mae(truth, predicted),
        f"{prefix}_r2": r2(truth, predicted),
    }


def predictions_sha256(predicted: Floats) -> str:
    """Return the SHA-256 of predictions as little-endian doubles: equal only if bit-identical."""
    return hashlib.sha256(np.ascontiguousarray(predicted, dtype="<f8").tobytes()).hexdigest()
