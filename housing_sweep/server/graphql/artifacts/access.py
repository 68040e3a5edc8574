"""Which version a request means, if the viewer may see, change or delete it."""

from housing_sweep.errors import NotFound, PermissionDenied
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info
from housing_sweep.server.services import rights
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.collections import CollectionId
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project


def by_opaque_id(info: Info, opaque: str) -> Artifact:
    """Return the readable version that an id on the wire means; raises as `readable`."""
    return readable(info, relay.from_id("Artifact", opaque))


def readable(info: Info, artifact_id: int) -> Artifact:
    """Return a version in any collection that the viewer may read.

    Raises:
        NotFound: no such version, or not for this viewer.
    """
    ctx = info.context
    artifact = versions.find_by_id(ctx.db, artifact_id)
    if artifact is None or not rights.sees(ctx, artifact):
        raise NotFound("artifact not found")
    return artifact


def writable(info: Info, artifact_id: int) -> Artifact:
    """Return a version whose own project the viewer may write to.

    Raises:
        NotFound: no such version, or not for this viewer.
        PermissionDenied: the viewer may only look.
    """
    ctx, artifact = info.context, readable(info, artifact_id)
    project = project_of(ctx, artifact.collection_id)
    if rights.role(ctx, project.id) is None:
        raise PermissionDenied("permission denied: you may not change the source of this version")
    projects.require_writable(ctx.db, ctx.viewer, project)
    return artifact


def deletable(info: Info, artifact_id: int) -> Artifact:
    """Return a version that the viewer may write to wherever it has a place.

    Deleting it takes it out of registries too, so their writers must agree.

    Raises:
        NotFound: no such version, or not for this viewer.
        PermissionDenied: the viewer may only look, here or where it is linked.
    """
    ctx, artifact = info.context, writable(info, artifact_id)
    for membership in memberships.of_artifact(ctx.db, artifact.id):
        project = project_of(ctx, membership.collection_id)
        role = rights.role(ctx, project.id)
        if role not in projects.WRITERS:
            where = f"{project.entity_name}/{project.name}" if role else "a registry you cannot see"
            raise PermissionDenied(
                f"permission denied: this version is linked into {where}",
                fix="ask an admin of that registry to unlink it first",
            )
    return artifact


def project_of(ctx: Context, collection_id: CollectionId) -> Project:
    """Return a collection's project, whoever asks.

    Raises:
        Gone: the collection was deleted meanwhile.
    """
    return projects.get(ctx.db, collections.get(ctx.db, collection_id).project_id)
