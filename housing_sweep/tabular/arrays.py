"""The arrays that pass between these modules."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
"""Row numbers, or a number for each row."""
