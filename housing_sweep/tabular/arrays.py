"""The arrays that pass between these modules, and the one that comes from strangers."""

import io

import numpy as np
import numpy.typing as npt

from housing_sweep.errors import Refused

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
"""Row numbers, or a number for each row."""

HUGE = 1e100
"""A table may hold any double; what is beyond counts as this, so that squares are finite."""


def tame(values: npt.ArrayLike) -> Floats:
    """Return the numbers with none beyond `HUGE`, shaped as they were."""
    tamed: Floats = np.clip(np.asarray(values, dtype=float), -HUGE, HUGE)
    return tamed


OTHER_MODEL = "name another model"


def read_floats(content: bytes, name: str) -> Floats:
    """Return the numbers of a .npy file that somebody else wrote, shaped (n,).

    Nothing is unpickled, and no more memory is taken than the file has bytes: numpy's own reader
    believes the header's shape.

    Raises:
        Refused: it holds something else; `name` is what the message calls it.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read(file)
    except Exception:  # noqa: BLE001  numpy parses the header as Python, which may raise anything
        raise Refused(f"{name} is no array of numbers", fix=OTHER_MODEL) from None
    values = content[file.tell() :]
    if dtype != np.dtype("<f8") or len(shape) != 1 or len(values) != 8 * shape[0]:
        what = f"{name} does not hold the numbers that its size has room for"
        raise Refused(what, fix=OTHER_MODEL)
    numbers: Floats = np.frombuffer(values, dtype="<f8")
    return numbers
