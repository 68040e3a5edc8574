"""What the tests of artifacts' rows share: a collection, and what was published."""

import pytest

from housing_sweep.server.store.artifacts import collections
from housing_sweep.server.store.artifacts.collections import SEQUENCE, Collection
from housing_sweep.server.store.events import Event
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from tests.support.inprocess import START, House


@pytest.fixture
def project(house: House) -> Project:
    """A project without artifacts."""
    return projects.ensure(house.db, house.user("ann"), None, "mine", now=START)


@pytest.fixture
def collection(house: House, project: Project) -> Collection:
    """A sequence without versions."""
    return collections.ensure(house.db, project.id, "nets", "model", SEQUENCE, START)


@pytest.fixture
def events(house: House) -> list[Event]:
    """What is published from now on."""
    heard: list[Event] = []
    house.db.followers.publish = heard.extend
    return heard
