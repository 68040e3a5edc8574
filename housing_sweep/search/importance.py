"""Which parameters mattered: what a forest that learnt the scores loses when one is shuffled.

A forest and a rank correlation do not care about the scale of a parameter, so a learning rate drawn
from a logarithmic range needs no transform, and nothing need be known of the spec. Of the scores it
learns the ranks: one diverged trial must not decide alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from housing_sweep.search.distributions import Floats

FEWEST = 8
"""Scored trials below which nothing is said."""

TREES, REPEATS, SEED = 200, 10, 0


@dataclass(frozen=True, slots=True)
class Importance:
    """What one parameter did.

    Attributes:
        name: the parameter's.
        share: of the forest's total loss by shuffling, 0 to 1; the shares add up to 1.
        correlation: Spearman's, with the score, -1 to 1; None for words.
    """

    name: str
    share: float
    correlation: float | None


@dataclass(frozen=True, slots=True)
class Importances:
    """The parameters, most important first, and how far to believe it.

    Attributes:
        rows: one a varied parameter.
        r2: of the forest, on trials it did not see (out of bag); below 0.3 the shares mean little.
        trials: scored trials it learnt from.
    """

    rows: tuple[Importance, ...]
    r2: float
    trials: int


def importances(
    params: Sequence[Mapping[str, object]], scores: Sequence[float]
) -> Importances | None:
    """Return what mattered; the same trials give the same answer.

    Args:
        params: (n,) the trials' parameters; flat.
        scores: (n,) finite scores.

    Returns:
        None when fewer than eight trials scored, or nothing varied.
    """
    names = _varied(params)
    y = rankdata(np.asarray(scores, dtype=float)) / max(1, len(scores))
    if len(params) < FEWEST or not names or np.ptp(y) == 0:
        return None
    columns = [_column([point.get(name) for point in params]) for name in names]
    x = np.column_stack([column for column, _ in columns])
    forest = RandomForestRegressor(TREES, oob_score=True, random_state=SEED, min_samples_leaf=2)
    forest.fit(x, y)
    lost = permutation_importance(forest, x, y, n_repeats=REPEATS, random_state=SEED)
    gains = np.maximum(lost.importances_mean, 0.0)
    total = float(gains.sum()) or 1.0
    rows = [
        Importance(name, float(gain) / total, _spearman(column, y) if ordered else None)
        for name, gain, (column, ordered) in zip(names, gains, columns, strict=True)
    ]
    rows.sort(key=lambda row: (-row.share, row.name))
    return Importances(tuple(rows), float(forest.oob_score_), len(y))


def _varied(params: Sequence[Mapping[str, object]]) -> list[str]:
    values: dict[str, set[str]] = {}
    for point in params:
        for name, value in point.items():
            values.setdefault(name, set()).add(repr(value))
    return sorted(name for name, seen in values.items() if len(seen) > 1)


def _column(values: Sequence[object]) -> tuple[Floats, bool]:
    """Return a parameter as numbers, and whether their order means something."""
    if all(isinstance(value, int | float) for value in values):
        return np.asarray(values, dtype=float), True
    words = sorted({repr(value) for value in values})
    return np.asarray([words.index(repr(value)) for value in values], dtype=float), False


def _spearman(x: Floats, y: Floats) -> float:
    a, b = rankdata(x), rankdata(y)
    return float(np.corrcoef(a, b)[0, 1])
