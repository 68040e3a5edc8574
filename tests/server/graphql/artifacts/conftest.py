"""What the tests of artifacts on the wire share."""

import json

import pytest

from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.collections import SEQUENCE
from housing_sweep.server.store.projects import projects
from tests.support.inprocess import START, House
from tests.support.version_desk import VersionDesk


@pytest.fixture
def desk(team: House) -> VersionDesk:
    """A team's project without versions."""
    return VersionDesk(team)


@pytest.fixture
def filled(house: House) -> House:
    """A project of Ann's: a described and tagged collection of three versions, and a plain one."""
    project = projects.ensure(house.db, house.user("ann"), None, "mine", now=START)
    nets, _ = (
        collections.ensure(house.db, project.id, name, "model", SEQUENCE, START + number)
        for number, name in enumerate(("nets", "3"))
    )
    collections.edit(house.db, nets.id, name=None, description="all the nets", now=START + 5)
    collections.change_tags(house.db, nets.id, ["cnn", "old"], [])
    for number in range(3):
        draft = versions.create(
            house.db,
            collection_id=nets.id,
            digest=str(number),
            digest_algorithm="MANIFEST_MD5",
            metadata=json.dumps({"loss": number / 10, "kind": "ab"[number % 2]}),
            pending_aliases='["first"]' if number == 0 else "[]",
            created_at=START + number,
            updated_at=START + number,
        )
        versions.publish(house.db, draft, digest="d", size=number, file_count=1, now=START + number)
    assert memberships.count(house.db, nets.id) == 3
    return house
