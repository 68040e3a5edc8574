"""Changes of collections: names, types, tags and aliases, and what may not be deleted."""

from typing import Any

from housing_sweep.errors import BadInput, Conflict, NotFound, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.artifacts import collections, versions
from housing_sweep.server.store.artifacts.collections import Collection
from housing_sweep.server.store.artifacts.versions import Artifact
from tests.support.version_desk import VersionDesk

ALIASES = (
    """mutation($input: {kind}AliasesInput!) {{ {call}Aliases(input: $input) {{ success }} }}"""
)
ADD = ALIASES.format(kind="Add", call="add")
REMOVE = ALIASES.format(kind="Delete", call="delete")
EDIT = """mutation($input: UpdateArtifactSequenceInput!) { updateArtifactSequence(input: $input) {
    artifactCollection { name description } } }"""
MOVE = """mutation($input: MoveArtifactSequenceInput!) { moveArtifactSequence(input: $input) {
    artifactCollection { defaultArtifactType { name } } } }"""
DELETE = """mutation($input: DeleteArtifactSequenceInput!) {
    deleteArtifactSequence(input: $input) { artifactCollection { name } } }"""
TAG = """mutation($input: CreateArtifactCollectionTagAssignmentsInput!) {
    createArtifactCollectionTagAssignments(input: $input) { tags { name } } }"""
UNTAG = """mutation($input: DeleteArtifactCollectionTagAssignmentsInput!) {
    deleteArtifactCollectionTagAssignments(input: $input) { success } }"""
NETS = {"entityName": "core", "projectName": "mine", "artifactCollectionName": "nets"}


def nets(desk: VersionDesk) -> Collection:
    """Return the collection as it is now."""
    collection = collections.find(desk.db, desk.project.id, "nets")
    assert collection is not None
    return collection


def aliases(desk: VersionDesk, artifact: Artifact, *names: str, **where: str) -> dict[str, Any]:
    """Return a request about aliases of a version."""
    items = [{**NETS, **where, "alias": name} for name in names]
    return {"artifactID": desk.id(artifact), "aliases": items}


def sequence(desk: VersionDesk, **fields: str) -> dict[str, str]:
    """Return a request about the collection."""
    return {"artifactSequenceID": to_id("ArtifactCollection", nets(desk).id), **fields}


def test_an_alias_moves_and_its_old_holder_loses_it(desk: VersionDesk) -> None:
    first, second = desk.publish("1"), desk.publish("2")
    for artifact in (first, second, second):
        desk.house.ask("ann", ADD, input=aliases(desk, artifact, "best"))
    assert "best" not in desk.aliases(first)
    assert "best" in desk.aliases(second)
    desk.house.ask("ann", REMOVE, input=aliases(desk, first, "best"))
    assert "best" in desk.aliases(second), "it moved there meanwhile"
    desk.house.ask("ann", REMOVE, input=aliases(desk, second, "best"))
    assert "best" not in desk.aliases(second)


def test_aliases_are_set_all_or_none(desk: VersionDesk) -> None:
    artifact = desk.publish()
    refusal = desk.house.refused("ann", ADD, input=aliases(desk, artifact, "good", "v3"))
    assert isinstance(refusal, BadInput)
    elsewhere = aliases(desk, artifact, "good", artifactCollectionName="nosuch")
    assert isinstance(desk.house.refused("ann", ADD, input=elsewhere), NotFound)
    assert desk.aliases(artifact) == {"latest"}


def test_a_version_has_aliases_only_where_it_has_a_place(desk: VersionDesk) -> None:
    artifact = desk.publish()
    desk.publish("other", artifactCollectionName="trees")
    elsewhere = aliases(desk, artifact, "best", artifactCollectionName="trees")
    assert "not in core/mine/trees" in str(desk.house.refused("ann", ADD, input=elsewhere))


def test_a_collection_is_renamed_and_described(desk: VersionDesk) -> None:
    desk.publish(), desk.publish("other", artifactCollectionName="trees")
    request = sequence(desk)
    answer = desk.house.ask("ann", EDIT, input={**request, "description": "all"})
    assert answer["updateArtifactSequence"]["artifactCollection"] == {
        "name": "nets",
        "description": "all",
    }
    for name, kind in (("trees", Conflict), ("a/b", BadInput), ("", BadInput)):
        refusal = desk.house.refused("ann", EDIT, input={**request, "name": name})
        assert isinstance(refusal, kind), name
    assert nets(desk).description == "all"


def test_a_collection_gets_another_type_if_that_is_one(desk: VersionDesk) -> None:
    desk.publish()
    request = sequence(desk, destinationArtifactTypeName="a/b")
    assert isinstance(desk.house.refused("ann", MOVE, input=request), BadInput)
    assert collections.type_of(desk.db, nets(desk).id).name == "model"
    desk.house.ask("ann", MOVE, input=sequence(desk, destinationArtifactTypeName="dataset"))
    assert collections.type_of(desk.db, nets(desk).id).name == "dataset"


def test_a_collection_goes_with_its_versions_unless_one_is_linked(desk: VersionDesk) -> None:
    artifact = desk.publish()
    desk.link(artifact)
    refusal = desk.house.refused("ann", DELETE, input=sequence(desk))
    assert isinstance(refusal, Conflict)
    assert "v0 of nets is linked elsewhere" in str(refusal)
    portfolio = collections.find(desk.db, desk.project.id, "shown")
    assert portfolio is not None
    collections.delete(desk.db, portfolio.id)
    assert versions.find_by_id(desk.db, artifact.id) is not None
    desk.house.ask("ann", DELETE, input=sequence(desk))
    assert versions.find_by_id(desk.db, artifact.id) is None


def test_tags_are_added_once_and_removed(desk: VersionDesk) -> None:
    desk.publish()
    for _ in range(2):
        request = {**NETS, "tags": [{"tagName": "cnn"}, {"tagName": "old"}]}
        answer = desk.house.ask("ann", TAG, input=request)
        tags = answer["createArtifactCollectionTagAssignments"]["tags"]
        assert [tag["name"] for tag in tags] == ["cnn", "old"]
    desk.house.ask("ann", UNTAG, input={**NETS, "tags": [{"tagName": "old"}]})
    assert collections.tags(desk.db, nets(desk).id) == ["cnn"]


def test_only_a_writer_changes_a_collection(desk: VersionDesk) -> None:
    artifact = desk.publish()
    before = nets(desk)
    for mutation, request in (
        (ADD, aliases(desk, artifact, "best")),
        (EDIT, sequence(desk, name="mine")),
        (MOVE, sequence(desk, destinationArtifactTypeName="dataset")),
        (DELETE, sequence(desk)),
        (TAG, {**NETS, "tags": [{"tagName": "cnn"}]}),
    ):
        assert isinstance(desk.house.refused("vic", mutation, input=request), PermissionDenied)
        assert isinstance(desk.house.refused("eve", mutation, input=request), NotFound)
    assert nets(desk) == before
    assert desk.aliases(artifact) == {"latest"}
