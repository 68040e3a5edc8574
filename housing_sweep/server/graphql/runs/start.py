"""How a run begins, goes on, starts over, forks and rewinds: `upsertBucket` and `rewindRun`."""

import json
from collections.abc import Mapping
from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.graphql.runs.access import writable, writable_by_name
from housing_sweep.server.rules.json_text import storable
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import history, runs
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import sweeps

COLUMN_OF = {
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

LONGEST_NAME = 128
_NOT_IN_NAMES = frozenset("/\\#?%:")


def upsert_bucket(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Create a run, or update what the request names.

    An id alone edits a run (`Run.update`); an id with a name resumes it; a name alone begins it,
    or is its process speaking again.
    """
    ctx, columns = info.context, _columns(input)
    with write(ctx.db):
        if input.get("id"):
            run = writable(info, relay.from_id("Run", input["id"]))
            runs.update(ctx.db, run.id, now=ctx.now, **columns)
            if input.get("name"):
                _go_on(info, run)
            return {"bucket": runs.get(ctx.db, run.id), "inserted": False}
        project = projects.ensure(
            ctx.db,
            ctx.viewer,
            input.get("entityName"),
            input.get("modelName") or "uncategorized",
            now=ctx.now,
        )
        if input.get("sweep"):
            columns["sweep_id"] = _sweep_id(info, project, input["sweep"])
        name, state = _checked_name(input.get("name")), _checked_state(input.get("state"))
        known = runs.find(ctx.db, project.id, name)
        run = (
            _update(info, known, columns, state)
            if known
            else _begin(info, project, name, columns, state)
        )
    return {"bucket": run, "inserted": known is None}


def _columns(input: Mapping[str, Any]) -> dict[str, Any]:
    columns = {col: input[key] for key, col in COLUMN_OF.items() if input.get(key) is not None}
    if input.get("tags") is not None:
        columns["tags"] = json.dumps(list(dict.fromkeys(storable(tag) for tag in input["tags"])))
    return columns


def _begin(
    info: Info, project: Project, name: str, columns: dict[str, Any], state: str | None
) -> Run:
    ctx = info.context
    run = runs.create(
        ctx.db,
        project.id,
        name,
        user_id=ctx.viewer.id,
        state=state or "running",
        now=ctx.now,
        **columns,
    )
    if (branch := own_part(columns.get("config")).get("branch_point")) is not None:
        _copy_history(info, project, run, branch)
    return runs.get(info.context.db, run.id)


def _copy_history(info: Info, project: Project, run: Run, branch: object) -> None:
    """Give a fork (`fork_from=`) its parent's history; the client goes on behind it."""
    if not isinstance(branch, dict) or not isinstance(branch.get("step"), int):
        raise BadInput(f"{branch!r} is not a point to fork from", fix="use RUN_ID?_step=N")
    parent = runs.find(info.context.db, project.id, str(branch.get("run_id")))
    if parent is None:
        path = f"{project.entity_name}/{project.name}/{branch.get('run_id')}"
        raise NotFound(f"run {path}, to fork from, not found", fix="fork within one project")
    history.copy(info.context.db, parent.id, run.id, branch["step"])


def _update(info: Info, known: Run, columns: dict[str, Any], state: str | None) -> Run:
    """A known run: it speaks again, so it is running, unless the request says otherwise.

    A process that joins a shared run begins nothing, and need not be the one that ends it.
    """
    ctx = info.context
    if ctx.writer is not None:
        if "config" in columns:
            columns = {**columns, "config": runs.merged(known.config, columns["config"])}
        run = runs.update(ctx.db, known.id, now=ctx.now, **columns)
        runs.mark_alive(ctx.db, run, ctx.now)
        return runs.get(info.context.db, known.id)
    first = _is_first_word(columns)
    if known.state in runs.ENDED and first:
        runs.restart(ctx.db, known.id, ctx.now)
    runs.update(ctx.db, known.id, now=ctx.now, **columns)
    if state:
        runs.set_state(ctx.db, known.id, state, ctx.now)
    elif first or not (known.state == "killed" and known.exit_code is None):
        # What the process of a cancelled trial had said before its agent killed it may come late.
        _go_on(info, known)
    return runs.get(info.context.db, known.id)


def _is_first_word(columns: Mapping[str, Any]) -> bool:
    """Whether this is what `wandb.init` sends first, rather than a later word of the same process.

    The first one names the host and has W&B's part of the config, but not yet the environment `e`
    in it; later ones have `e`, or no host where `x_disable_meta` leaves `e` out.
    """
    own = own_part(columns.get("config"))
    return bool(own) and "e" not in own and columns.get("host") is not None


def _go_on(info: Info, run: Run) -> None:
    ctx, run = info.context, runs.get(info.context.db, run.id)
    if run.state in runs.ENDED:
        runs.resume(ctx.db, run.id, ctx.now)
    else:
        runs.mark_alive(ctx.db, run, ctx.now)


def own_part(config: str | None) -> dict[str, Any]:
    """Return W&B's own part of a config."""
    entry = runs.parse(config).get("_wandb") if config else None
    own = entry.get("value", entry) if isinstance(entry, dict) else None
    return own if isinstance(own, dict) else {}


def _checked_name(name: str | None) -> str:
    if name is None:
        return runs.new_name()
    if not name or len(name) > LONGEST_NAME or _NOT_IN_NAMES & set(name) or storable(name) != name:
        raise BadInput(f"{name!r} is not a run id", fix="use up to 128 characters without /\\#?%:")
    return name


def _checked_state(state: str | None) -> str | None:
    if state is not None and state not in runs.ENDED | runs.ALIVE:
        known = ", ".join(sorted(runs.ENDED | runs.ALIVE))
        raise BadInput(f"{state!r} is not a state of a run", fix=f"use one of {known}")
    return state


def _sweep_id(info: Info, project: Project, name: str) -> int:
    sweep = sweeps.find(info.context.db, project.id, name)
    if sweep is None:
        raise NotFound(f"sweep {project.entity_name}/{project.name}/{name} not found")
    return sweep.id


def rewind_run(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Drop a run's history beyond a step, so that `resume_from=` goes on from there.

    W&B archives what it drops; here it is gone, as the client said it would be truncated.
    """
    ctx, step = info.context, input["metricValue"]
    if input["metricName"] != "_step" or not float(step).is_integer() or not 0 <= step < 2**53:
        raise BadInput(
            f"cannot rewind to {input['metricName']}={step}", fix="use RUN_ID?_step=N, N whole"
        )
    with write(ctx.db):
        run = writable_by_name(info, input)
        last = history.last_step(ctx.db, run.id)
        if last is None or step > last:
            raise BadInput(
                f"run {run.name} has no step {step:g}; its last one is {last}",
                fix="rewind to a step that it logged",
            )
        history.truncate(ctx.db, run.id, int(step))
        runs.resume(ctx.db, run.id, ctx.now)
        return {"rewoundRun": runs.get(info.context.db, run.id)}


RESOLVERS: Resolvers = {"Mutation": {"upsertBucket": upsert_bucket, "rewindRun": rewind_run}}
