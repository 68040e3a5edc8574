"""Sweeps on the wire: create, update, list, and their trials."""

import json
import zlib
from typing import Any

import yaml

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.search.spec import SweepSpec
from housing_sweep.server import scheduler
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store import projects, run_query, runs, sweeps
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import Project
from housing_sweep.server.store.sweeps import Sweep

STATES = frozenset({"PENDING", "RUNNING", "PAUSED", "FINISHED", "CANCELED"})


def upsert_sweep(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Create a sweep, or change its spec, name or state.

    Raises:
        SpecError: the spec breaks a rule; all violations are named.
    """
    ctx = info.context
    config = input.get("config")
    spec = _checked(config) if config is not None else None
    with write(ctx.db):
        if input.get("id"):
            sweep = writable(info, relay.from_id("Sweep", input["id"]))
            _change(info, sweep, input)
        else:
            if config is None or spec is None:
                raise BadInput("a new sweep needs a `config`")
            sweep = _create(info, input, config, spec)
        if input.get("priorRunsFilters"):
            sweeps.attach_prior_runs(ctx.db, sweep.id, _names(input["priorRunsFilters"]))
        held = sweeps.by_id(ctx.db, sweep.id)
    return {"sweep": held, "configValidationWarnings": []}


def _checked(config: str) -> SweepSpec:
    return scheduler.parse(config)


def _create(info: Info, input: dict[str, Any], config: str, spec: SweepSpec) -> Sweep:
    ctx = info.context
    project = projects.ensure(
        ctx.db,
        ctx.viewer,
        input.get("entityName"),
        input.get("projectName") or spec.project or "uncategorized",
        now=ctx.now,
    )
    name = runs.new_name()
    driven = bool(spec.scheduler or input.get("scheduler"))
    controller_run = _controller_run(info, project, name) if driven else None
    return sweeps.create(
        ctx.db,
        project.id,
        name,
        config=config,
        # Of the name alone: the same sweep gives the same trials whoever asks first.
        seed=zlib.crc32(name.encode()),
        user_id=ctx.viewer.id,
        controller_run_name=controller_run,
        now=ctx.now,
        display_name=input.get("displayName") or spec.name,
        description=input.get("description") or spec.description,
        controller=input.get("controller"),
        scheduler=input.get("scheduler"),
    )


def _controller_run(info: Info, project: Project, sweep_name: str) -> str:
    """Make the run that `wandb sweep-scheduler` writes its own logs to."""
    ctx = info.context
    run = runs.create(
        ctx.db,
        project.id,
        runs.new_name(),
        user_id=ctx.viewer.id,
        state="pending",
        now=ctx.now,
        display_name=f"scheduler of {sweep_name}",
        job_type="sweep-controller",
    )
    return run.name


def _change(info: Info, sweep: Sweep, input: dict[str, Any]) -> None:
    fields = {
        "config": "config",
        "displayName": "display_name",
        "description": "description",
        "controller": "controller",
        "scheduler": "scheduler",
    }
    changes = {col: input[key] for key, col in fields.items() if input.get(key) is not None}
    if state := input.get("state"):
        if state not in STATES:
            raise BadInput(f"unknown sweep state {state!r}", fix=f"use one of {sorted(STATES)}")
        changes["state"] = state
    ctx = info.context
    sweeps.update(ctx.db, sweep.id, now=ctx.now, **changes)
    if changes.get("state") in ("CANCELED", "FINISHED"):
        _drop_queue(info, sweep, cancel=changes["state"] == "CANCELED")


def _drop_queue(info: Info, sweep: Sweep, *, cancel: bool) -> None:
    """A sweep that ends takes its waiting trials along; a cancelled one its running ones too."""
    ctx = info.context
    for run in sweeps.trials_by_state(ctx.db, sweep.id, ("pending",)):
        if run.offered_at is None or cancel:
            runs.close(ctx.db, run.id, "killed", ctx.now)
    if cancel:
        for run in sweeps.trials_by_state(ctx.db, sweep.id, ("running",)):
            runs.ask_to_stop(ctx.db, run.id, ctx.now)


def _names(filters: str) -> list[str]:
    """Return the run names in `{"$or": [{"name": ...}, ...]}`."""
    try:
        parts = json.loads(filters).get("$or", [])
        return [str(part["name"]) for part in parts]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(f"prior runs {filters!r} are not a list of run names") from None


def writable(info: Info, sweep_id: int) -> Sweep:
    """Return a sweep the viewer may change.

    Raises:
        NotFound: no such sweep, or not for this viewer.
        PermissionDenied: the viewer may only look.
    """
    ctx = info.context
    sweep = sweeps.by_id(ctx.db, sweep_id)
    project = projects.by_id(ctx.db, sweep.project_id) if sweep else None
    if sweep is None or project is None:
        raise NotFound("sweep not found")
    projects.require_writable(ctx.db, ctx.viewer, project)
    return sweep


def project_sweep(source: Project, info: Info, sweepName: str) -> Sweep | None:
    """Return a sweep by its name, or null."""
    return sweeps.find(info.context.db, source.id, sweepName)


def project_sweeps(
    source: Project,
    info: Info,
    after: str | None = None,
    first: int | None = None,
    filters: str | None = None,
) -> relay.Connection:
    """Return a project's sweeps, newest first."""
    size, wanted = relay.page_size(first), _filter(filters)
    before = relay.offset_of(after) if after else None
    edges: list[relay.Edge] = []
    while len(edges) <= size:
        rows = sweeps.of_project(info.context.db, source.id, before=before, limit=size + 1)
        edges += [relay.Edge(r, relay.to_cursor(r.id)) for r in rows if _matches(r, wanted)]
        if len(rows) <= size:
            break
        before = rows[-1].id
    return relay.connection(edges[: size + 1], size)


def _filter(filters: str | None) -> dict[str, Any]:
    if not filters:
        return {}
    wanted = json.loads(filters)
    unknown = wanted.keys() - {"state", "name", "displayName", "display_name"}
    if unknown:
        raise BadInput(f"sweeps cannot be filtered by {sorted(unknown)}", fix="use state or name")
    return dict(wanted)


def _matches(sweep: Sweep, wanted: dict[str, Any]) -> bool:
    shown = {
        "state": sweep.state,
        "name": sweep.name,
        "displayName": sweep.display_name,
        "display_name": sweep.display_name,
    }
    for key, value in wanted.items():
        accepted = value.get("$in", [value.get("$eq")]) if isinstance(value, dict) else [value]
        if shown[key] not in accepted:
            return False
    return True


def sweep_runs(
    source: Sweep, info: Info, first: int | None = None, after: str | None = None
) -> relay.Connection:
    """Return a sweep's trials, oldest first."""
    size = relay.page_size(first)
    found = run_query.page(
        info.context.db,
        source.project_id,
        {"sweep": source.name},
        "+created_at",
        after=after,
        limit=size + 1,
    )
    return relay.connection([relay.Edge(item.run, item.cursor) for item in found], size)


def best_loss(source: Sweep, info: Info) -> float | None:
    """Return the best value of the sweep's metric so far."""
    metric = scheduler.parse(source.config).metric
    if metric is None:
        return None
    maximize = metric.goal == "maximize"
    return sweeps.best_value(info.context.db, source.id, metric.name, maximize)


def method(source: Sweep, _info: Info) -> str:
    """Return how trials are chosen; "custom" when something else chooses them."""
    return str((yaml.safe_load(source.config) or {}).get("method") or "custom")


def prior_runs(source: Sweep, info: Info, **_page: object) -> relay.Connection:
    """Return the runs attached with `--prior_run`."""
    return relay.offset_page(sweeps.prior_runs(info.context.db, source.id), None, relay.MAX_PAGE)


def enqueue_run(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Queue a trial that a `wandb sweep-scheduler` chose.

    Raises:
        BadInput: the run cap is reached.
    """
    ctx = info.context
    sweep = writable(info, relay.from_id("Sweep", input["id"]))
    spec = scheduler.parse(sweep.config)
    if spec.run_cap is not None and sweep.next_number >= spec.run_cap:
        raise BadInput(f"the run cap of {spec.run_cap} trials is reached")
    params = runs.unwrap(runs.parse(input["config"]))
    run = sweeps.reserve_trial(
        ctx.db,
        sweep,
        sweep.next_number,
        params,
        agent_id=None,
        user_id=ctx.viewer.id,
        now=ctx.now,
        display_name=input.get("displayName"),
    )
    return {"id": relay.to_id("Run", run.id), "runQueueItemId": relay.to_id("Run", run.id)}


RESOLVERS: Resolvers = {
    "Project": {
        "sweep": project_sweep,
        "sweeps": project_sweeps,
        "totalSweeps": lambda project, info: sweeps.count_in_project(info.context.db, project.id),
    },
    "Mutation": {"upsertSweep": upsert_sweep, "enqueueSweepRun": enqueue_run},
    "Sweep": {
        "method": method,
        "bestLoss": best_loss,
        "runs": sweep_runs,
        "runCount": lambda s, info: sweeps.count_trials(info.context.db, s.id),
        "runCountExpected": lambda s, _info: scheduler.trial_cap(scheduler.parse(s.config)),
        "earlyStopJobRunning": lambda _s, _info: False,
        "heartbeatAt": lambda s, _info: s.updated_at,
        "priorRuns": prior_runs,
        "project": lambda s, info: projects.by_id(info.context.db, s.project_id),
    },
}
