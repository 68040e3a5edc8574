"""A version's place in a portfolio: where it may go, again, and out of it."""

import pytest

from housing_sweep.errors import BadInput, NotFound, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects
from tests.support.inprocess import START
from tests.support.version_desk import LINK, VersionDesk

UNLINK = "mutation($input: UnlinkArtifactInput!) { unlinkArtifact(input: $input) { success } }"


def registry_entity(desk: VersionDesk) -> str:
    """Return the name of the entity that holds the organisation's registries."""
    organization = users.organization_by_name(desk.db, "acme")
    assert organization is not None
    return users.organization_entity(desk.db, organization.id).name


def test_a_link_again_changes_nothing_but_its_aliases(desk: VersionDesk) -> None:
    artifact = desk.publish()
    first = desk.link(artifact)
    alias = [{"artifactCollectionName": "shown", "alias": "staging"}]
    assert desk.link(artifact, aliases=alias) == first
    assert first["versionIndex"] == 0
    assert desk.aliases(artifact) == {"latest", "staging"}
    assert desk.link(desk.publish("2"))["versionIndex"] == 1


def test_a_draft_is_not_linked(desk: VersionDesk) -> None:
    draft = versions.get(desk.db, desk.number(desk.create()))
    with pytest.raises(BadInput, match="only a committed version"):
        desk.link(draft)
    assert collections.find(desk.db, desk.project.id, "shown") is None


def test_a_version_is_linked_by_the_clients_own_id(desk: VersionDesk) -> None:
    artifact = desk.publish(clientID="mine")
    assert desk.link(artifact, artifactID=None, clientID="mine")["versionIndex"] == 0
    with pytest.raises(NotFound, match="does not exist yet"):
        desk.link(artifact, artifactID=None, clientID="nosuch")


def test_a_link_needs_a_name_and_no_bad_alias(desk: VersionDesk) -> None:
    artifact = desk.publish()
    with pytest.raises(BadInput, match="needs the name of a portfolio"):
        desk.link(artifact, artifactPortfolioName=None)
    alias = [{"artifactCollectionName": "shown", "alias": "v3"}]
    with pytest.raises(BadInput, match="cannot be an alias"):
        desk.link(artifact, aliases=alias)
    assert len(memberships.of_artifact(desk.db, artifact.id)) == 1


def test_a_registry_takes_the_types_it_accepts(desk: VersionDesk) -> None:
    entity, artifact = registry_entity(desk), desk.publish()
    registry = projects.ensure(desk.db, desk.ann, entity, "wandb-registry-sets", now=START)
    where = {"entityName": entity, "projectName": registry.name}
    projects.update(desk.db, registry.id, allow_all_artifact_types=False, now=START)
    collections.ensure_type(desk.db, registry.id, "dataset", START)
    with pytest.raises(BadInput, match="accepts artifacts of type dataset, not 'model'"):
        desk.link(artifact, **where)
    collections.ensure_type(desk.db, registry.id, "model", START)
    assert desk.link(artifact, **where)["versionIndex"] == 0


def test_only_the_registries_of_every_organization_are_made_by_a_link(desk: VersionDesk) -> None:
    entity, artifact = registry_entity(desk), desk.publish()
    with pytest.raises(NotFound, match="registry 'nosuch' does not exist"):
        desk.link(artifact, entityName=entity, projectName="wandb-registry-nosuch")
    desk.link(artifact, entityName=entity, projectName="wandb-registry-model")
    assert projects.find(desk.db, entity, "wandb-registry-model") is not None


def test_an_unlinked_version_stays_where_it_came_from(desk: VersionDesk) -> None:
    artifact = desk.publish()
    desk.link(artifact)
    portfolio = collections.find(desk.db, desk.project.id, "shown")
    assert portfolio is not None
    request = {
        "artifactID": desk.id(artifact),
        "artifactPortfolioID": to_id("ArtifactCollection", portfolio.id),
    }
    assert isinstance(desk.house.refused("vic", UNLINK, input=request), PermissionDenied)
    desk.house.ask("ann", UNLINK, input=request)
    (place,) = memberships.of_artifact(desk.db, artifact.id)
    assert place.collection_id == artifact.collection_id
    assert isinstance(desk.house.refused("ann", UNLINK, input=request), NotFound)
    own = {**request, "artifactPortfolioID": to_id("ArtifactCollection", artifact.collection_id)}
    assert "portfolio not found" in str(desk.house.refused("ann", UNLINK, input=own))


def test_who_may_not_write_to_the_target_links_nothing(desk: VersionDesk) -> None:
    artifact = desk.publish()
    request = {
        "artifactID": desk.id(artifact),
        "artifactPortfolioName": "shown",
        "entityName": "core",
        "projectName": "mine",
    }
    assert isinstance(desk.house.refused("vic", LINK, input=request), PermissionDenied)
    assert isinstance(desk.house.refused("eve", LINK, input=request), NotFound)
    assert len(memberships.of_artifact(desk.db, artifact.id)) == 1
