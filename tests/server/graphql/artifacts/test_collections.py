"""Collections and versions in lists, filtered: what a filter may say, and what it may not."""

import json

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.collections import SEQUENCE
from housing_sweep.server.store.projects import projects
from tests.support.inprocess import START, House

COLLECTIONS = """query($f: JSONString, $order: String) {
    project(entityName: "ann", name: "mine") {
        artifactCollections(filters: $f, order: $order) { edges { node { name } } } } }"""
VERSIONS = """query($f: JSONString) { project(entityName: "ann", name: "mine") {
    artifactCollection(name: "nets") { ... on ArtifactSequence {
        artifacts(filters: $f) { totalCount edges { version } } } } } }"""


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
        versions.publish(house.db, draft, digest="d", size=number, file_count=1, now=START)
    assert memberships.count(house.db, nets.id) == 3
    return house


def listed(house: House, document: object, **variables: object) -> list[str]:
    """Return the names of the collections that a filter lets pass."""
    answer = house.ask("ann", COLLECTIONS, f=json.dumps(document), **variables)
    return [edge["node"]["name"] for edge in answer["project"]["artifactCollections"]["edges"]]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, ["3", "nets"]),
        ({"name": "nets"}, ["nets"]),
        ({"name": 3}, ["3"]),
        ({"name": {"$gt": 3}}, ["nets"]),
        ({"tag": "cnn"}, ["nets"]),
        ({"tag": {"$ne": "cnn"}}, ["3"]),
        ({"tags": {"$exists": False}}, ["3"]),
        ({"description": {"$contains": "all"}}, ["nets"]),
        ({"description": {"$ne": "x"}}, ["3", "nets"]),
        ({"description": {"$regex": ".*"}}, ["nets"]),
        ({"description": {"$gt": 1}}, ["nets"]),
        ({"createdAt": {"$lt": START + 1}}, ["nets"]),
        ({"updatedAt": {"$gt": "2020-01-01"}}, ["3", "nets"]),
        ({"$nor": [{"name": "nets"}, {"tag": "none"}]}, ["3"]),
        ({"$and": [{"name": {"$in": ["nets", "x"]}}, {"$not": {"tag": "x"}}]}, ["nets"]),
    ],
)
def test_collections_are_filtered_by_the_one_engine(
    filled: House, document: object, expected: list[str]
) -> None:
    assert sorted(listed(filled, document)) == expected


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


@pytest.mark.parametrize("query", [COLLECTIONS, VERSIONS])
@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ("{", "filters are not JSON"),
        ('{"colour": 1}', "cannot be filtered by 'colour'"),
        ('{"description": {"$near": 1}}', r"description: unknown filter operator '\$near'"),
        ('{"description": {"$regex": "(a+)+"}}', r"description: \$regex .* may take for ever"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused(
    filled: House, query: str, filters: str, words: str
) -> None:
    error = filled.refused("ann", query, f=filters)
    assert isinstance(error, BadInput)
    with pytest.raises(BadInput, match=words):
        raise error


def test_collections_are_ordered(filled: House) -> None:
    assert listed(filled, {}, order="+name") == ["3", "nets"]
    assert listed(filled, {}, order="-createdAt") == ["3", "nets"]
    assert isinstance(filled.refused("ann", COLLECTIONS, order="colour"), BadInput)
