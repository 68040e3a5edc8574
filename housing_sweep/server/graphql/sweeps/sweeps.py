"""Sweeps on the wire: create, update, list, and their trials."""

import zlib
from collections.abc import Iterator
from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.search.hyperband import Bands
from housing_sweep.search.spec import SweepSpec
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.filters import Filter, Kind, all_of, fields_of, matches, parse
from housing_sweep.server.rules.json_text import loads_object
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import query, runs
from housing_sweep.server.store.runs.filter_sql import field_of, in_sweep
from housing_sweep.server.store.sweeps import agents, sweeps, trials
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping import consequences, specs
from housing_sweep.server.sweeping.controller import follow_controller

STATES = frozenset({"PENDING", "RUNNING", "PAUSED", "FINISHED", "CANCELED"})


def upsert_sweep(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Create a sweep, or change its spec, name, state or controller's wishes.

    Raises:
        SpecError: the spec breaks a rule; all violations are named.
        NotFound: no such sweep, or a prior run that does not exist.
    """
    ctx = info.context
    config = input.get("config")
    spec = specs.spec_of(config) if config is not None else None
    if spec is not None:
        Bands.of(spec.early_terminate)  # names what is wrong with it
    with write(ctx.db):
        if input.get("id"):
            sweep = sweeps.writable(ctx.db, ctx.viewer, relay.from_id("Sweep", input["id"]))
            _change(info, sweep, input)
        else:
            if config is None or spec is None:
                raise BadInput("a new sweep needs a `config`")
            sweep = _create(info, input, config, spec)
        if input.get("priorRunsFilters"):
            _attach(info, sweep, _names(input["priorRunsFilters"]))
        if input.get("controller"):
            follow_controller(ctx, sweeps.get(ctx.db, sweep.id))
        sweep = sweeps.get(ctx.db, sweep.id)
    return {"sweep": sweep, "configValidationWarnings": list(spec.warnings) if spec else []}


def _create(info: Info, input: dict[str, Any], config: str, spec: SweepSpec) -> Sweep:
    ctx = info.context
    project = projects.ensure(
        ctx.db,
        ctx.viewer,
        input.get("entityName") or spec.entity,
        input.get("projectName") or spec.project or "uncategorized",
        now=ctx.now,
    )
    name = runs.new_name()
    driven = bool(spec.scheduler)
    return sweeps.create(
        ctx.db,
        project.id,
        name,
        config=config,
        # Of the name alone: the same sweep gives the same trials whoever asks first.
        seed=zlib.crc32(name.encode()),
        user_id=ctx.viewer.id,
        controller_run_name=_controller_run(info, project, name) if driven else None,
        now=ctx.now,
        display_name=input.get("displayName") or spec.name,
        description=input.get("description") or spec.description,
        controller=input.get("controller"),
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
        job_type=consequences.CONTROLLER_JOB,
    )
    return run.name


def _change(info: Info, sweep: Sweep, input: dict[str, Any]) -> None:
    ctx = info.context
    columns = {
        "config": "config",
        "displayName": "display_name",
        "description": "description",
        "controller": "controller",
    }
    changes = {col: input[key] for key, col in columns.items() if input.get(key) is not None}
    if "config" in changes and _other_points(sweep, changes["config"]):
        changes["position"] = 0  # known points are passed over
    sweeps.update(ctx.db, sweep.id, now=ctx.now, **changes)
    if "config" in changes:
        cap = specs.spec_of(changes["config"]).run_cap
        room = -1 if cap is None else max(0, cap - sweep.next_number)
        trials.adopt_surplus(ctx.db, sweep, room)
    state = input.get("state")
    if state and state not in STATES:
        raise BadInput(f"unknown sweep state {state!r}", fix=f"use one of {sorted(STATES)}")
    if state and state != sweep.state:
        consequences.set_state(ctx, sweeps.get(ctx.db, sweep.id), state)


def _other_points(sweep: Sweep, config: str) -> bool:
    old, new = specs.spec_of(sweep.config), specs.spec_of(config)
    return (old.parameters, old.method) != (new.parameters, new.method)


def _attach(info: Info, sweep: Sweep, names: list[str]) -> None:
    for name in names:
        if runs.find(info.context.db, sweep.project_id, name) is None:
            raise NotFound(
                f"prior run {name} not found", fix="name the id of a run in the sweep's project"
            )
    sweeps.attach_prior_runs(info.context.db, sweep.id, names)


def _names(filters: str) -> list[str]:
    """Return the run names in `{"$or": [{"name": ...}, ...]}`."""
    try:
        return [str(part["name"]) for part in loads_object(filters).get("$or", [])]
    except (KeyError, TypeError):
        raise BadInput(f"prior runs {filters!r} are not a list of run names") from None


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
    size = relay.page_size(first)
    matching = _matching(info, source, parse(filters, _FIELDS), after)
    edges = [
        relay.Edge(sweep, relay.to_cursor(sweep.id))
        for sweep, _ in zip(matching, range(size + 1), strict=False)
    ]
    return relay.connection(edges, size)


def _matching(info: Info, project: Project, filters: Filter, after: str | None) -> Iterator[Sweep]:
    before = relay.offset_of(after) if after else None
    while rows := sweeps.of_project(info.context.db, project.id, before=before, limit=200):
        yield from (sweep for sweep in rows if matches(filters, _record(sweep)))
        before = rows[-1].id


_FIELDS = fields_of(
    "sweeps",
    {
        **dict.fromkeys(("state", "name", "method", "description"), Kind.TEXT),
        **dict.fromkeys(("displayName", "display_name"), Kind.TEXT),
        **dict.fromkeys(("createdAt", "created_at", "updatedAt", "updated_at"), Kind.TIME),
    },
)


def _record(sweep: Sweep) -> dict[str, object]:
    """Return what sweeps may be filtered by, in both of W&B's spellings."""
    title = sweep.display_name or sweep.name
    return {
        "state": sweep.state,
        "name": sweep.name,
        "method": specs.spec_of(sweep.config).method,
        "description": sweep.description,
        **dict.fromkeys(("displayName", "display_name"), title),
        **dict.fromkeys(("createdAt", "created_at"), sweep.created_at),
        **dict.fromkeys(("updatedAt", "updated_at"), sweep.updated_at),
    }


def sweep_runs(
    source: Sweep,
    info: Info,
    first: int | None = None,
    after: str | None = None,
    filters: str | None = None,
    order: str | None = None,
) -> relay.Connection:
    """Return a sweep's trials, oldest first.

    A local controller asks for them without a page size and needs them all; agents ask the same
    way and need none.
    """
    if first is None and specs.local_controller(source.config):
        first = relay.MAX_PAGE
    size = relay.page_size(first)
    page = query.page(
        info.context.db,
        source.project_id,
        all_of([in_sweep(source.name), parse(filters, field_of)]),
        order or "+created_at",
        after=after,
        limit=size + 1,
    )
    return relay.connection([relay.Edge(item.run, item.cursor) for item in page], size)


def best_loss(source: Sweep, info: Info) -> float | None:
    """Return the best value of the sweep's metric so far."""
    metric = specs.spec_of(source.config).metric
    if metric is None:
        return None
    return sweeps.best_value(info.context.db, source.id, metric.score)


def heartbeat_at(source: Sweep, info: Info) -> float:
    """Return when an agent of the sweep, or somebody else, last had to do with it."""
    beats = [agent.heartbeat_at for agent in agents.of_sweep(info.context.db, source.id)]
    return max([source.updated_at, *beats])


def prior_runs(
    source: Sweep,
    info: Info,
    first: int | None = None,
    after: str | None = None,
    filters: str | None = None,
) -> relay.Connection:
    """Return the runs attached with `--prior_run`; few by nature."""
    return relay.offset_page(sweeps.prior_runs(info.context.db, source.id), after, first)


RESOLVERS: Resolvers = {
    "Project": {
        "sweep": project_sweep,
        "sweeps": project_sweeps,
        "totalSweeps": lambda project, info: sweeps.count_in_project(info.context.db, project.id),
    },
    "Mutation": {"upsertSweep": upsert_sweep},
    "Sweep": {
        "method": lambda sweep, _info: specs.spec_of(sweep.config).method,
        "bestLoss": best_loss,
        "runs": sweep_runs,
        "runCount": lambda sweep, info: trials.count_trials(info.context.db, sweep.id),
        "runCountExpected": lambda sweep, _info: specs.trial_cap(sweep),
        "earlyStopJobRunning": lambda _sweep, _info: False,
        "heartbeatAt": heartbeat_at,
        "priorRuns": prior_runs,
        "project": lambda sweep, info: projects.find_by_id(info.context.db, sweep.project_id),
    },
}
