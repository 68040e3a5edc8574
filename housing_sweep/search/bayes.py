"""Bayesian search: a quasi-random start, then expected improvement under a Gaussian process.

The same finished and pending trials give the same suggestion, whatever their order.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from housing_sweep.search import gp, pareto, sampling
from housing_sweep.search.distributions import Floats
from housing_sweep.search.score import Goal
from housing_sweep.search.space import Space
from housing_sweep.search.spec import SweepSpec
from housing_sweep.search.trial import Params, Trial

START = 10
"""Quasi-random trials before the model is asked."""

MOST_POINTS = 120
"""Trials that enter the fit: the best half and the newest half. Cost stays flat beyond them."""

GLOBAL_LOG2, LOCAL, ROUNDS = 10, 60, 3
"""2**10 global candidates; local ones around each of the best, in rounds of shrinking radius."""


def suggest(
    spec: SweepSpec, finished: Sequence[Trial], pending: Sequence[Trial], seed: int, n: int
) -> Params:
    """Return the point of trial number `n`.

    Args:
        spec: the sweep; its objectives say what is better.
        finished: ended trials; one without finite scores counts as bad as the worst.
        pending: trials handed out whose score is still to come.
        seed: the sweep's.
        n: the trial's number.

    With several objectives each trial goes in a direction of its own (ParEGO, see `pareto`).

    Source: Jones, Schonlau & Welch (1998), J. Global Optim. 13, 455-492.
    """
    space = Space.of(spec)
    rng = np.random.default_rng([seed, n])
    finished = _ordered(finished)
    losses = _losses(spec, finished, rng)
    scored = [loss for loss in losses if loss is not None]
    if not space.dimensions or len(scored) < min(START, 2 + space.dimensions):
        return sampling.point(spec, seed, n)
    worst = max(scored)
    seen, y = _entering(
        space, finished, warp(np.asarray([worst if loss is None else loss for loss in losses]))
    )
    if not len(y):  # the spec was changed, no old point fits it
        return sampling.point(spec, seed, n)
    posterior = gp.fit(space.features(seen), y)
    waiting = space.rows_of([trial.params for trial in _ordered(pending)])[0]
    posterior = posterior.with_points(space.features(waiting))
    best = _maximise(space, posterior, seen, y, rng)
    tried = np.vstack([_tried(space, finished, seen), waiting])
    return _fresh(space, best, tried, spec, seed, n)


def expected_improvement(mean: Floats, std: Floats, best: float) -> Floats:
    """Return how far below `best` each candidate is expected to land (we minimise).

    Args:
        mean: (n_candidates,) posterior mean.
        std: (n_candidates,) posterior standard deviation, >= 0.
        best: lowest value seen so far.

    Returns:
        (n_candidates,) >= 0; `max(best - mean, 0)` where `std` is 0.

    Raises:
        ValueError: shapes differ, or some `std` is negative.

    Source: Jones, Schonlau & Welch (1998), J. Global Optim. 13, 455-492, eq. 15.
    """
    if mean.shape != std.shape or (std < 0).any():
        raise ValueError(f"need std >= 0, shaped like mean {mean.shape}; got {std.shape}")
    gain = best - mean
    # Beyond 40 sigma this is max(gain, 0) to double precision; the floor keeps std = 0 finite.
    z = np.clip(gain / np.maximum(std, 1e-200), -40.0, 40.0)
    ei: Floats = gain * ndtr(z) + std * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return ei.clip(min=0.0)


def warp(losses: Floats) -> Floats:
    """Return losses (n,) on a scale a Gaussian process can fit: order kept, bad tail drawn in.

    A diverged trial scores a thousand times the median; beyond the upper quartile the scale is
    logarithmic.
    """
    losses = np.clip(losses, -1e150, 1e150)  # their differences and squares must stay finite
    middle, low = np.median(losses), losses.min()
    width = float(middle - low) or float(losses.max() - low) or 1.0
    t = (losses - middle) / width
    t = np.where(t > 0, np.log1p(np.maximum(t, 0.0)), t)
    deviation = float(t.std()) or 1.0
    warped: Floats = (t - t.mean()) / deviation
    return warped


def _losses(
    spec: SweepSpec, trials: Sequence[Trial], rng: np.random.Generator
) -> list[float | None]:
    """Return what to minimise; with several objectives, in a direction drawn for this trial."""
    goals = [metric.goal for metric in spec.objectives]
    if len(goals) < 2:
        return [trial.loss(*goals or (Goal.MINIMIZE,)) for trial in trials]
    rows = [trial.losses(goals) for trial in trials]
    complete = np.array([row for row in rows if row is not None])
    scalars = iter(pareto.scalarise(complete, rng)) if len(complete) else iter(())
    return [None if row is None else float(next(scalars)) for row in rows]


def _ordered(trials: Sequence[Trial]) -> list[Trial]:
    return sorted(trials, key=lambda trial: trial.number)


def _entering(space: Space, trials: Sequence[Trial], y: Floats) -> tuple[Floats, Floats]:
    """Return unit-cube rows (m, d) and losses (m,) of the trials that enter the fit, in order.

    Chosen before they are converted: 5,000 one by one took 0.2 s, 120 at once 0.2 ms. Trials
    whose points the space cannot hold, after an `--update` of the spec, make room for others.
    """
    left = np.arange(len(y))
    while True:
        chosen = _cap(y[left])
        rows, fits = space.rows_of([trials[int(i)].params for i in left[chosen]])
        if fits.all() or len(left) == len(chosen):
            return rows, y[left[chosen[fits]]]
        # Some do not fit: look at all of them, once.
        left = left[space.rows_of([trials[int(i)].params for i in left])[1]]


def _cap(y: Floats) -> npt.NDArray[np.intp]:
    """Return the positions of the best half and the newest half of MOST_POINTS, in order."""
    if len(y) <= MOST_POINTS:
        return np.arange(len(y))
    best = np.argsort(y, kind="stable")[: MOST_POINTS // 2]
    newest = np.setdiff1d(np.arange(len(y)), best)[-(MOST_POINTS - len(best)) :]
    return np.sort(np.concatenate([best, newest]))


def _tried(space: Space, finished: Sequence[Trial], seen: Floats) -> Floats:
    """Return the rows that a suggestion must not repeat.

    In a continuum only a copy of a point that entered the fit could come up again.
    """
    if space.size is None:
        return seen
    return space.rows_of([trial.params for trial in finished])[0]


def _maximise(
    space: Space, posterior: gp.Posterior, seen: Floats, y: Floats, rng: np.random.Generator
) -> Floats:
    """Return candidates (m, d), best expected improvement first."""
    best_mean = float(posterior.predict(posterior.x)[0].min())

    def score(u: Floats) -> Floats:
        return expected_improvement(*posterior.predict(space.features(u)), best_mean)

    start = sampling.spread(space.dimensions, GLOBAL_LOG2, int(rng.integers(2**31)))
    centres = seen[np.argsort(y, kind="stable")[:5]]
    pool = np.vstack([start, _around(centres, 0.1, rng)])
    scores = score(pool)
    for radius in (0.08, 0.03, 0.01)[:ROUNDS]:
        top = pool[np.argsort(-scores, kind="stable")[:5]]
        local = _around(top, radius, rng)
        pool, scores = np.vstack([pool, local]), np.append(scores, score(local))
    ranked: Floats = pool[np.argsort(-scores, kind="stable")]
    return ranked


def _around(centres: Floats, radius: float, rng: np.random.Generator) -> Floats:
    """Return points near the centres: some coordinates move a little, categories may jump."""
    n, d = LOCAL * len(centres), centres.shape[1]
    points = np.repeat(centres, LOCAL, axis=0)
    moves = rng.random((n, d)) < max(0.4, 2.0 / d)
    jumps = rng.random((n, d)) < 0.1
    shifted = points + moves * rng.normal(0.0, radius, (n, d))
    shifted = np.where(jumps & moves, rng.random((n, d)), shifted)
    return np.clip(shifted, 0.0, 1.0)


def _fresh(
    space: Space, ranked: Floats, tried: Floats, spec: SweepSpec, seed: int, n: int
) -> Params:
    """Return the best candidate that is not a repetition, where the space allows one."""
    old = set(_keys(tried))
    looked_at = len(ranked) if space.size is not None else min(len(ranked), 64)
    for start in range(0, looked_at, 32):
        points = space.from_unit(ranked[start : start + 32])
        for point, key in zip(points, _keys(space.to_unit(points)), strict=True):
            if key not in old:
                return point
    drawn = sampling.point(spec, seed, n)
    return drawn if _keys(space.to_unit([drawn]))[0] not in old else space.from_unit(ranked[:1])[0]


def _keys(rows: Floats) -> list[bytes]:
    """Return what tells points apart, from rows that `to_unit` made: equal for equal values."""
    return [row.tobytes() for row in np.round(rows, 12)]
