"""Rows of one part of a table that another part has, too: exactly, in their inputs, or nearly.

A model that has seen a copy of a row need not predict it. All rows are looked at, whatever the size
of the table: hashes tell equal rows, a k-d tree near ones.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from housing_sweep.tabular.arrays import HUGE, Floats, Rows, tame
from housing_sweep.tabular.problem import Problem

Mask = npt.NDArray[np.bool_]
"""(n,) which rows."""

CHANCE = 0.001
"""Rows are near if so few of them would be as near by chance."""
MOST_TOLERANCE = 0.05
"""Of the interquartile range; in a table of 30 independent columns chance would allow 0.4, and to
look that far takes 80 s of CPU for a million rows."""
MANY_VALUES = 100
"""Columns with fewer values say little about which row a row is, and do not count at all."""
MOST_RANKED = 5_000
"""Rows that the number of independent columns is taken from."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Which rows of a part have a copy in another; each mask contains the one before, shaped (n,).

    Attributes:
        rows: every column is equal.
        inputs: every input is equal, whatever the target.
        near: every input differs by no more than `tolerance` of its interquartile range.
        targets: (n,) the target of the copy, the mean if there are several; NaN without one.
        tolerance: see `near`; 0 if the table has no column with many values.
    """

    rows: Mask
    inputs: Mask
    near: Mask
    targets: Floats
    tolerance: float


def copies(problem: Problem, frame: pd.DataFrame, among: pd.DataFrame) -> Copies:
    """Return which rows of `frame` have a copy in `among`; both have finite numbers only."""
    hashes, others = hashes_of(problem, frame), hashes_of(problem, among)
    inputs, other_inputs = (
        _hashes(part[list(problem.inputs)].to_numpy(dtype=float)) for part in (frame, among)
    )
    targets: Floats = tame(among[problem.target.name])
    means = pd.Series(targets).groupby(other_inputs).mean()
    copied: Floats = np.array(means.reindex(inputs), dtype=np.float64)
    equal = np.isin(inputs, other_inputs)
    nearest, tolerance = _nearest(problem, frame, among)
    near = nearest < len(among)
    copied[near & ~equal] = targets[nearest[near & ~equal]]
    return Copies(np.isin(hashes, others), equal, equal | near, copied, tolerance)


def without_copies(
    problem: Problem, frame: pd.DataFrame, rows: Rows, seen: Rows, *, near: bool = False
) -> Rows:
    """Return those of `rows` that have no copy among the rows `seen`: none with equal inputs.

    Scores on them are what a score would be if the table held no row twice.

    Args:
        problem: what the table is about.
        frame: the table.
        rows: numbers of the rows that are judged.
        seen: numbers of the rows that the model was fitted on.
        near: leave those out, too, that have a near copy; a few have one by chance.
    """
    both = copies(problem, frame.iloc[rows], frame.iloc[seen])
    return rows[~(both.near if near else both.inputs)]


def hashes_of(problem: Problem, frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """Return a number for each row, (n,): equal in all columns of the problem, equal numbers."""
    names = [column.name for column in problem.all_columns]
    return _hashes(frame[names].to_numpy(dtype=float))


def _hashes(values: Floats) -> npt.NDArray[np.uint64]:
    # Adding 0.0 makes -0.0 the same number as 0.0. Two different rows of a million have the same
    # 64 bits once in 30 million tables.
    frame = pd.DataFrame(values + 0.0)
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)


def _nearest(problem: Problem, frame: pd.DataFrame, among: pd.DataFrame) -> tuple[Rows, float]:
    """Return the row of `among` near each row, `len(among)` where none is, and the tolerance."""
    from scipy.spatial import cKDTree

    names = [name for name in problem.inputs if among[name].min() < among[name].max()]
    dimensions = _dimensions(among[names])
    if not dimensions:
        return np.full(len(frame), len(among)), 0.0
    # Within t interquartile ranges lie about t of a column's values, so t^D in D columns.
    tolerance = min(MOST_TOLERANCE, float((CHANCE / len(among)) ** (1 / dimensions)))
    values = tame(among[names])
    scale = np.subtract(*np.quantile(values, [0.75, 0.25], axis=0))
    scale = np.maximum(np.where(scale > 0, scale, values.std(axis=0)), 1 / HUGE)
    tree = cKDTree(values / scale, balanced_tree=False, compact_nodes=False)
    queries = tame(frame[names]) / scale
    _, nearest = tree.query(queries, p=np.inf, distance_upper_bound=tolerance)
    return np.asarray(nearest, dtype=np.int64), tolerance


def _dimensions(frame: pd.DataFrame) -> float:
    """Return how many independent columns the table is worth; 0 if none has many values.

    It is the participation ratio of the eigenvalues of the rank correlations: d for d independent
    columns, 1 for d that rise and fall together.
    """
    sample = frame.iloc[:: max(1, len(frame) // MOST_RANKED)]
    rich = [name for name in frame.columns if sample[name].nunique() > MANY_VALUES]
    if len(rich) < 2:
        return float(len(rich))
    correlations = np.corrcoef(sample[rich].rank().to_numpy(), rowvar=False)
    return float(len(rich) ** 2 / (correlations**2).sum())
