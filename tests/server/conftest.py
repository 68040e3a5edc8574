"""Fixtures of the server's tests that need no process of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.server.store.people import keys
from tests.support.asgi import Asker
from tests.support.inprocess import START, House
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


@pytest.fixture
def asker(house: House) -> Asker:
    """The application of a house, in this process."""
    return Asker(house.server)


@pytest.fixture
def ann_key(house: House) -> str:
    """The key of a new user, Ann."""
    api_key = keys.new_api_key()
    keys.add(house.db, house.user("ann").id, api_key, description=None, now=START)
    return api_key
