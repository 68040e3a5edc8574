"""Scores, in the target's unit, and the hash that tells two sets of predictions apart."""

import hashlib
from collections.abc import Callable, Mapping

import numpy as np

from housing_sweep.tabular.arrays import Floats

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
