"""Registry search: what lies in the registries one may read, filtered, ordered, page by page."""

import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects
from tests.support.inprocess import START
from tests.support.version_desk import VersionDesk

COLLECTIONS = """query($name: String!, $registries: JSONString, $filters: JSONString,
    $order: String, $after: String, $first: Int) { organization(name: $name) { orgEntity {
    artifactCollections(projectFilters: $registries, filters: $filters, order: $order,
    after: $after, first: $first) { totalCount pageInfo { endCursor hasNextPage }
    edges { node { name } } } } } }"""
VERSIONS = """query($name: String!, $registries: JSONString, $collections: JSONString,
    $filters: JSONString, $order: String, $after: String, $first: Int) {
    organization(name: $name) { orgEntity { artifactMemberships(projectFilters: $registries,
    collectionFilters: $collections, filters: $filters, order: $order, after: $after,
    first: $first) { totalCount pageInfo { endCursor hasNextPage }
    edges { node { versionIndex artifact { size } } } } } } }"""


@pytest.fixture
def search(desk: VersionDesk) -> VersionDesk:
    """A registry `nets` of `small` and `large`, open to all, and `secret` one of Ann's."""
    organization = users.organization_by_name(desk.db, "acme")
    assert organization is not None
    entity = users.organization_entity(desk.db, organization.id).name
    for name, access in (("nets", "PRIVATE"), ("secret", "RESTRICTED")):
        registry = projects.ensure(
            desk.db, desk.ann, entity, f"wandb-registry-{name}", access=access, now=START
        )
        projects.update(desk.db, registry.id, allow_all_artifact_types=True, now=START)
    sizes = (3, 1, 2)
    artifacts = [desk.publish(str(size), b"x" * size) for size in sizes]
    for artifact, (registry_name, collection) in zip(
        artifacts, (("nets", "large"), ("nets", "small"), ("secret", "hidden")), strict=True
    ):
        where = {"entityName": entity, "projectName": f"wandb-registry-{registry_name}"}
        desk.link(artifact, collection, **where)
    return desk


def search_page(desk: VersionDesk, who: str, query: str, **variables: object) -> Any:
    """Return a page of what somebody finds."""
    texts = {
        key: json.dumps(value) if isinstance(value, dict) else value
        for key, value in variables.items()
    }
    entity = desk.house.ask(who, query, name="acme", **texts)["organization"]["orgEntity"]
    return next(iter(entity.values()))


def names(desk: VersionDesk, who: str, **variables: object) -> list[str]:
    """Return the collections that somebody finds."""
    page = search_page(desk, who, COLLECTIONS, **variables)
    return [edge["node"]["name"] for edge in page["edges"]]


def sizes(desk: VersionDesk, who: str, **variables: object) -> list[int]:
    """Return the sizes of the versions that somebody finds."""
    page = search_page(desk, who, VERSIONS, **variables)
    return [edge["node"]["artifact"]["size"] for edge in page["edges"]]


def test_only_registries_that_one_may_read_are_searched(search: VersionDesk) -> None:
    assert sorted(names(search, "ann")) == ["hidden", "large", "small"]
    assert sorted(names(search, "vic")) == ["large", "small"]
    assert sorted(sizes(search, "ann")) == [1, 2, 3]
    assert sorted(sizes(search, "vic")) == [1, 3]


def test_registries_collections_and_versions_are_filtered(search: VersionDesk) -> None:
    secret = {"name": "wandb-registry-secret"}
    assert names(search, "ann", registries=secret) == ["hidden"]
    assert names(search, "vic", registries=secret) == []
    assert names(search, "ann", filters={"name": "small"}) == ["small"]
    assert sizes(search, "ann", collections={"name": "small"}) == [1]
    assert sorted(sizes(search, "ann", filters={"artifact_size": {"$gt": 1}})) == [2, 3]


def test_what_is_found_is_ordered(search: VersionDesk) -> None:
    assert names(search, "ann", order="name") == ["hidden", "large", "small"]
    assert names(search, "ann", order="-name") == ["small", "large", "hidden"]
    assert sizes(search, "ann", order="artifact_size") == [1, 2, 3]
    assert sizes(search, "ann", order="-artifact_size") == [3, 2, 1]


@pytest.mark.parametrize(
    "variables", [{}, {"order": "artifact_size"}, {"filters": {"size": {"$gt": 0}}}]
)
def test_pages_have_neither_gap_nor_repeat(
    search: VersionDesk, variables: dict[str, object]
) -> None:
    read: list[int] = []
    after: str | None = None
    more = True
    while more:
        page = search_page(search, "ann", VERSIONS, first=2, after=after, **variables)
        assert page["totalCount"] == 3
        read += [edge["node"]["artifact"]["size"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert sorted(read) == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (COLLECTIONS, {"order": "size"}),
        (VERSIONS, {"order": "name"}),
        (VERSIONS, {"filters": {"nosuch": 1}}),
        (COLLECTIONS, {"registries": {"nosuch": 1}}),
        (COLLECTIONS, {"after": "x"}),
    ],
)
def test_a_wrong_question_is_refused(
    search: VersionDesk, query: str, variables: dict[str, object]
) -> None:
    with pytest.raises(BadInput):
        search_page(search, "ann", query, **variables)


def test_a_stranger_finds_nothing(search: VersionDesk) -> None:
    assert search.house.ask("eve", COLLECTIONS, name="acme")["organization"] is None
