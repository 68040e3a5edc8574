"""Scores, in 100,000 USD, and the hash that tells two sets of predictions apart."""

import hashlib

import numpy as np

from housing_sweep.housing.geography import Floats


def rmse(truth: Floats, predicted: Floats) -> float:
    """Return the root mean squared error, in 100,000 USD."""
    return float(np.sqrt(np.mean((truth - predicted) ** 2)))


def mae(truth: Floats, predicted: Floats) -> float:
    """Return the mean absolute error, in 100,000 USD."""
    return float(np.mean(np.abs(truth - predicted)))


def r2(truth: Floats, predicted: Floats) -> float:
    """Return the share of variance explained: 1 is perfect, 0 is the mean."""
    spread = float(np.sum((truth - truth.mean()) ** 2))
    return 1.0 - float(np.sum((truth - predicted) ** 2)) / spread


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
