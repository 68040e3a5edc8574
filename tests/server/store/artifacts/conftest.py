"""What the tests of artifacts' rows share: a collection, and what was published."""

import pytest

from housing_sweep.server.store.artifacts import collections, versions
from housing_sweep.server.store.artifacts.collections import SEQUENCE, Collection
from housing_sweep.server.store.artifacts.versions import Artifact
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


@pytest.fixture
def drafts(house: House, collection: Collection) -> list[Artifact]:
    """Two versions that are not committed."""
    return [
        versions.create(
            house.db,
            collection_id=collection.id,
            digest=str(number),
            digest_algorithm="MANIFEST_MD5",
            pending_aliases="[]",
            created_at=START,
            updated_at=START,
        )
        for number in range(2)
    ]
