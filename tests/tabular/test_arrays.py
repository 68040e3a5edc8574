"""Numbers in a file of somebody else."""

import io
import struct

import numpy as np
import pytest

from housing_sweep.errors import Refused
from housing_sweep.tabular.arrays import read_floats


def _npy(values: object, *, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(values), allow_pickle=pickled)
    return file.getvalue()


def _header(text: str, values: bytes = b"") -> bytes:
    header = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def test_numbers_come_back_to_the_bit() -> None:
    values = np.array([0.1, -0.0, np.nan, np.inf, 5e-324])
    assert read_floats(_npy(values), "x.npy").tobytes() == values.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        _npy([1.0])[:-1],
        _npy([1.0]) + b"x",
        _npy([[1.0]]),
        _npy([1]),
        _npy(["a"]),
        _npy([object()], pickled=True),
        _header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"),
        _header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"),
        _header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"cos\nsystem\n"),
        _header("[" * 5000),
        _header("__import__('os').system('true')"),
        b"\x93NUMPY\x09\x09" + b"x" * 100,
    ],
)
def test_anything_else_is_refused_and_takes_no_memory(content: bytes) -> None:
    with pytest.raises(Refused, match=r"x\.npy"):
        read_floats(content, "x.npy")
