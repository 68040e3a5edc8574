"""Several objectives: which trials no other beats, how good a front is, one loss to search by.

Notation: losses (n, m), n trials, m objectives, all to be minimised.
"""

import numpy as np
import numpy.typing as npt

from housing_sweep.search.distributions import Floats

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
