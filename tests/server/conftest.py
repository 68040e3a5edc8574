"""Fixtures of the server's tests that need no process of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.inprocess import House
from tests.support.sweep_play import Play


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server's services in this process, on a fresh folder."""
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """A server's scheduler in this process, on a fresh folder, with a clock by hand."""
    made = Play(tmp_path)
    yield made
    made.close()


@pytest.fixture
def play_with(tmp_path: Path) -> Iterator[Callable[..., Play]]:
    """Servers as `play`, with settings of their own."""
    made: list[Play] = []

    def start(**config: Any) -> Play:
        made.append(Play(tmp_path / str(len(made)), **config))
        return made[-1]

    yield start
    for item in made:
        item.close()
