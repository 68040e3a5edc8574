"""Rows of versions and manifests."""

import pytest

from housing_sweep.errors import Gone
from housing_sweep.server.store.artifacts import versions
from housing_sweep.server.store.artifacts.collections import Collection
from housing_sweep.server.store.artifacts.versions import Artifact
from tests.support.inprocess import START, House


@pytest.fixture
def draft(house: House, collection: Collection) -> Artifact:
    """A version that is not committed."""
    return versions.create(
        house.db,
        collection_id=collection.id,
        digest="d",
        digest_algorithm="MANIFEST_MD5",
        pending_aliases='["best"]',
        created_at=START,
        updated_at=START,
    )


def test_what_is_written_is_what_is_returned(house: House, draft: Artifact) -> None:
    assert versions.get(house.db, draft.id) == draft
    assert (draft.state, draft.digest) == ("PENDING", "d")
    edited = versions.edit(house.db, draft.id, START + 1, description="of nets")
    assert (edited.description, edited.updated_at) == ("of nets", START + 1)
    done = versions.publish(house.db, edited, digest="e", size=3, file_count=1, now=START + 2)
    assert (done.state, done.digest, done.size, done.description) == (
        "COMMITTED",
        "e",
        3,
        "of nets",
    )
    assert versions.get(house.db, draft.id) == done


def test_a_manifest_gets_its_body_later(house: House, draft: Artifact) -> None:
    manifest = versions.add_manifest(
        house.db, START, artifact_id=draft.id, name="m", type="FULL", digest="x"
    )
    assert versions.find_manifest(house.db, manifest.id) == manifest
    assert versions.manifests_with_body(house.db, draft.id) == []
    whole = versions.set_manifest(house.db, manifest.id, sha256="0" * 64, size=7)
    assert (whole.id, whole.sha256, whole.size) == (manifest.id, "0" * 64, 7)
    assert versions.manifests_with_body(house.db, draft.id) == [whole]


def test_what_was_deleted_is_gone(house: House, draft: Artifact) -> None:
    manifest = versions.add_manifest(
        house.db, START, artifact_id=draft.id, name="m", type="FULL", digest="x"
    )
    versions.delete(house.db, draft, with_aliases=True, now=START)
    assert versions.find_by_id(house.db, draft.id) is None
    with pytest.raises(Gone, match="was deleted"):
        versions.get(house.db, draft.id)
    with pytest.raises(Gone):
        versions.set_manifest(house.db, manifest.id, size=1)


def test_a_draft_that_was_abandoned_cannot_be_changed(house: House, draft: Artifact) -> None:
    assert versions.abandon_drafts(house.db, START + 1) == 1
    with pytest.raises(Gone, match="was deleted"):
        versions.edit(house.db, draft.id, START, description="late")
