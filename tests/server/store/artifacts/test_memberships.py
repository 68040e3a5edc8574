"""Rows of memberships and aliases, and what is told of aliases that move."""

import pytest

from housing_sweep.errors import Gone
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.collections import Collection
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.events import AliasMoved, Event
from tests.support.inprocess import START, House


def published(house: House, collection: Collection, digest: str) -> Artifact:
    """Return a committed version."""
    draft = versions.create(
        house.db,
        collection_id=collection.id,
        digest=digest,
        digest_algorithm="MANIFEST_MD5",
        pending_aliases="[]",
        created_at=START,
        updated_at=START,
    )
    return versions.publish(house.db, draft, digest=digest, size=1, file_count=1, now=START)


def aliases(house: House, collection: Collection) -> dict[str, int]:
    """Return which alias points at which version's number."""
    places = memberships.of_collection(house.db, collection.id, before=None, limit=9)
    return {
        alias.name: place.version_index
        for place in places
        for alias in memberships.aliases_of_membership(house.db, place.id)
    }


def test_a_number_is_never_given_again(house: House, collection: Collection) -> None:
    first, second = (published(house, collection, digest) for digest in ("a", "b"))
    assert memberships.get(house.db, collection.id, second.id).version_index == 1
    again = memberships.add_version(house.db, collection.id, first.id, START + 5)
    assert again == memberships.get(house.db, collection.id, first.id)
    memberships.remove_version(house.db, memberships.get(house.db, collection.id, second.id))
    assert memberships.add_version(house.db, collection.id, second.id, START).version_index == 2


def test_latest_goes_to_the_newest_that_is_left(house: House, collection: Collection) -> None:
    first, second = (published(house, collection, digest) for digest in ("a", "b"))
    member = memberships.get(house.db, collection.id, second.id)
    memberships.set_alias(house.db, member, "latest")
    assert aliases(house, collection) == {"latest": 1}
    memberships.remove_version(house.db, member)
    assert aliases(house, collection) == {"latest": 0}
    assert memberships.find(house.db, collection.id, second.id) is None
    with pytest.raises(Gone, match="was deleted"):
        memberships.get(house.db, collection.id, second.id)
    memberships.remove_version(house.db, memberships.get(house.db, collection.id, first.id))
    assert aliases(house, collection) == {}


def test_a_deleted_collection_takes_no_version(house: House, collection: Collection) -> None:
    artifact = published(house, collection, "a")
    collections.delete(house.db, collection.id)
    with pytest.raises(Gone):
        memberships.add_version(house.db, collection.id, artifact.id, START)


def test_an_alias_that_moves_is_told_and_one_that_stays_is_not(
    house: House, collection: Collection, events: list[Event]
) -> None:
    first, second = (
        memberships.get(house.db, collection.id, published(house, collection, digest).id)
        for digest in ("a", "b")
    )
    events.clear()
    moved = AliasMoved(collection.project_id, collection.id, "best")
    memberships.set_alias(house.db, first, "best")
    assert events == [moved]
    memberships.set_alias(house.db, first, "best")
    memberships.remove_alias(house.db, second, "best")
    assert events == [moved]
    memberships.set_alias(house.db, second, "best")
    assert events == [moved, moved]
    memberships.remove_alias(house.db, second, "best")
    assert events == [moved, moved, moved]
    assert aliases(house, collection) == {"latest": 0}


def test_a_deleted_version_tells_of_every_alias_it_had(
    house: House, collection: Collection, events: list[Event]
) -> None:
    published(house, collection, "a")
    second = published(house, collection, "b")
    member = memberships.get(house.db, collection.id, second.id)
    for name in ("latest", "best"):
        memberships.set_alias(house.db, member, name)
    events.clear()
    versions.delete(house.db, second, with_aliases=True, now=START)
    names = {event.alias for event in events if isinstance(event, AliasMoved)}
    assert names == {"latest", "best"}
    assert aliases(house, collection) == {"latest": 0}


def test_a_reference_is_an_alias_a_number_or_a_digest(house: House, collection: Collection) -> None:
    first, second = (published(house, collection, digest) for digest in ("a", "b"))
    for reference, artifact in (("latest", first), ("v1", second), ("b", second), ("v0", first)):
        place = memberships.resolve(house.db, collection.id, reference)
        assert place is not None, reference
        assert place.artifact_id == artifact.id
    for reference in ("best", "v2", "v" + "9" * 30, "v" + "9" * 5000, "c"):
        assert memberships.resolve(house.db, collection.id, reference) is None
