"""Columns that give the target away: how well one alone, or a sum of them, predicts unseen rows.

No model is fitted. One column predicts by the mean target of the training rows around its value, or
with its very value; it is also ranked against the target. Both see any function of the column:
falling, periodic, or a code. What is hidden in its digits is looked for behind each decimal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from housing_sweep.tabular.arrays import Floats, Rows, tame
from housing_sweep.tabular.problem import Problem

MOST_TRAIN, MOST_UNSEEN = 5_000, 3_000
"""Rows that are looked at, drawn by the table's own content: 0.2 s of CPU for 8 columns. Who hides
something from the rows that are drawn changes the table, and with it the rows."""
FEWEST_UNSEEN = 50
"""With fewer unseen rows a figure is chance."""
NEIGHBOURS = (1, 2, 8, 32)
"""How many training rows are averaged: one for a code, two if smooth, many against noise."""
DECIMALS = range(-6, 7)
"""Digits after the tenth power of these are looked at by themselves; doubles have no more to hide
in what scikit-learn's trees see, 32 bits."""
EXACT = 0.005
"""Of the target's standard deviation: a prediction so near is exact. By chance it is for one row in
200, for the best honest column of the housing table for one in 100. Not the problem's margin: the
data says it of itself."""
COMMON = 0.01
"""A target that so many rows have, such as a cap, is no feat to predict exactly."""


@dataclass(frozen=True, slots=True)
class Giveaway:
    """How well a column alone predicts the target of unseen rows.

    Attributes:
        column: its name.
        explained: the share of the target's variance, or of its ranks', whichever is higher.
        exact: share of the rows whose target it tells to within `EXACT`.
        digits: it is the digits after this power of ten that do it; None: the number itself.
    """

    column: str
    explained: float
    exact: float
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Combination:
    """Columns whose weighted sum, or product of powers, is the target.

    Attributes:
        columns: as few as do it, in the table's order.
        explained: share of the variance of unseen rows, of the logarithms' for a product.
        product: whether it is one.
    """

    columns: tuple[str, ...]
    explained: float
    product: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """Training rows to learn from and unseen ones to predict: inputs (n, d) and targets (n,)."""

    names: tuple[str, ...]
    x: Floats
    y: Floats
    x_unseen: Floats
    y_unseen: Floats

    @classmethod
    def draw(
        cls, problem: Problem, frame: pd.DataFrame, train: Rows, unseen: Rows, seed: int
    ) -> "Sample | None":
        """Return seeded rows of both, or None if they are too few or their target is constant."""
        rng = np.random.default_rng(seed)
        one, other = rng.permutation(train)[:MOST_TRAIN], rng.permutation(unseen)[:MOST_UNSEEN]
        x, y = tame(frame[list(problem.inputs)]), tame(frame[problem.target.name])
        if min(len(one), len(other)) < FEWEST_UNSEEN or y[one].var() * y[other].var() == 0:
            return None
        return cls(problem.inputs, x[one], y[one], x[other], y[other])


def giveaways(sample: Sample) -> Iterator[Giveaway]:
    """Yield, for each column that is not constant, what tells most in it: itself, or its digits."""
    truth = _Truth.of(sample)
    for number, name in enumerate(sample.names):
        column, unseen = sample.x[:, number], sample.x_unseen[:, number]
        tries = [
            _judge(truth, name, one, other, digits)
            for one, other, digits in _readings(column, unseen)
        ]
        if tries:
            yield max(tries, key=lambda giveaway: max(giveaway.explained, giveaway.exact))


def _readings(column: Floats, unseen: Floats) -> Iterator[tuple[Floats, Floats, int | None]]:
    """Yield a column as it is, and its digits after each power of ten that it has some behind."""
    if np.ptp(unseen) == 0 or np.ptp(column) == 0:
        return
    yield column, unseen, None
    largest = float(np.abs(column).max())
    for decimals in DECIMALS:
        shift = 10.0**decimals
        if largest * shift < 1:  # nothing is cut off: these are the numbers themselves
            continue
        # A shift leaves 1e-9 of a number that has no more digits.
        one, other = (np.round(values * shift % 1, 9) % 1 for values in (column, unseen))
        if np.ptp(one) > 0 and np.ptp(other) > 0:
            yield one, other, decimals


