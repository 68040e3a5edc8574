"""Links on the wire: a version's place in a portfolio, such as a registry's collection."""

from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts.access import by_opaque_id, readable
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.collections import PORTFOLIO, Collection
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import REGISTRY_PREFIX, Project

MADE_ON_FIRST_LINK = frozenset({f"{REGISTRY_PREFIX}model", f"{REGISTRY_PREFIX}dataset"})
"""The registries every W&B organisation has; others must be created."""


def link_artifact(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Place a version in a portfolio and point aliases at it; again changes nothing."""
    ctx = info.context
    with write(ctx.db):
        artifact = _source(info, input)
        if artifact.state != "COMMITTED":
            raise BadInput("only a committed version can be linked")
        portfolio = _portfolio(info, input, artifact)
        place = memberships.join(ctx.db, portfolio.id, artifact.id, ctx.now)
        for alias in ("latest", *(item["alias"] for item in input.get("aliases") or [])):
            memberships.point(ctx.db, place, alias)
    return {"versionIndex": place.version_index, "artifactMembership": place}


def _source(info: Info, input: dict[str, Any]) -> Artifact:
    if input.get("artifactID"):
        return by_opaque_id(info, input["artifactID"])
    found = versions.by_client_id(info.context.db, input.get("clientID") or "")
    if found is None:
        raise NotFound("the artifact to link does not exist yet")
    return readable(info, found.id)


def _portfolio(info: Info, input: dict[str, Any], artifact: Artifact) -> Collection:
    ctx = info.context
    type_name = collections.type_of(ctx.db, artifact.collection_id).name
    if input.get("artifactPortfolioID"):
        found = collections.by_id(
            ctx.db, relay.from_id("ArtifactCollection", input["artifactPortfolioID"])
        )
        project = projects.by_id(ctx.db, found.project_id) if found else None
        if found is None or project is None or found.kind != PORTFOLIO:
            raise NotFound("portfolio not found")
        projects.require_writable(ctx.db, ctx.viewer, project)
        return collections.ensure(ctx.db, project.id, found.name, type_name, PORTFOLIO, ctx.now)
    name = input.get("artifactPortfolioName")
    if not name:
        raise BadInput("a link needs the name of a portfolio")
    project = _target(info, input.get("entityName"), input.get("projectName") or "")
    _check_accepted(info, project, type_name)
    return collections.ensure(ctx.db, project.id, name, type_name, PORTFOLIO, ctx.now)


def _check_accepted(info: Info, project: Project, type_name: str) -> None:
    if not project.is_registry or project.allow_all_artifact_types:
        return
    accepted = [kind.name for kind in collections.types_of(info.context.db, project.id)]
    if type_name not in accepted:
        raise BadInput(
            f"registry {project.name.removeprefix(REGISTRY_PREFIX)!r} accepts artifacts of type"
            f" {', '.join(accepted) or 'none'}, not {type_name!r}",
            fix="add the type to the registry's artifact_types",
        )


def _target(info: Info, entity_name: str | None, project_name: str) -> Project:
    """Return the project a link goes to.

    Raises:
        NotFound: a registry that does not exist, or not for this viewer.
        PermissionDenied: the viewer may only look.
    """
    ctx = info.context
    entity_name = entity_name or users.default_entity(ctx.db, ctx.viewer).name
    held = projects.find(ctx.db, entity_name, project_name)
    if held is not None:
        return projects.require_writable(ctx.db, ctx.viewer, held)
    if project_name.startswith(REGISTRY_PREFIX) and project_name not in MADE_ON_FIRST_LINK:
        raise NotFound(
            f"registry {project_name.removeprefix(REGISTRY_PREFIX)!r} does not exist",
            fix="create it with wandb.Api().create_registry(...)",
        )
    return projects.ensure(ctx.db, ctx.viewer, entity_name, project_name, now=ctx.now)


def unlink_artifact(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Take a version out of a portfolio; the version itself stays."""
    ctx = info.context
    portfolio = collections.by_id(
        ctx.db, relay.from_id("ArtifactCollection", input["artifactPortfolioID"])
    )
    project = projects.by_id(ctx.db, portfolio.project_id) if portfolio else None
    if portfolio is None or project is None or portfolio.kind != PORTFOLIO:
        raise NotFound("portfolio not found")
    projects.require_writable(ctx.db, ctx.viewer, project)
    artifact_id = collections.ArtifactId(relay.from_id("Artifact", input["artifactID"]))
    place = memberships.find(ctx.db, portfolio.id, artifact_id)
    if place is None:
        raise NotFound(f"this version is not linked to {portfolio.name}")
    memberships.leave(ctx.db, place)
    return {"success": True}


RESOLVERS: Resolvers = {
    "Mutation": {"linkArtifact": link_artifact, "unlinkArtifact": unlink_artifact}
}
