"""Training, validation and test rows, by seed alone."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from housing_sweep.errors import DataError, SpecError
from housing_sweep.tabular.arrays import Rows
from housing_sweep.tabular.problem import SPLITS, Problem

TEST_SHARE, VALIDATION_SHARE = 0.20, 0.16
CELL_DEGREES = 0.5


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of the three parts, each ascending.

    Attributes:
        train: (n_train,) rows to fit on.
        validation: (n_validation,) rows that choose.
        test: (n_test,) rows that nobody looks at during a sweep.
        fingerprint: 16 hex digits of the SHA-256 over the parts; equal splits, equal digits.
        kind: random, or spatial: whole cells are held out.
    """

    train: Rows
    validation: Rows
    test: Rows
    fingerprint: str
    kind: str = "random"


def make_split(problem: Problem, frame: pd.DataFrame, kind: str, seed: int) -> Split:
    """Return the split of a table.

    Args:
        problem: what the table is about.
        frame: the table.
        kind: `random` rows, or `spatial`: whole 0.5 degree cells go to one part, so that a model is
            judged on places it has never seen.
        seed: draws the rows or the cells.

    Raises:
        SpecError: no such kind for this table.
        DataError: too few rows, or cells, for three parts.
    """
    if kind not in problem.splits:
        known = ", ".join(problem.splits)
        raise SpecError(f"split: {kind!r} is unknown", fix=f"use one of {known}")
    rng = np.random.default_rng([seed, SPLITS.index(kind)])
    groups = units(problem, frame, kind)
    drawn = rng.permutation(int(groups.max()) + 1)[groups] if len(groups) else groups
    order = np.argsort(drawn, kind="stable")
    sizes = np.bincount(drawn)
    ends = np.cumsum(sizes[sizes > 0]) / max(1, len(frame))
    test = float(ends[np.searchsorted(ends, TEST_SHARE - 1e-9)])
    both = float(ends[np.searchsorted(ends, TEST_SHARE + VALIDATION_SHARE - 1e-9)])
    cuts = [round(test * len(frame)), round(both * len(frame))]
    parts = [np.sort(part).astype(np.int64) for part in np.split(order, cuts)]
    if any(len(part) < 2 for part in parts):
        raise DataError(f"{len(frame)} rows are too few to split {kind}ly into three parts")
    return Split(parts[2], parts[1], parts[0], _fingerprint(parts), kind)


def units(problem: Problem, frame: pd.DataFrame, kind: str) -> Rows:
    """Return the number of what each row belongs to and must not be torn from, shaped (n,).

    Random: the row itself. Spatial: its cell of 0.5 degrees, numbered by place.
    """
    if kind == "random" or problem.place is None:
        return np.arange(len(frame))
    keys = np.column_stack(
        [np.floor(frame[name].to_numpy() / CELL_DEGREES) for name in problem.place]
    )
    _, inverse = np.unique(keys, axis=0, return_inverse=True)
    return inverse.reshape(-1).astype(np.int64)


def _fingerprint(parts: list[Rows]) -> str:
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part.astype("<i8").tobytes())
    return hasher.hexdigest()[:16]
