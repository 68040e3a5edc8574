"""Which runs a request may change: how every mutation of runs and their files finds its run."""

from typing import Any

from housing_sweep.errors import NotFound
from housing_sweep.server.graphql.relay import Info
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run


def writable(info: Info, run_id: int) -> Run:
    """Return a run the viewer may change.

    Raises:
        NotFound: no such run, or not for this viewer.
        PermissionDenied: the viewer may only look.
    """
    ctx = info.context
    run = runs.find_by_id(ctx.db, run_id)
    project = projects.find_by_id(ctx.db, run.project_id) if run else None
    if run is None or project is None:
        raise NotFound("run not found", fix="it may have been deleted")
    projects.require_writable(ctx.db, ctx.viewer, project)
    return run


def writable_by_name(info: Info, input: dict[str, Any]) -> Run:
    """Return the run that `entityName`, `projectName`, `runName` name, if the viewer may write."""
    ctx = info.context
    project = projects.require_readable(
        ctx.db, ctx.viewer, input.get("entityName"), input.get("projectName")
    )
    projects.require_writable(ctx.db, ctx.viewer, project)
    run = runs.find(ctx.db, project.id, input["runName"])
    if run is None:
        raise NotFound(f"run {project.entity_name}/{project.name}/{input['runName']} not found")
    return run
