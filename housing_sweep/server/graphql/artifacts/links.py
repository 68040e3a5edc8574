"""Links on the wire: a version's place in a portfolio, such as a registry's collection."""

from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts.access import by_opaque_id, readable
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.services import rights
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
    """Place a version in a portfolio and point aliases at it; again changes nothing.

    It shows the version to others, with its files: who may not have those links nothing.
    """
    ctx = info.context
    with write(ctx.db):
        artifact = _source(info, input)
        rights.require_download(ctx, artifact)
        if artifact.state != "COMMITTED":
            raise BadInput("only a committed version can be linked")
        portfolio = _portfolio(info, input, artifact)
        membership = memberships.add_version(ctx.db, portfolio.id, artifact.id, ctx.now)
        for alias in ("latest", *(item["alias"] for item in input.get("aliases") or [])):
            memberships.set_alias(ctx.db, membership, alias)
    return {"versionIndex": membership.version_index, "artifactMembership": membership}


def _source(info: Info, input: dict[str, Any]) -> Artifact:
    if input.get("artifactID"):
        return by_opaque_id(info, input["artifactID"])
    ctx = info.context
    artifact = versions.by_client_id(ctx.db, ctx.viewer.id, input.get("clientID") or "")
    if artifact is None:
        raise NotFound("the artifact to link does not exist yet")
    return readable(info, artifact.id)


def _portfolio(info: Info, input: dict[str, Any], artifact: Artifact) -> Collection:
    ctx = info.context
    type_name = collections.type_of(ctx.db, artifact.collection_id).name
    if input.get("artifactPortfolioID"):
        same = _writable_portfolio(info, input["artifactPortfolioID"])
        return collections.ensure(ctx.db, same.project_id, same.name, type_name, PORTFOLIO, ctx.now)
    name = input.get("artifactPortfolioName")
    if not name:
        raise BadInput("a link needs the name of a portfolio")
    project = _target(info, input.get("entityName"), input.get("projectName") or "")
    _check_accepted(info, project, type_name)
    return collections.ensure(ctx.db, project.id, name, type_name, PORTFOLIO, ctx.now)


def _writable_portfolio(info: Info, opaque: str) -> Collection:
    ctx = info.context
    portfolio = collections.find_by_id(ctx.db, relay.from_id("ArtifactCollection", opaque))
    if portfolio is None or portfolio.kind != PORTFOLIO:
        raise NotFound("portfolio not found")
    projects.require_writable(ctx.db, ctx.viewer, projects.get(ctx.db, portfolio.project_id))
    return portfolio


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
    project = projects.find(ctx.db, entity_name, project_name)
    if project is not None:
        return projects.require_writable(ctx.db, ctx.viewer, project)
    if project_name.startswith(REGISTRY_PREFIX) and project_name not in MADE_ON_FIRST_LINK:
        raise NotFound(
            f"registry {project_name.removeprefix(REGISTRY_PREFIX)!r} does not exist",
            fix="create it with wandb.Api().create_registry(...)",
        )
    return projects.ensure(ctx.db, ctx.viewer, entity_name, project_name, now=ctx.now)


def unlink_artifact(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Take a version out of a portfolio; the version itself stays."""
    ctx = info.context
    portfolio = _writable_portfolio(info, input["artifactPortfolioID"])
    artifact_id = collections.ArtifactId(relay.from_id("Artifact", input["artifactID"]))
    membership = memberships.find(ctx.db, portfolio.id, artifact_id)
    if membership is None:
        raise NotFound(f"this version is not linked to {portfolio.name}")
    memberships.remove_version(ctx.db, membership)
    return {"success": True}


RESOLVERS: Resolvers = {
    "Mutation": {"linkArtifact": link_artifact, "unlinkArtifact": unlink_artifact}
}
