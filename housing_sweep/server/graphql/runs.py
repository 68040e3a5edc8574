"""Runs on the wire: create, update, list, end. W&B's old word for a run is `bucket`."""

import json
from typing import Any

from housing_sweep.errors import BadInput, NotFound, NotSupported
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store import history, people, projects, run_query, runs, sweeps
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import User
from housing_sweep.server.store.projects import Project, ProjectId
from housing_sweep.server.store.runs import Run

_COLUMN_OF = {
    "displayName": "display_name",
    "groupName": "group_name",
    "jobType": "job_type",
    "description": "description",
    "notes": "notes",
    "host": "host",
    "jobProgram": "program",
    "commit": "commit_sha",
    "jobRepo": "repo",
    "config": "config",
    "summaryMetrics": "summary",
}
"""Field of `UpsertBucketInput` -> column; null keeps what is stored, "" clears it."""

STATE_CHANGES = {
    "pending": frozenset({"running", "failed", "crashed", "preempted"}),
    "failed": frozenset({"pending", "running"}),
}
"""New state -> the states it may come from, when a client asks (`Run.update_state`)."""


def upsert_bucket(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Create a run, or update what the request names; the SDK sends it at init and later."""
    ctx = info.context
    columns = {col: input[key] for key, col in _COLUMN_OF.items() if input.get(key) is not None}
    if input.get("tags") is not None:
        columns["tags"] = json.dumps(input["tags"])
    with write(ctx.db):
        if input.get("id"):
            run = writable(info, relay.from_id("Run", input["id"]))
            runs.update(ctx.db, run.id, now=ctx.now, **columns)
            return {"bucket": runs.by_id(ctx.db, run.id), "inserted": False}
        project = projects.ensure(
            ctx.db,
            ctx.viewer,
            input.get("entityName"),
            input.get("modelName") or "uncategorized",
            now=ctx.now,
        )
        if input.get("sweep"):
            columns["sweep_id"] = _sweep_id(info, project, input["sweep"])
        name = _checked_name(input.get("name"))
        held = runs.find(ctx.db, project.id, name)
        if held is None:
            run = runs.create(
                ctx.db,
                project.id,
                name,
                user_id=ctx.viewer.id,
                state=input.get("state") or "running",
                now=ctx.now,
                **columns,
            )
        else:
            run = _update(info, held, columns, input.get("state"))
    return {"bucket": run, "inserted": held is None}


def _update(info: Info, held: Run, columns: dict[str, Any], state: str | None) -> Run:
    """A known run: it speaks again, so it is running, unless the request says otherwise.

    A run id used again without `resume` keeps its lines: the client continues at the count we
    return. Losing nothing beats starting clean, which `run.delete()` gives.
    """
    ctx = info.context
    runs.update(ctx.db, held.id, now=ctx.now, **columns)
    if state:
        runs.set_state(ctx.db, held.id, state, ctx.now)
    elif held.state in runs.ENDED:
        runs.resume(ctx.db, held.id, ctx.now)
    else:
        runs.mark_alive(ctx.db, held.id, ctx.now)
    run = runs.by_id(ctx.db, held.id)
    assert run is not None
    return run


def _checked_name(name: str | None) -> str:
    if name is None:
        return runs.new_name()
    if not name or len(name) > 128 or any(c in "/\\#?%:" for c in name):
        raise BadInput(f"{name!r} is not a run id", fix="use up to 128 characters without /\\#?%:")
    return name


def _sweep_id(info: Info, project: Project, name: str) -> int:
    sweep = sweeps.find(info.context.db, project.id, name)
    if sweep is None:
        raise NotFound(f"sweep {project.entity_name}/{project.name}/{name} not found")
    return sweep.id


def writable(info: Info, run_id: int) -> Run:
    """Return a run the viewer may change.

    Raises:
        NotFound: no such run, or not for this viewer.
        PermissionDenied: the viewer may only look.
    """
    ctx = info.context
    run = runs.by_id(ctx.db, run_id)
    project = projects.by_id(ctx.db, run.project_id) if run else None
    if run is None or project is None:
        raise NotFound("run not found")
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


def delete_run(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Remove a run with its lines and files."""
    run = writable(info, relay.from_id("Run", input["id"]))
    runs.delete(info.context.db, run.id)
    return {"clientMutationId": None}


def stop_run(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Ask a run to stop at its next post."""
    run = writable(info, relay.from_id("Run", input["id"]))
    runs.ask_to_stop(info.context.db, run.id, info.context.now)
    return {"success": True}


def update_run_state(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Set a run's state by hand, where W&B allows it; never of a sweep's trial."""
    run, wanted = writable(info, relay.from_id("Run", input["id"])), input["state"].lower()
    if run.sweep_id is not None or run.state not in STATE_CHANGES.get(wanted, frozenset()):
        raise BadInput(f"invalid state transition from {run.state} to {wanted}")
    runs.set_state(info.context.db, run.id, wanted, info.context.now)
    return {"success": True}


def notify(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Keep an alert of `run.alert`; the web page of the run shows it."""
    run = writable_by_name(info, input)
    runs.add_alert(
        info.context.db,
        run.id,
        input["title"],
        input["text"],
        input.get("severity"),
        info.context.now,
    )
    return {"success": True}


def rewind_run(_root: None, _info: Info, input: dict[str, Any]) -> None:
    """Refuse: history is append-only here."""
    raise NotSupported(
        f"rewinding {input['runName']} is not supported by the local server",
        fix="start a new run, or resume this one",
    )


def create_custom_chart(_root: None, _info: Info, input: dict[str, Any]) -> None:
    """Refuse: charts of our own design need W&B's pages."""
    raise NotSupported(f"custom chart {input['name']!r} is not supported by the local server")


def project_run(
    source: Project, info: Info, name: str, desc: str | None = None, missingOk: bool | None = None
) -> Run | None:
    """Return a run of this project, or null."""
    return runs.find(info.context.db, source.id, name)


def project_runs(
    source: Project,
    info: Info,
    filters: str | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> relay.Connection:
    """Return one page of runs. The client pages by the last edge's cursor."""
    size = relay.page_size(first)
    found = run_query.page(
        info.context.db, source.id, parse_filters(filters), order, after=after, limit=size + 1
    )
    edges = [relay.Edge(item.run, item.cursor) for item in found]
    return relay.connection(edges, size)


def run_count(source: Project, info: Info, filters: str | None = None) -> int:
    """Return how many runs match."""
    return run_query.count(info.context.db, source.id, parse_filters(filters))


def parse_filters(text: str | None) -> object:
    """Return a filter document.

    Raises:
        BadInput: it is not JSON.
    """
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise BadInput(f"filters are not JSON: {error}") from None


def run_user(source: Run, info: Info) -> User | None:
    """Return who made a run; read once a request."""
    ctx = info.context
    if source.user_id is None:
        return None
    key = ("user", source.user_id)
    if key not in ctx.cache:
        ctx.cache[key] = people.user_by_id(ctx.db, source.user_id)
    held = ctx.cache[key]
    return held if isinstance(held, User) else None


def run_project(source: Run, info: Info) -> Project | None:
    """Return the project a run belongs to."""
    return projects.by_id(info.context.db, ProjectId(source.project_id))


def sweep_name(source: Run, info: Info) -> str | None:
    """Return the name of the sweep that a run is a trial of."""
    if source.sweep_id is None:
        return None
    ctx, key = info.context, ("sweep name", source.sweep_id)
    if key not in ctx.cache:
        sweep = sweeps.by_id(ctx.db, source.sweep_id)
        ctx.cache[key] = sweep.name if sweep else None
    return str(ctx.cache[key])


def wandb_config(source: Run, _info: Info, keys: list[str] | None = None) -> str:
    """Return W&B's own part of a config; a run "exists" for resuming only if it has `t`."""
    held = json.loads(source.config).get("_wandb", {})
    held = held.get("value", held) if isinstance(held, dict) else {}
    return json.dumps({key: held[key] for key in held if keys is None or key in keys})


def system_metrics(source: Run, info: Info) -> str:
    """Return the last system-metrics line."""
    last = history.tail(info.context.db, "events", source.id)
    return last[-1] if last else "{}"


RESOLVERS: Resolvers = {
    "Project": {
        "run": project_run,
        "bucket": project_run,
        "runs": project_runs,
        "runCount": run_count,
    },
    "Mutation": {
        "upsertBucket": upsert_bucket,
        "deleteRun": delete_run,
        "stopRun": stop_run,
        "updateRunState": update_run_state,
        "notifyScriptableRunAlert": notify,
        "rewindRun": rewind_run,
        "createCustomChart": create_custom_chart,
    },
    "Run": {
        "displayName": lambda run, _info: run.display_name or run.name,
        "summaryMetrics": lambda run, _info: run.summary,
        "systemMetrics": system_metrics,
        "tags": lambda run, _info: run.tag_list,
        "sweepName": sweep_name,
        "group": lambda run, _info: run.group_name,
        "commit": lambda run, _info: run.commit_sha,
        "readOnly": lambda _run, _info: False,
        "historyLineCount": lambda run, _info: run.history_lines,
        "eventsLineCount": lambda run, _info: run.event_lines,
        "logLineCount": lambda run, _info: run.log_lines,
        "user": run_user,
        "project": run_project,
        "exitcode": lambda run, _info: run.exit_code,
        "shouldStop": lambda run, _info: bool(run.should_stop),
        "failed": lambda run, _info: run.state in ("failed", "crashed"),
        "stopped": lambda run, _info: run.state == "killed",
        "running": lambda run, _info: run.state == "running",
        "wandbConfig": wandb_config,
    },
}
