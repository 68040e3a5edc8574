"""How a version comes to be: it appears whole, once, and never changes."""

import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput, NotFound, PermissionDenied
from housing_sweep.server.content import manifests
from housing_sweep.server.graphql.relay import from_id
from housing_sweep.server.store.artifacts import files, memberships, versions
from tests.support.version_desk import COMMIT, CREATE, FILES, VersionDesk, md5

UPDATE = """mutation($input: UpdateArtifactManifestInput!) {
    updateArtifactManifest(input: $input) { artifactManifest { digest } } }"""


def contents(**data: bytes) -> dict[str, object]:
    """Return a manifest of some files."""
    listed = {name: {"digest": md5(item), "size": len(item)} for name, item in data.items()}
    return {"contents": listed}


def test_a_draft_shows_nowhere_and_the_committed_version_whole(desk: VersionDesk) -> None:
    draft = desk.create(aliases=[{"artifactCollectionName": "nets", "alias": "best"}])
    artifact = versions.get(desk.db, desk.number(draft))
    assert memberships.count(desk.db, artifact.collection_id) == 0
    desk.announce(draft, {"name": "w", "md5": md5(b"x")})
    desk.store(draft, "w", b"x")
    desk.manifest(draft, contents(w=b"x"))
    committed = desk.commit(draft)
    assert (committed.state, committed.size, committed.file_count) == ("COMMITTED", 1, 1)
    assert desk.aliases(committed) == {"best", "latest"}
    assert desk.commit(draft) == committed, "again changes nothing"


def test_a_version_without_manifest_or_bytes_is_not_committed(desk: VersionDesk) -> None:
    draft = desk.create()
    with pytest.raises(BadInput, match="no manifest yet"):
        desk.commit(draft)
    desk.manifest(draft, contents(w=b"x", v=b"y"))
    desk.announce(draft, {"name": "w", "md5": md5(b"x")})
    desk.store(draft, "w", b"x")
    with pytest.raises(BadInput, match="never uploaded: v"):
        desk.commit(draft)
    assert versions.get(desk.db, desk.number(draft)).state == "PENDING"


def test_bytes_that_are_not_those_of_the_manifest_do_not_count(desk: VersionDesk) -> None:
    draft = desk.create()
    desk.store(draft, "w", b"other")
    desk.manifest(draft, contents(w=b"x"))
    with pytest.raises(BadInput, match="never uploaded: w"):
        desk.commit(draft)


def test_a_manifest_that_is_none_is_refused_at_the_commit(desk: VersionDesk) -> None:
    draft = desk.create()
    desk.manifest(draft, {"contents": {"w": 3}})
    with pytest.raises(BadInput, match="no entry"):
        desk.commit(draft)
    assert versions.get(desk.db, desk.number(draft)).state == "PENDING"


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/../../x", "..\\x", "C:x"])
def test_a_file_that_would_be_written_outside_of_the_version_is_refused(
    desk: VersionDesk, name: str
) -> None:
    draft = desk.create()
    refusal = desk.house.refused(
        "ann", FILES, files=[{"artifactID": draft, "name": name, "md5": md5(b"x")}]
    )
    assert isinstance(refusal, BadInput)
    for entry in ({"digest": md5(b"x")}, {"digest": "e", "ref": "s3://bucket/x"}):
        desk.store(draft, name, b"x")
        desk.manifest(draft, {"contents": {name: {"size": 1, **entry}}})
        refusal = desk.house.refused("ann", COMMIT, input={"artifactID": draft})
        assert "is not the name of a file inside" in str(refusal)


def test_an_id_of_ones_own_is_not_anothers(desk: VersionDesk) -> None:
    """Ids are drawn by clients: whoever knows one must not be able to give it another meaning."""
    mine = desk.publish("one", b"one", clientID="same")
    project = {"entityName": "vic", "projectName": "p", "artifactTypeName": "t", "digest": "d"}
    desk.house.ask(
        "vic", CREATE, input={**project, "artifactCollectionName": "c", "clientID": "same"}
    )
    link = desk.link(mine, artifactID=None, clientID="same")
    assert link["versionIndex"] == 0


def test_the_same_content_again_is_the_same_version_with_the_new_aliases(
    desk: VersionDesk,
) -> None:
    artifact = desk.publish("same")
    aliases = [{"artifactCollectionName": "nets", "alias": "best"}]
    assert desk.create("same", aliases=aliases) == desk.id(artifact)
    assert desk.aliases(artifact) == {"best", "latest"}
    apart = desk.create("same", enableDigestDeduplication=False)
    assert apart != desk.id(artifact)
    assert desk.create("same", digestAlgorithm="MANIFEST_XXH128") != desk.id(artifact)


