"""Versions on the wire: by name and id, their fields, edits and deletion."""

from typing import Any

import pytest

from housing_sweep.errors import BadInput, Conflict
from housing_sweep.server.graphql.artifacts.versions import NO_TTL
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.artifacts import versions
from tests.support.version_desk import VersionDesk, md5

FIELDS = """id digest versionIndex state description metadata ttlDurationSeconds ttlIsInherited
    tags { name } aliases { alias } artifactType { name } artifactSequence { name }
    currentManifest { digest file { url } } createdBy { __typename }"""
BY_NAME = f"""query($name: String!) {{ project(entityName: "core", name: "mine") {{
    artifact(name: $name) {{ {FIELDS} }} }} }}"""
CLIENT = "query($id: ID!) { clientIDMapping(clientID: $id) { serverID } }"
EDIT = f"""mutation($input: UpdateArtifactInput!) {{ updateArtifact(input: $input) {{
    artifact {{ {FIELDS} }} }} }}"""
DELETE = (
    "mutation($input: DeleteArtifactInput!) { deleteArtifact(input: $input) { artifact { id } } }"
)


def named(desk: VersionDesk, name: str) -> Any:
    """Return what is told of the version that a name means."""
    return desk.house.ask("vic", BY_NAME, name=name)["project"]["artifact"]


def edited(desk: VersionDesk, opaque: str, **fields: object) -> Any:
    """Change a version; return what is told of it."""
    answer = desk.house.ask("ann", EDIT, input={"artifactID": opaque, **fields})
    return answer["updateArtifact"]["artifact"]


def test_a_version_is_meant_by_alias_number_and_digest_and_latest_by_default(
    desk: VersionDesk,
) -> None:
    first, second = desk.publish("one"), desk.publish("two")
    for name in ("nets", "nets:latest", "nets:v0", "nets:one"):
        assert named(desk, name)["id"] == desk.id(first), name
    for name in ("nets:v1", "nets:two"):
        assert named(desk, name)["id"] == desk.id(second), name
    for name in ("nosuch", "nets:nosuch", "nets:v9", "nets:v" + "9" * 30):
        assert named(desk, name) is None, name


def test_a_version_tells_of_itself(desk: VersionDesk) -> None:
    artifact = desk.publish(description="of nets", metadata='{"a": NaN}')
    answer = named(desk, "nets")
    assert answer["digest"] == artifact.digest
    assert (answer["versionIndex"], answer["state"]) == (0, "COMMITTED")
    assert (answer["description"], answer["metadata"]) == ("of nets", '{"a": NaN}')
    assert (answer["ttlDurationSeconds"], answer["ttlIsInherited"]) == (NO_TTL, True)
    assert answer["aliases"] == [{"alias": "latest"}]
    assert answer["artifactType"] == {"name": "model"}
    assert answer["artifactSequence"] == {"name": "nets"}
    assert answer["createdBy"] == {"__typename": "User"}
    (manifest,) = versions.manifests_with_body(desk.db, artifact.id)
    assert answer["currentManifest"]["digest"] == manifest.digest
    assert (
        f"/storage/artifact_manifests/1/{manifest.id}/" in answer["currentManifest"]["file"]["url"]
    )


def test_an_edit_sets_what_it_names_and_keeps_the_rest(desk: VersionDesk) -> None:
    opaque = desk.id(desk.publish(description="of nets"))
    tags = [{"tagName": "cnn"}, {"tagName": "old"}]
    answer = edited(desk, opaque, metadata='{"a": 1}', ttlDurationSeconds=60, tagsToAdd=tags)
    assert (answer["description"], answer["metadata"]) == ("of nets", '{"a": 1}')
    assert (answer["ttlDurationSeconds"], answer["ttlIsInherited"]) == (60, False)
    answer = edited(desk, opaque, description="", tagsToDelete=tags[1:], ttlDurationSeconds=NO_TTL)
    assert (answer["description"], answer["metadata"]) == ("", '{"a": 1}')
    assert answer["tags"] == [{"name": "cnn"}]
    assert answer["ttlIsInherited"]


def test_a_version_with_aliases_is_deleted_only_with_them(desk: VersionDesk) -> None:
    artifact = desk.publish(aliases=[{"artifactCollectionName": "nets", "alias": "best"}])
    request = {"artifactID": desk.id(artifact)}
    assert isinstance(desk.house.refused("ann", DELETE, input=request), Conflict)
    assert named(desk, "nets:best")["id"] == desk.id(artifact)
    desk.house.ask("ann", DELETE, input={**request, "deleteAliases": True})
    assert named(desk, "nets:best") is None
    assert desk.house.refused("ann", DELETE, input=request).http_status == 404


def test_a_client_finds_its_version_by_its_own_id_and_a_stranger_does_not(
    desk: VersionDesk,
) -> None:
    artifact = desk.publish(clientID="mine")
    answer = desk.house.ask("ann", CLIENT, id="mine")["clientIDMapping"]
    assert answer == {"serverID": desk.id(artifact)}
    assert desk.house.ask("ann", CLIENT, id="nosuch")["clientIDMapping"] is None
    assert desk.house.ask("eve", CLIENT, id="mine")["clientIDMapping"] is None
    assert desk.house.ask("vic", CLIENT, id="mine")["clientIDMapping"] is None


def test_a_draft_has_no_number_and_is_meant_by_no_name(desk: VersionDesk) -> None:
    draft = desk.create("draft")
    assert named(desk, "nets:draft") is None
    assert edited(desk, draft, description="x")["versionIndex"] is None


@pytest.mark.parametrize("opaque", ["x", to_id("Run", 1), md5(b"x")])
def test_what_is_no_id_of_a_version_is_refused(desk: VersionDesk, opaque: str) -> None:
    refusal = desk.house.refused("ann", EDIT, input={"artifactID": opaque})
    assert isinstance(refusal, BadInput)
