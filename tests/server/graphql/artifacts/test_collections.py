"""Collections in lists, filtered: what a filter may say, and what it may not."""

import json

import pytest

from housing_sweep.errors import BadInput
from tests.support.inprocess import START, House

COLLECTIONS = """query($f: JSONString, $order: String) {
    project(entityName: "ann", name: "mine") {
        artifactCollections(filters: $f, order: $order) { edges { node { name } } } } }"""


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
    error = filled.refused("ann", COLLECTIONS, f=filters)
    assert isinstance(error, BadInput)
    with pytest.raises(BadInput, match=words):
        raise error


def test_collections_are_ordered(filled: House) -> None:
    assert listed(filled, {}, order="+name") == ["3", "nets"]
    assert listed(filled, {}, order="-createdAt") == ["3", "nets"]
    assert isinstance(filled.refused("ann", COLLECTIONS, order="colour"), BadInput)