@dataclass(frozen=True, slots=True)
class _Truth:
    """The targets, and what of them is the same for each column."""

    train: Floats
    unseen: Floats
    ranks: Floats
    variance: float
    rare: Rows
    exact: float

    @classmethod
    def of(cls, sample: Sample) -> "_Truth":
        y = sample.y_unseen
        _, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
        rare = np.flatnonzero(counts[inverse] <= max(1, COMMON * len(y)))
        exact = EXACT * float(sample.y.std())
        return cls(sample.y, y, _ranks(y), float(y.var()), rare, exact)


def _ranks(values: Floats) -> Floats:
    return np.asarray(pd.Series(values).rank(), dtype=np.float64)


def _judge(
    truth: _Truth, name: str, column: Floats, unseen: Floats, digits: int | None
) -> Giveaway:
    explained = float(np.corrcoef(_ranks(unseen), truth.ranks)[0, 1]) ** 2
    exact = 0.0
    order = np.argsort(column, kind="stable")
    ordered, sums = column[order], np.concatenate([[0.0], np.cumsum(truth.train[order])])
    for neighbours in NEIGHBOURS:
        errors = truth.unseen - _means_around(ordered, sums, unseen, neighbours)
        explained = max(explained, 1 - float(np.mean(errors**2)) / truth.variance)
        if len(truth.rare) >= FEWEST_UNSEEN:
            exact = max(exact, float(np.mean(np.abs(errors[truth.rare]) <= truth.exact)))
    return Giveaway(name, explained, exact, digits)


def _means_around(ordered: Floats, sums: Floats, values: Floats, neighbours: int) -> Floats:
    """Return the mean target around each value: of its equals, and at least so many neighbours."""
    n = len(ordered)
    neighbours = min(neighbours, n)
    left = np.searchsorted(ordered, values, "left")
    right = np.searchsorted(ordered, values, "right")
    start = np.clip((left + right - neighbours) // 2, 0, n - neighbours)
    end = np.maximum(start + neighbours, right)
    start = np.minimum(start, left)
    means: Floats = (sums[end] - sums[start]) / (end - start)
    return means


def combination(sample: Sample, least: float) -> Combination | None:
    """Return columns whose sum or product explains at least that share of the target, or None."""
    for product in (False, True):
        parts = _logarithms(sample) if product else sample
        if parts is None or len(parts.x) < 10 * (1 + len(parts.names)):
            continue
        every = range(len(parts.names))
        if _explained(parts, every) >= least:
            chosen = _fewest(parts, least)
            names = tuple(parts.names[number] for number in chosen)
            return Combination(names, _explained(parts, chosen), product)
    return None


def _logarithms(sample: Sample) -> Sample | None:
    """Return the logarithms of the columns that are positive, or None if the target is not."""
    positive = (sample.x.min(axis=0) > 0) & (sample.x_unseen.min(axis=0) > 0)
    if min(sample.y.min(), sample.y_unseen.min()) <= 0 or not positive.any():
        return None
    names = tuple(name for name, keep in zip(sample.names, positive, strict=True) if keep)
    x, x_unseen = np.log(sample.x[:, positive]), np.log(sample.x_unseen[:, positive])
    return Sample(names, x, np.log(sample.y), x_unseen, np.log(sample.y_unseen))


def _explained(sample: Sample, columns: Sequence[int]) -> float:
    """Return the share of the unseen targets' variance that a weighted sum of columns explains."""
    chosen = list(columns)
    mean = sample.x[:, chosen].mean(axis=0)
    spread = sample.x[:, chosen].std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    one, other = ((x[:, chosen] - mean) / spread for x in (sample.x, sample.x_unseen))
    centre = sample.y.mean()
    weights, *_ = np.linalg.lstsq(one, sample.y - centre, rcond=None)
    errors = sample.y_unseen - centre - other @ weights
    return 1 - float(np.mean(errors**2)) / float(sample.y_unseen.var())


def _fewest(sample: Sample, least: float) -> list[int]:
    """Leave out one column after the other, as long as the rest still explains enough."""
    chosen = list(range(len(sample.names)))
    while len(chosen) > 1:
        rests = [[number for number in chosen if number != out] for out in chosen]
        best = max(rests, key=lambda rest: _explained(sample, rest))
        if _explained(sample, best) < least:
            break
        chosen = best
    return chosen