def test_processes_of_one_distributed_version_share_its_draft(desk: VersionDesk) -> None:
    first, second = (desk.create(str(n), distributedID="together") for n in range(2))
    assert first == second
    assert desk.create("3", distributedID="other") != first


def test_bytes_that_the_project_has_need_not_come_again(desk: VersionDesk) -> None:
    desk.publish("first", b"weights")
    draft = desk.create("second")
    known, fresh = desk.announce(
        draft, {"name": "v", "md5": md5(b"weights")}, {"name": "u", "md5": md5(b"new")}
    )
    assert known["uploadUrl"] is None
    assert fresh["uploadUrl"]
    desk.store(draft, "u", b"new")
    desk.manifest(draft, contents(v=b"weights", u=b"new"))
    assert desk.commit(draft).file_count == 2


def test_a_file_that_the_manifest_leaves_out_is_not_the_versions(desk: VersionDesk) -> None:
    draft = desk.create()
    for name in ("w", "left"):
        desk.store(draft, name, b"x")
    desk.manifest(draft, contents(w=b"x"))
    artifact = desk.commit(draft)
    assert files.find(desk.db, artifact.id, "left") is None
    assert files.find(desk.db, artifact.id, "w") is not None


def test_an_incremental_manifest_adds_to_its_base(desk: VersionDesk) -> None:
    base = desk.publish("base", b"weights")
    draft = desk.create("more")
    desk.store(draft, "u", b"new")
    part = contents(u=b"new")
    desk.manifest(draft, part, type="INCREMENTAL", baseArtifactID=desk.id(base))
    artifact = desk.commit(draft)
    whole = manifests.merge([contents(w=b"weights"), part])
    assert artifact.file_count == 2
    assert artifact.digest == manifests.digest(whole, "MANIFEST_MD5")


def test_a_base_that_was_deleted_is_named(desk: VersionDesk) -> None:
    base = desk.publish("base")
    draft = desk.create("more")
    versions.delete(desk.db, base, with_aliases=True, now=0)
    with pytest.raises(BadInput, match="builds on was deleted"):
        desk.manifest(draft, contents(), type="INCREMENTAL", baseArtifactID=desk.id(base))


def test_a_committed_version_takes_neither_files_nor_manifests(desk: VersionDesk) -> None:
    artifact = desk.publish()
    (manifest,) = versions.manifests_with_body(desk.db, artifact.id)
    with pytest.raises(BadInput, match="cannot change"):
        desk.announce(desk.id(artifact), {"name": "u", "md5": md5(b"u")})
    with pytest.raises(BadInput, match="cannot change"):
        desk.manifest(desk.id(artifact), contents())
    assert versions.get(desk.db, artifact.id) == artifact
    assert versions.manifests_with_body(desk.db, artifact.id) == [manifest]


def test_a_manifest_learns_its_digest_later(desk: VersionDesk) -> None:
    manifest = desk.manifest(desk.create(), contents())
    request = {"artifactManifestID": manifest, "digest": "later"}
    answer = desk.house.ask("ann", UPDATE, input=request)
    assert answer["updateArtifactManifest"]["artifactManifest"]["digest"] == "later"
    refusal = desk.house.refused("vic", UPDATE, input=request)
    assert isinstance(refusal, PermissionDenied | NotFound)
    number = from_id("ArtifactManifest", manifest)
    stored = versions.find_manifest(desk.db, number)
    assert stored is not None
    assert stored.digest == "later"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"artifactCollectionName": None}, "needs a collection name"),
        ({"storageRegion": "moon"}, "storage region 'moon'"),
        ({"artifactCollectionName": "a/b"}, "a/b"),
    ],
)
def test_a_version_that_cannot_be_leaves_no_trace(
    desk: VersionDesk, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        desk.create(**fields)
    for table in ("artifacts", "collections"):
        assert desk.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_only_a_writer_makes_a_version(desk: VersionDesk) -> None:
    request = {
        "artifactTypeName": "model",
        "artifactCollectionName": "nets",
        "entityName": "core",
        "projectName": "mine",
        "digest": "d",
    }
    assert isinstance(desk.house.refused("vic", CREATE, input=request), PermissionDenied)
    assert isinstance(desk.house.refused("eve", CREATE, input=request), NotFound)


def test_what_is_told_of_a_version_is_kept(desk: VersionDesk) -> None:
    metadata = json.dumps({"loss": 0.5})
    artifact = desk.publish(
        metadata=metadata, description="nets", ttlDurationSeconds=60, tags=[{"tagName": "cnn"}]
    )
    assert (artifact.metadata, artifact.description, artifact.ttl_seconds) == (metadata, "nets", 60)
    assert versions.tags(desk.db, artifact.id) == ["cnn"]
    assert desk.publish("2", ttlDurationSeconds=-1).ttl_seconds is None
