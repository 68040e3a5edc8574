"""Several objectives: which trials no other beats, how good a front is, one loss to search by.

Notation: losses (n, m), n trials, m objectives, all to be minimised.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from housing_sweep.errors import SpecError
from housing_sweep.search.distributions import Floats
from housing_sweep.search.spec import Metric, SweepSpec

CHEBYSHEV_SLOPE = 0.05
"""Weight of the sum beside the maximum, so that a point beaten in one objective scores worse."""


def front(losses: Floats) -> npt.NDArray[np.intp]:
    """Return the positions, ascending, of the rows that no other row beats.

    A row beats another when it is as good in all objectives and better in one; of equal rows all
    stay. Rows with NaN or infinity are never on the front.
    """
    good = np.flatnonzero(np.isfinite(losses).all(axis=1))
    rows = losses[good]
    kept = [
        i
        for i, row in enumerate(rows)
        if not ((rows <= row).all(axis=1) & (rows < row).any(axis=1)).any()
    ]
    return good[kept]


def front_of(
    objectives: Sequence[Metric], summaries: Sequence[Mapping[str, object]]
) -> tuple[int, ...]:
    """Return the positions of the trials on the Pareto front, given their summaries.

    Args:
        objectives: names and goals, as in `SweepSpec.objectives`.
        summaries: metric name -> value of each trial; one that lacks a number is never on it.
    """
    losses = np.array([[_loss(held.get(o.name), o.goal) for o in objectives] for held in summaries])
    return tuple(int(i) for i in front(losses.reshape(len(summaries), len(objectives))))


def the_metric(spec: SweepSpec, wanted: str | None = None) -> Metric:
    """Return the one metric to rank a sweep's trials by.

    Args:
        spec: the sweep.
        wanted: the name of one of its objectives; needed when it has several.

    Raises:
        SpecError: it has several and none was chosen, or not the one that was, or none at all.
    """
    names = [metric.name for metric in spec.objectives]
    if wanted is not None:
        for metric in spec.objectives:
            if metric.name == wanted:
                return metric
        raise SpecError(f"{wanted} is no objective of this sweep", fix=f"choose one of {names}")
    if spec.metric is None:
        what = (
            f"this sweep has several objectives: {names}" if names else "this sweep has no metric"
        )
        raise SpecError(what, fix="say which metric to rank by, e.g. --metric val_rmse")
    return spec.metric


def hypervolume(losses: Floats, reference: Floats) -> float:
    """Return the volume that the rows of `losses` (n, m) dominate below `reference` (m,).

    By slicing along the last objective: exact, and quick enough for the fronts of sweeps.
    """
    inside = losses[(losses < reference).all(axis=1)]
    if not len(inside):
        return 0.0
    if losses.shape[1] == 1:
        return float(reference[0] - inside.min())
    inside = inside[np.argsort(inside[:, -1], kind="stable")]
    ends = np.append(inside[1:, -1], reference[-1])
    return sum(
        float(end - row[-1]) * hypervolume(inside[: i + 1, :-1], reference[:-1])
        for i, (row, end) in enumerate(zip(inside, ends, strict=True))
        if end > row[-1]
    )


def scalarise(losses: Floats, rng: np.random.Generator) -> Floats:
    """Return one loss per row, (n,), under weights drawn by `rng`: a direction of the front.

    The objectives are put on a scale of 0 (best) to 1 (the worst on the front; the median when
    the front is one point), then the augmented Chebyshev norm is taken.

    Source: Knowles (2006), ParEGO, IEEE Trans. Evol. Comp. 10(1), 50-66, eq. 2.
    """
    m = losses.shape[1]
    weights = rng.dirichlet(np.ones(m))
    best = losses.min(axis=0)
    width = losses[front(losses)].max(axis=0) - best
    spread = np.median(losses, axis=0) - best
    width = np.where(width > 0, width, np.where(spread > 0, spread, 1.0))
    weighted = weights * (losses - best) / width
    scalar: Floats = weighted.max(axis=1) + CHEBYSHEV_SLOPE * weighted.sum(axis=1)
    return scalar


def _loss(value: object, goal: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return np.nan
    return -float(value) if goal == "maximize" else float(value)
