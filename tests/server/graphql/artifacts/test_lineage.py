"""Which run made a version, which took it, and what of it a stranger to the source may see."""

from typing import Any

import pytest

from housing_sweep.errors import NotFound, PermissionDenied
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects, roles
from tests.support.inprocess import START
from tests.support.version_desk import VersionDesk

RUN = "mutation($input: UpsertBucketInput!) { upsertBucket(input: $input) { inserted } }"
USE = "mutation($input: UseArtifactInput!) { useArtifact(input: $input) { artifact { id } } }"
SHOW = """query($id: ID!) { artifact(id: $id) { createdBy { __typename ... on Run { name }
    ... on User { username } } usedBy { edges { node { name } } }
    artifactMemberships { edges { node { artifactCollection { name } } } } } }"""
ENDS = """query($entity: String, $project: String, $run: String!) {
    project(entityName: $entity, name: $project) { run(name: $run) {
    outputArtifacts { edges { node { id } } } inputArtifacts { edges { node { id } } } } } }"""


@pytest.fixture
def lineage(desk: VersionDesk) -> VersionDesk:
    """A run of the team's, and one of Eve's."""
    start(desk, "ann", "core", "mine", "maker")
    start(desk, "eve", "eve", "hers", "taker")
    return desk


def start(desk: VersionDesk, who: str, entity: str, project: str, name: str) -> None:
    """Begin a run."""
    request = {"entityName": entity, "modelName": project, "name": name}
    desk.house.ask(who, RUN, input=request)


def use(entity: str, project: str, run: str, opaque: str) -> dict[str, str]:
    """Return a request of a run to take a version."""
    return {"artifactID": opaque, "entityName": entity, "projectName": project, "runName": run}


def names(connection: Any) -> list[str]:
    """Return the names of the nodes of a connection."""
    return [edge["node"]["name"] for edge in connection["edges"]]


def lineage_of(desk: VersionDesk, who: str, opaque: str) -> Any:
    """Return what somebody is told of a version's lineage."""
    return desk.house.ask(who, SHOW, id=opaque)["artifact"]


def ends(desk: VersionDesk, who: str, entity: str, project: str, run: str) -> Any:
    """Return the ids of what a run made and took."""
    answer = desk.house.ask(who, ENDS, entity=entity, project=project, run=run)
    run_shown = answer["project"]["run"]
    return [
        [edge["node"]["id"] for edge in run_shown[end]["edges"]]
        for end in ("outputArtifacts", "inputArtifacts")
    ]


def test_a_run_is_told_with_what_it_made_and_took(lineage: VersionDesk) -> None:
    data = lineage.id(lineage.publish("data"))
    model = lineage.id(lineage.publish("model", runName="maker"))
    for _ in range(2):  # the answer was lost
        lineage.house.ask("ann", USE, input=use("core", "mine", "maker", data))
    assert ends(lineage, "vic", "core", "mine", "maker") == [[model], [data]]
    assert lineage_of(lineage, "vic", model)["createdBy"] == {"__typename": "Run", "name": "maker"}
    assert lineage_of(lineage, "vic", data)["createdBy"] == {
        "__typename": "User",
        "username": "ann",
    }
    assert names(lineage_of(lineage, "vic", data)["usedBy"]) == ["maker"]


def test_a_version_is_taken_only_by_runs_one_may_write_to(lineage: VersionDesk) -> None:
    data = lineage.id(lineage.publish("data"))
    taken = use("core", "mine", "maker", data)
    assert isinstance(lineage.house.refused("vic", USE, input=taken), PermissionDenied)
    assert isinstance(lineage.house.refused("eve", USE, input=taken), NotFound)
    missing = use("core", "mine", "nosuch", data)
    assert isinstance(lineage.house.refused("ann", USE, input=missing), NotFound)
    assert names(lineage_of(lineage, "ann", data)["usedBy"]) == []


def test_who_sees_a_version_in_a_registry_sees_nothing_of_its_source(lineage: VersionDesk) -> None:
    organization = users.organization_by_name(lineage.db, "acme")
    assert organization is not None
    entity = users.organization_entity(lineage.db, organization.id).name
    artifact = lineage.publish("model", runName="maker")
    lineage.link(artifact, entityName=entity, projectName="wandb-registry-model")
    registry = projects.find(lineage.db, entity, "wandb-registry-model")
    assert registry is not None
    eve, opaque = lineage.house.id_of("eve"), lineage.id(artifact)
    roles.add(lineage.db, registry.id, [eve], [], "restricted_viewer", START)
    taken = use("eve", "hers", "taker", opaque)
    assert isinstance(lineage.house.refused("eve", USE, input=taken), PermissionDenied)
    roles.set_role(lineage.db, registry.id, "viewer", user=eve)
    lineage.house.ask("eve", USE, input=taken)
    answer = lineage_of(lineage, "eve", opaque)
    assert answer["createdBy"] is None
    assert names(answer["usedBy"]) == ["taker"]
    places = [edge["node"]["artifactCollection"] for edge in answer["artifactMemberships"]["edges"]]
    assert places == [{"name": "shown"}]
    assert names(lineage_of(lineage, "ann", opaque)["usedBy"]) == [], (
        "a run of a stranger's project"
    )
    assert ends(lineage, "eve", "eve", "hers", "taker") == [[], [opaque]]
    roles.remove(lineage.db, registry.id, [eve], [])
    assert ends(lineage, "eve", "eve", "hers", "taker") == [[], []]
