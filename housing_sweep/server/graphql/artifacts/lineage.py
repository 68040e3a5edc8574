"""Lineage on the wire: which run made a version, which took it, where it is linked.

A version in a registry is seen by people who may not see where it comes from. They get what lies in
projects they may read; the rest is left out, as if it were not there.
"""

from typing import Any

from housing_sweep.errors import NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts.access import by_opaque_id
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.services import rights
from housing_sweep.server.store.artifacts import memberships, versions
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run


def use_artifact(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Record a version as a run's input."""
    ctx, artifact = info.context, by_opaque_id(info, input["artifactID"])
    rights.require_download(ctx, artifact)
    project = projects.require_readable(
        ctx.db, ctx.viewer, input["entityName"], input["projectName"]
    )
    projects.require_writable(ctx.db, ctx.viewer, project)
    run = runs.find(ctx.db, project.id, input["runName"])
    if run is None:
        raise NotFound(f"run {input['runName']} not found")
    versions.use(ctx.db, run.id, artifact.id, input.get("usedAs"), ctx.now)
    return {"artifact": artifact}


def used_by(source: Artifact, info: Info) -> relay.Connection:
    """Return the runs that took a version as input."""
    ctx = info.context
    rows = versions.users_of(ctx.db, source.id)
    return relay.offset_page([run for run in rows if rights.sees(ctx, run)], None, relay.MAX_PAGE)


def created_by(source: Artifact, info: Info) -> object:
    """Return the run that logged a version, or the user who made it without one."""
    ctx = info.context
    if source.run_id is not None:
        run = runs.find_by_id(ctx.db, source.run_id)
        return run if run and rights.sees(ctx, run) else None
    return users.user_by_id(ctx.db, source.user_id) if source.user_id else None


def artifact_memberships(source: Artifact, info: Info) -> relay.Connection:
    """Return every place of a version that the viewer may read, its own sequence first."""
    ctx = info.context
    rows = memberships.of_artifact(ctx.db, source.id)
    readable = [membership for membership in rows if rights.sees(ctx, membership)]
    return relay.offset_page(readable, None, relay.MAX_PAGE)


def outputs(
    source: Run, info: Info, after: str | None = None, first: int | None = None
) -> relay.Connection:
    """Return the versions a run logged."""
    return relay.offset_page(versions.outputs_of(info.context.db, source.id), after, first)


def inputs(
    source: Run, info: Info, after: str | None = None, first: int | None = None
) -> relay.Connection:
    """Return the versions a run took as input, of any project."""
    ctx = info.context
    rows = versions.inputs_of(ctx.db, source.id)
    return relay.offset_page([row for row in rows if rights.sees(ctx, row)], after, first)


RESOLVERS: Resolvers = {
    "Mutation": {"useArtifact": use_artifact},
    "Run": {"outputArtifacts": outputs, "inputArtifacts": inputs},
    "Artifact": {
        "usedBy": used_by,
        "createdBy": created_by,
        "artifactMemberships": artifact_memberships,
    },
}
