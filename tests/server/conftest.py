"""Fixtures of the server's tests that need no process of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.inprocess import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server's services in this process, on a fresh folder."""
    house = House(tmp_path)
    yield house
    house.close()
