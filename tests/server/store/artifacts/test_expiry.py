"""Versions whose time to live is over: deleted, unless they are linked anywhere."""

import pytest

from housing_sweep.server.store.artifacts import collections, expiry, memberships, versions
from housing_sweep.server.store.artifacts.collections import PORTFOLIO, Collection
from housing_sweep.server.store.artifacts.versions import Artifact
from tests.support.inprocess import START, House

TTL = 100


def published(house: House, collection: Collection, ttl: int | None = TTL) -> Artifact:
    """Return a committed version that may live so many seconds."""
    draft = draft_of(house, collection, ttl)
    return versions.publish(house.db, draft, digest="d", size=1, file_count=1, now=START)


def draft_of(house: House, collection: Collection, ttl: int | None) -> Artifact:
    """Return a version that is not committed."""
    return versions.create(
        house.db,
        collection_id=collection.id,
        digest="d",
        digest_algorithm="MANIFEST_MD5",
        pending_aliases='["best"]',
        ttl_seconds=ttl,
        created_at=START,
        updated_at=START,
    )


@pytest.mark.parametrize(("seconds", "count"), [(TTL - 1, 0), (TTL, 1), (10 * TTL, 1)])
def test_a_version_lives_exactly_its_time(
    house: House, collection: Collection, seconds: int, count: int
) -> None:
    artifact = published(house, collection)
    assert expiry.expire(house.db, START + seconds) == count
    assert (versions.find_by_id(house.db, artifact.id) is None) is bool(count)


def test_aliases_go_with_it_and_latest_to_the_newest_that_is_left(
    house: House, collection: Collection
) -> None:
    kept, _ = published(house, collection, ttl=None), published(house, collection)
    expiry.expire(house.db, START + TTL)
    (member,) = memberships.of_collection(house.db, collection.id, before=None, limit=9)
    assert member.artifact_id == kept.id
    aliases = memberships.aliases_of_collection(house.db, collection.id)
    assert [alias.name for alias in aliases] == ["latest"]


def test_a_linked_version_is_kept_until_it_is_unlinked(
    house: House, collection: Collection
) -> None:
    artifact = published(house, collection)
    portfolio = collections.ensure(
        house.db, collection.project_id, "shown", "model", PORTFOLIO, START
    )
    link = memberships.add_version(house.db, portfolio.id, artifact.id, START)
    assert expiry.expire(house.db, START + TTL) == 0
    memberships.remove_version(house.db, link)
    assert expiry.expire(house.db, START + TTL) == 1


def test_neither_drafts_nor_versions_without_a_time_expire(
    house: House, collection: Collection
) -> None:
    draft_of(house, collection, TTL)
    published(house, collection, ttl=None)
    assert expiry.expire(house.db, START + 10 * TTL) == 0


def test_a_second_round_finds_nothing(house: House, collection: Collection) -> None:
    published(house, collection)
    assert expiry.expire(house.db, START + TTL) == 1
    assert expiry.expire(house.db, START + TTL) == 0
