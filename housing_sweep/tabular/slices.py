"""How good predictions are on parts of a table: tenths of the target, and a problem's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from housing_sweep.tabular import metrics
from housing_sweep.tabular.arrays import Floats, Rows
from housing_sweep.tabular.extras import extras_of
from housing_sweep.tabular.problem import Problem

DECILES = 10
DECILE = "decile"
LARGE = 1000.0
"""Targets that go beyond this are told without decimals."""

FEWEST_ROWS = 30
"""Of a slice that may be called worse: below, its standard error is a guess itself."""

FEWEST_UNITS = 10
"""Of such a slice, where rows of one place were held out together."""

CONFIDENCE = 0.95

Part = dict[str, object]
"""name, rows, rmse, and bias: the mean of prediction less truth."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Two models on a part of a table.

    Attributes:
        kind, name: how the rows were parted, and which part.
        rows: of this part.
        low, difference, high: metric of one less that of the other, with an interval that holds for
            all parts together in 95 % of cases.
        worse: whether `one` is clearly worse here.
    """

    kind: str
    name: str
    rows: int
    low: float
    difference: float
    high: float
    worse: bool


def slices(problem: Problem, frame: pd.DataFrame, predicted: Floats) -> dict[str, list[Part]]:
    """Return, for each way to part the rows of `frame`, the figures of each part."""
    truth = frame[problem.target.name].to_numpy(dtype=float)
    parted: dict[str, list[Part]] = {}
    for kind, name, rows in _parts(problem, frame, truth):
        parts = parted.setdefault(kind, [])
        parts.append(_part(name, truth[rows], predicted[rows]))
    return parted


def differences(
    problem: Problem, frame: pd.DataFrame, one: Floats, other: Floats, units: Rows
) -> list[Difference]:
    """Return how two models differ on each part of the rows of `frame`.

    A part is worse if all of its interval is above zero and the difference is more than the
    problem's margin; parts of fewer than `FEWEST_ROWS` rows or `FEWEST_UNITS` units are told, never
    called worse; those of one unit have no interval and are left out. Intervals are normal, by the
    delta method, with Bonferroni's correction for the number of the others.

    Args:
        problem: what the table is about.
        frame: rows that both models predicted.
        one: (n,) predictions.
        other: (n,) predictions of the other model.
        units: (n,) what each row belongs to, as `split.units` numbers it: errors of one unit are
            not independent.
    """
    truth = frame[problem.target.name].to_numpy(dtype=float)
    parts = [(*part, len(np.unique(units[part[2]]))) for part in _parts(problem, frame, truth)]
    large = [len(rows) >= FEWEST_ROWS and count >= FEWEST_UNITS for _, _, rows, count in parts]
    width = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / max(1, sum(large)))
    answer = []
    for (kind, name, rows, count), enough in zip(parts, large, strict=True):
        if count < 2:
            continue
        scored = problem.metric, truth[rows], one[rows], other[rows]
        difference, error = metrics.paired_difference(*scored, units[rows])
        low, high = difference - width * error, difference + width * error
        worse = enough and low > 0 and difference > problem.margin
        answer.append(Difference(kind, name, len(rows), low, difference, high, worse))
    return answer


def _parts(problem: Problem, frame: pd.DataFrame, truth: Floats) -> Iterator[tuple[str, str, Rows]]:
    """Yield kind, name and row numbers of each part that has rows."""
    for kind, part in extras_of(problem).slices.items():
        names, labels = part(frame)
        for name in names:
            rows = np.flatnonzero(np.asarray(labels) == name)
            if len(rows):
                yield kind, name, rows
    digits = 2 if np.abs(truth).max(initial=0.0) < LARGE else 0
    order = np.argsort(truth, kind="stable")
    for number, rows in enumerate(np.array_split(order, DECILES), start=1):
        if len(rows):
            low, high = truth[rows[0]], truth[rows[-1]]
            yield DECILE, f"{number}: {low:.{digits}f} to {high:.{digits}f}", rows


def _part(name: str, truth: Floats, predicted: Floats) -> Part:
    return {
        "name": name,
        "rows": len(truth),
        "rmse": metrics.rmse(truth, predicted),
        "bias": float(np.mean(predicted - truth)),
    }
