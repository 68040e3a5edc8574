"""What a version can be filtered and ordered by: every name there is, read when it is asked for."""

import pytest

from housing_sweep.errors import Gone
from housing_sweep.server.graphql.artifacts.version_record import KINDS, VersionRecord
from housing_sweep.server.store.artifacts import memberships, versions
from housing_sweep.server.store.artifacts.memberships import Membership
from tests.support.inprocess import START
from tests.support.version_desk import VersionDesk


@pytest.fixture
def place(desk: VersionDesk) -> Membership:
    """A version's place in its own sequence."""
    artifact = desk.publish(
        metadata='{"loss": 0.5}', description="of nets", tags=[{"tagName": "cnn"}]
    )
    return memberships.get(desk.db, artifact.collection_id, artifact.id)


def test_every_name_has_a_value(desk: VersionDesk, place: Membership) -> None:
    record = VersionRecord(desk.db, place)
    assert set(record) == set(KINDS)
    assert len(record) == len(KINDS)
    artifact = versions.get(desk.db, place.artifact_id)
    assert dict(record) == {
        **dict.fromkeys(("id", "artifact_id"), artifact.id),
        **dict.fromkeys(("artifact_size", "size"), len(b"weights")),
        **dict.fromkeys(("version", "version_index"), (0, "v0")),
        **{name: {"loss": 0.5} for name in ("metadata", "artifact_metadata")},
        **dict.fromkeys(("tag", "tags"), ("cnn",)),
        **dict.fromkeys(("alias", "aliases"), ("latest",)),
        **{"state": "COMMITTED", "digest": artifact.digest, "description": "of nets"},
        **dict.fromkeys(("created_at", "artifact_created_at", "createdAt"), artifact.created_at),
        **dict.fromkeys(("updated_at", "updatedAt"), artifact.updated_at),
        **dict.fromkeys(("acm_created_at", "linked_at"), place.created_at),
    }


def test_a_name_that_is_none_is_not_in_it(desk: VersionDesk, place: Membership) -> None:
    record = VersionRecord(desk.db, place)
    assert "name" not in record
    with pytest.raises(KeyError):
        record["name"]


def test_a_version_is_read_only_when_it_is_asked_for(desk: VersionDesk, place: Membership) -> None:
    artifact = versions.get(desk.db, place.artifact_id)
    record, other = VersionRecord(desk.db, place), VersionRecord(desk.db, place)
    assert record["digest"] == artifact.digest
    versions.delete(desk.db, artifact, with_aliases=True, now=START)
    assert record["size"] == artifact.size, "read once"
    assert other["version"] == (0, "v0")
    with pytest.raises(Gone):
        other["digest"]


def test_a_version_without_metadata_has_an_empty_one(desk: VersionDesk) -> None:
    artifact = desk.publish()
    place = memberships.get(desk.db, artifact.collection_id, artifact.id)
    assert VersionRecord(desk.db, place)["metadata"] == {}
