"""The versions of a collection: by name, in pages, ordered, filtered, with their aliases."""

import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput
from tests.support.inprocess import START, House
from tests.support.version_desk import VersionDesk

VERSIONS = """query($f: JSONString) { project(entityName: "ann", name: "mine") {
    artifactCollection(name: "nets") { ... on ArtifactSequence {
        artifacts(filters: $f) { totalCount edges { version } } } } } }"""
PAGES = """query($after: String, $first: Int, $order: String, $filters: JSONString) {
    project(entityName: "core", name: "mine") { artifactCollection(name: "nets") {
    ... on ArtifactSequence { latestArtifact { id } aliases { edges { node { alias
    artifactCollection { name } } } } artifacts(after: $after, first: $first, order: $order,
    filters: $filters) { totalCount pageInfo { endCursor hasNextPage }
    edges { version node { id } } } } } } }"""
MEMBER = """query($name: String!, $alias: String!) { project(entityName: "core", name: "mine") {
    artifactCollectionMembership(name: $name) { versionIndex aliases { alias }
    artifactCollection { name } artifact { id } }
    artifactCollection(name: "nets") { artifactMembership(aliasName: $alias) { versionIndex } } }
    }"""


def nets(desk: VersionDesk, **variables: object) -> Any:
    """Return what is told of the collection."""
    return desk.house.ask("vic", PAGES, **variables)["project"]["artifactCollection"]


def numbers(desk: VersionDesk, **variables: object) -> list[str]:
    """Return the versions on a page."""
    return [edge["version"] for edge in nets(desk, **variables)["artifacts"]["edges"]]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"state": "COMMITTED"}, ["v2", "v1", "v0"]),
        ({"alias": "first"}, ["v0"]),
        ({"version": {"$gte": 1}}, ["v2", "v1"]),
        ({"version": {"$gt": "v1"}}, ["v2"]),
        ({"metadata.loss": {"$lt": 0.15}}, ["v1", "v0"]),
        ({"metadata.loss": {"$lt": "a"}}, []),
        ({"metadata.kind": {"$gt": 1}}, []),
        ({"metadata.none": {"$ne": 1}}, ["v2", "v1", "v0"]),
        ({"size": {"$in": [0, 2]}}, ["v2", "v0"]),
        ({"createdAt": START + 1}, ["v1"]),
    ],
)
def test_versions_are_filtered_by_the_one_engine(
    filled: House, document: object, expected: list[str]
) -> None:
    answer = filled.ask("ann", VERSIONS, f=json.dumps(document))
    page = answer["project"]["artifactCollection"]["artifacts"]
    assert [edge["version"] for edge in page["edges"]] == expected
    assert page["totalCount"] == len(expected)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ("{", "filters are not JSON"),
        ('{"colour": 1}', "cannot be filtered by 'colour'"),
        ('{"description": {"$near": 1}}', r"description: unknown filter operator '\$near'"),
        ('{"description": {"$regex": "(?=(a+)+)"}}', r"description: \$regex .* may take for ever"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(
    filled: House, filters: str, words: str
) -> None:
    error = filled.refused("ann", VERSIONS, f=filters)
    assert isinstance(error, BadInput)
    with pytest.raises(BadInput, match=words):
        raise error


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ["v4", "v3", "v2", "v1", "v0"]),
        ({"order": "+size"}, ["v0", "v1", "v2", "v3", "v4"]),
        ({"order": "+version_index"}, ["v0", "v1", "v2", "v3", "v4"]),
        ({"order": "-version_index"}, ["v4", "v3", "v2", "v1", "v0"]),
        ({"filters": '{"version": {"$ne": 2}}'}, ["v4", "v3", "v1", "v0"]),
        ({"filters": '{"version": {"$ne": 2}}', "order": "+version"}, ["v0", "v1", "v3", "v4"]),
    ],
)
def test_pages_have_neither_gap_nor_repeat(
    desk: VersionDesk, variables: dict[str, object], expected: list[str]
) -> None:
    for number in range(5):
        desk.publish(str(number), b"x" * (number + 1))
    read: list[str] = []
    after: str | None = None
    more = True
    while more:
        page = nets(desk, first=2, after=after, **variables)["artifacts"]
        assert page["totalCount"] == len(expected)
        read += [edge["version"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert read == expected


def test_an_order_that_is_none_is_refused(desk: VersionDesk) -> None:
    desk.publish()
    with pytest.raises(BadInput, match="cannot be ordered by 'colour'"):
        nets(desk, order="colour")


def test_drafts_are_not_listed(desk: VersionDesk) -> None:
    desk.publish()
    desk.create("draft")
    assert numbers(desk) == ["v0"]
    assert nets(desk, filters='{"state": "PENDING"}')["artifacts"]["totalCount"] == 0


def test_a_collection_tells_its_aliases_and_what_latest_means(desk: VersionDesk) -> None:
    artifact = desk.publish(aliases=[{"artifactCollectionName": "nets", "alias": "best"}])
    answer = nets(desk)
    assert answer["latestArtifact"] == {"id": desk.id(artifact)}
    aliases = [edge["node"] for edge in answer["aliases"]["edges"]]
    assert {item["alias"] for item in aliases} == {"best", "latest"}
    assert all(item["artifactCollection"] == {"name": "nets"} for item in aliases)


def test_a_place_is_meant_by_name_and_by_alias(desk: VersionDesk) -> None:
    artifact = desk.publish()
    project = desk.house.ask("vic", MEMBER, name="nets:v0", alias="latest")["project"]
    assert project["artifactCollectionMembership"] == {
        "versionIndex": 0,
        "aliases": [{"alias": "latest"}],
        "artifactCollection": {"name": "nets"},
        "artifact": {"id": desk.id(artifact)},
    }
    assert project["artifactCollection"]["artifactMembership"] == {"versionIndex": 0}
    project = desk.house.ask("vic", MEMBER, name="nets:v9", alias="nosuch")["project"]
    assert project["artifactCollectionMembership"] is None
    assert project["artifactCollection"]["artifactMembership"] is None
