"""Feature sets: raw columns in, a matrix out. What is learnt is learnt from training rows only.

`raw` is the problem's columns as they are. Others are the problem's own (`Extras.feature_sets`);
`scripts/bench quality` measures those of housing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from housing_sweep.errors import SpecError
from housing_sweep.tabular.arrays import Floats, Rows
from housing_sweep.tabular.extras import FeatureSet, extras_of
from housing_sweep.tabular.prior import Prior
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.split import units

RAW = "raw"
FOLDS = 10


@dataclass(slots=True)
class RawColumns:
    """The inputs as they are."""

    columns: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The inputs, in order."""
        return list(self.columns)

    def fit_transform(self, frame: pd.DataFrame, y: Floats, fold: Rows) -> Floats:
        """Return the inputs; nothing is learnt."""
        return self.transform(frame)

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Return the inputs, shaped (n, len(names))."""
        return frame[list(self.columns)].to_numpy(dtype=float)

    def prior(self, matrix: Floats) -> Prior | None:
        """Return None: nothing is expected without the estimator."""
        return None


def feature_sets(problem: Problem) -> tuple[str, ...]:
    """Return the names of the feature sets that a problem has."""
    return (RAW, *extras_of(problem).feature_sets)


def make_features(problem: Problem, name: str) -> FeatureSet:
    """Return an unfitted feature set.

    Raises:
        SpecError: the problem has none of this name.
    """
    if name == RAW:
        return RawColumns(problem.inputs)
    make = extras_of(problem).feature_sets.get(name)
    if make is None:
        known = ", ".join(feature_sets(problem))
        raise SpecError(f"features: {name!r} is unknown", fix=f"use one of {known}")
    return make()


def folds(problem: Problem, frame: pd.DataFrame, kind: str, seed: int) -> Rows:
    """Return the number of each training row's fold, shaped (n,): ten of them, seeded.

    What the split holds together, folds hold together: features must be made from rows as far away
    as they will be later (test RMSE of housing on the spatial split, 10 seeds: 0.641 with random
    folds, 0.561 with blocked ones).
    """
    groups = units(problem, frame, kind)
    count = int(groups.max()) + 1
    drawn = np.random.default_rng([seed, 1]).permutation(count) % min(FOLDS, count)
    return drawn[groups]
