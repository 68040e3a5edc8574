"""The arrays that pass between these modules."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
"""Row numbers, or a number for each row."""

HUGE = 1e100
"""A table may hold any double; what is beyond counts as this, so that squares are finite."""


def tame(values: npt.ArrayLike) -> Floats:
    """Return the numbers with none beyond `HUGE`, shaped as they were."""
    tamed: Floats = np.clip(np.asarray(values, dtype=float), -HUGE, HUGE)
    return tamed
