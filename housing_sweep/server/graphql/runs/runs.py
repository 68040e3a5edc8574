"""Runs on the wire: list, show, stop, delete. W&B's old word for a run is `bucket`."""

import json
from typing import Any

from housing_sweep.errors import BadInput, Conflict, NotSupported
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.graphql.runs.access import writable, writable_by_name
from housing_sweep.server.graphql.runs.start import own_part
from housing_sweep.server.rules.filters import parse
from housing_sweep.server.services import rights
from housing_sweep.server.store.artifacts import memberships, versions
from housing_sweep.server.store.artifacts.memberships import Alias
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.users import User
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project, ProjectId
from housing_sweep.server.store.runs import history, query, runs
from housing_sweep.server.store.runs.filter_sql import field_of
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import sweeps

STATE_CHANGES = {
    "pending": frozenset({"running", "failed", "crashed", "preempted"}),
    "failed": frozenset({"pending", "running"}),
}
"""New state -> the states it may come from, when a client asks (`Run.update_state`)."""


def delete_run(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Remove a run with its lines and files, and with the artifacts it made where asked to.

    One that is gone already is no error: its state is as asked.
    """
    ctx, number = info.context, relay.from_id("Run", input["id"])
    with write(ctx.db):
        if runs.find_by_id(ctx.db, number) is None:
            return {"clientMutationId": None}
        run = writable(info, number)
        if input.get("deleteArtifacts"):
            for artifact in versions.outputs_of(ctx.db, run.id):
                _delete_with_run(info, run, artifact)
        runs.delete(ctx.db, run.id)
    return {"clientMutationId": None}


def _delete_with_run(info: Info, run: Run, artifact: Artifact) -> None:
    """Delete a version that only this run made; one that is linked elsewhere is kept safe."""
    if artifact.run_id != run.id:
        return
    db = info.context.db
    linked = [
        a for a in memberships.aliases_of_artifact(db, artifact.id) if _elsewhere(a, artifact)
    ]
    if linked:
        raise Conflict(
            f"a version that {run.name} made is {sorted(a.name for a in linked)} elsewhere",
            fix="unlink it first, or delete the run without its artifacts",
        )
    versions.delete(db, artifact, with_aliases=True, now=info.context.now)


def _elsewhere(alias: Alias, artifact: Artifact) -> bool:
    return alias.collection_id != artifact.collection_id


def stop_run(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Ask a run to stop at its next post."""
    run = writable(info, relay.from_id("Run", input["id"]))
    runs.ask_to_stop(info.context.db, run.id, info.context.now)
    return {"success": True}


def update_run_state(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Set a run's state by hand, where W&B allows it; never of a sweep's trial."""
    run, state = writable(info, relay.from_id("Run", input["id"])), input["state"].lower()
    if run.sweep_id is not None or run.state not in STATE_CHANGES.get(state, frozenset()):
        raise BadInput(f"invalid state transition from {run.state} to {state}")
    runs.set_state(info.context.db, run.id, state, info.context.now)
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
    page = query.page(
        info.context.db, source.id, parse(filters, field_of), order, after=after, limit=size + 1
    )
    edges = [relay.Edge(item.run, item.cursor) for item in page]
    return relay.connection(edges, size)


def run_count(source: Project, info: Info, filters: str | None = None) -> int:
    """Return how many runs match."""
    return query.count(info.context.db, source.id, parse(filters, field_of))


def run_user(source: Run, info: Info) -> User | None:
    """Return who made a run; read once a request."""
    ctx = info.context
    if source.user_id is None:
        return None
    key = ("user", source.user_id)
    if key not in ctx.cache:
        ctx.cache[key] = users.user_by_id(ctx.db, source.user_id)
    user = ctx.cache[key]
    return user if isinstance(user, User) else None


def run_project(source: Run, info: Info) -> Project | None:
    """Return the project a run belongs to; read once a request."""
    ctx, key = info.context, ("project", source.project_id)
    if key not in ctx.cache:
        ctx.cache[key] = projects.find_by_id(ctx.db, ProjectId(source.project_id))
    project = ctx.cache[key]
    return project if isinstance(project, Project) else None


def read_only(source: Run, info: Info) -> bool:
    """Return whether the viewer may only look."""
    return not rights.writes(info.context, source)


def sweep_name(source: Run, info: Info) -> str | None:
    """Return the name of the sweep that a run is a trial of."""
    if source.sweep_id is None:
        return None
    ctx, key = info.context, ("sweep name", source.sweep_id)
    if key not in ctx.cache:
        sweep = sweeps.find_by_id(ctx.db, source.sweep_id)
        ctx.cache[key] = sweep.name if sweep else None
    return str(ctx.cache[key])


def wandb_config(source: Run, _info: Info, keys: list[str] | None = None) -> str:
    """Return W&B's own part of a config; a run "exists" for resuming only if it has `t`."""
    own = own_part(source.config)
    return json.dumps({key: own[key] for key in own if keys is None or key in keys})


def system_metrics(source: Run, info: Info) -> str:
    """Return the last system-metrics line."""
    last = history.tail(info.context.db, "events", source.id)
    return last[-1] if last else "{}"


def _lines_before(info: Info, count: int) -> int:
    """Return where a client's own lines begin: a process of a shared run counts from 0."""
    return count if info.context.writer is None else 0


RESOLVERS: Resolvers = {
    "Project": {
        "run": project_run,
        "bucket": project_run,
        "runs": project_runs,
        "runCount": run_count,
    },
    "Mutation": {
        "deleteRun": delete_run,
        "stopRun": stop_run,
        "updateRunState": update_run_state,
        "notifyScriptableRunAlert": notify,
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
        "readOnly": read_only,
        "historyLineCount": lambda run, info: _lines_before(info, run.history_lines),
        "eventsLineCount": lambda run, info: _lines_before(info, run.event_lines),
        "logLineCount": lambda run, info: _lines_before(info, run.log_lines),
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
