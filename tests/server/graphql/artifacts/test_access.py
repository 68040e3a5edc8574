"""Who may see, download and change a version: by the projects it has a place in."""

import pytest

from housing_sweep.errors import HousingSweepError, NotFound, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.artifacts import memberships, versions
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.people import members, users
from housing_sweep.server.store.projects import projects, roles
from housing_sweep.server.store.projects.projects import Project
from tests.support.inprocess import START
from tests.support.version_desk import VersionDesk

SHOW = "query($id: ID!) { artifact(id: $id) { digest } }"
EDIT = (
    "mutation($input: UpdateArtifactInput!) { updateArtifact(input: $input) { artifact { id } } }"
)
DELETE = (
    "mutation($input: DeleteArtifactInput!) { deleteArtifact(input: $input) { artifact { id } } }"
)
FILES = """query($id: ID!) { artifact(id: $id) { filesByManifestEntries(
    storageLayout: "V2", manifestVersion: "1", entries: [{name: "w", digest: "d"}]) {
    edges { node { name } } } } }"""


@pytest.fixture
def linked(desk: VersionDesk) -> tuple[VersionDesk, Artifact, Project]:
    """A version of the team's in a registry of Ann's, where Dan has a place, too."""
    desk.house.user("dan")
    entity = users.organization_entity(desk.db, organization(desk).id)
    registry = projects.ensure(desk.db, desk.ann, entity.name, "wandb-registry-nets", now=START)
    projects.update(desk.db, registry.id, allow_all_artifact_types=True, now=START)
    artifact = desk.publish()
    desk.link(artifact, entityName=entity.name, projectName=registry.name)
    return desk, artifact, registry


def organization(desk: VersionDesk) -> users.Organization:
    """Return the team's organisation."""
    organization = users.organization_by_name(desk.db, "acme")
    assert organization is not None
    return organization


def give(desk: VersionDesk, registry: Project, role: str) -> None:
    """Give Dan a role in the registry."""
    roles.add(desk.db, registry.id, [desk.house.id_of("dan")], [], role, START)


def digest_for(desk: VersionDesk, who: str, artifact: Artifact) -> str | None:
    """Return the version's digest as somebody sees it."""
    answer = desk.house.ask(who, SHOW, id=desk.id(artifact))["artifact"]
    return answer["digest"] if answer else None


def refusal(desk: VersionDesk, who: str, mutation: str, artifact: Artifact) -> HousingSweepError:
    """Return how somebody's change is refused."""
    return desk.house.refused(who, mutation, input={"artifactID": desk.id(artifact)})


def test_a_version_is_seen_by_its_projects_readers_only(desk: VersionDesk) -> None:
    artifact = desk.publish()
    assert digest_for(desk, "vic", artifact) == artifact.digest
    assert digest_for(desk, "eve", artifact) is None
    assert desk.house.ask("ann", SHOW, id=to_id("Artifact", 999))["artifact"] is None


def test_a_place_in_a_registry_shows_it_to_the_registrys_readers(
    linked: tuple[VersionDesk, Artifact, Project],
) -> None:
    desk, artifact, registry = linked
    assert digest_for(desk, "dan", artifact) is None
    give(desk, registry, "viewer")
    assert digest_for(desk, "dan", artifact) == artifact.digest


def test_it_is_changed_by_writers_of_its_own_project_only(
    linked: tuple[VersionDesk, Artifact, Project],
) -> None:
    desk, artifact, registry = linked
    give(desk, registry, "admin")
    for mutation in (EDIT, DELETE):
        assert isinstance(refusal(desk, "vic", mutation, artifact), PermissionDenied)
        assert isinstance(refusal(desk, "eve", mutation, artifact), NotFound)
        assert "may not change the source" in str(refusal(desk, "dan", mutation, artifact))
    assert versions.get(desk.db, artifact.id) == artifact


def test_it_is_not_deleted_out_of_a_registry_by_who_may_not_write_there(
    linked: tuple[VersionDesk, Artifact, Project],
) -> None:
    desk, artifact, registry = linked
    request = {"artifactID": desk.id(artifact), "deleteAliases": True}
    acme = organization(desk)
    members.set_organization_role(desk.db, acme.id, desk.ann.id, "member", now=START)
    roles.set_role(desk.db, registry.id, "viewer", user=desk.ann.id)
    assert f"linked into {registry.entity_name}/" in str(refusal(desk, "ann", DELETE, artifact))
    assert len(memberships.of_artifact(desk.db, artifact.id)) == 2
    roles.set_role(desk.db, registry.id, "member", user=desk.ann.id)
    desk.house.ask("ann", DELETE, input=request)
    assert versions.find_by_id(desk.db, artifact.id) is None


def test_who_only_looks_may_not_download(
    linked: tuple[VersionDesk, Artifact, Project],
) -> None:
    desk, artifact, registry = linked
    give(desk, registry, "restricted_viewer")
    assert digest_for(desk, "dan", artifact) == artifact.digest
    refused = desk.house.refused("dan", FILES, id=desk.id(artifact))
    assert "not download it" in str(refused)
    roles.set_role(desk.db, registry.id, "viewer", user=desk.house.id_of("dan"))
    answer = desk.house.ask("dan", FILES, id=desk.id(artifact))["artifact"]
    assert [edge["node"]["name"] for edge in answer["filesByManifestEntries"]["edges"]] == ["w"]
