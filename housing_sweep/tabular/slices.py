"""How good predictions are on parts of a table: tenths of the target, and a problem's own."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from housing_sweep.tabular import metrics
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.extras import extras_of
from housing_sweep.tabular.problem import Problem

DECILES = 10
DECILE = "decile"
LARGE = 1000.0
"""Targets that go beyond this are told without decimals."""

Part = dict[str, object]
"""name, rows, rmse, and bias: the mean of prediction less truth."""


def slices(problem: Problem, frame: pd.DataFrame, predicted: Floats) -> dict[str, list[Part]]:
    """Return, for each way to part the rows of `frame`, the figures of each part."""
    truth = frame[problem.target.name].to_numpy(dtype=float)
    parted: dict[str, list[Part]] = {}
    for kind, part in extras_of(problem).slices.items():
        names, labels = part(frame)
        inside = ((name, np.asarray(labels) == name) for name in names)
        parted[kind] = [
            _part(name, truth[rows], predicted[rows]) for name, rows in inside if rows.any()
        ]
    return {**parted, DECILE: list(_deciles(truth, predicted))}


def _deciles(truth: Floats, predicted: Floats) -> Iterator[Part]:
    digits = 2 if np.abs(truth).max(initial=0.0) < LARGE else 0
    order = np.argsort(truth, kind="stable")
    for number, rows in enumerate(np.array_split(order, DECILES), start=1):
        if len(rows):
            low, high = truth[rows[0]], truth[rows[-1]]
            name = f"{number}: {low:.{digits}f} to {high:.{digits}f}"
            yield _part(name, truth[rows], predicted[rows])


def _part(name: str, truth: Floats, predicted: Floats) -> Part:
    return {
        "name": name,
        "rows": len(truth),
        "rmse": metrics.rmse(truth, predicted),
        "bias": float(np.mean(predicted - truth)),
    }
