"""A sweep's queue on the wire: trials that a scheduler or a user chose, and trials tried again."""

from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.server import points, sweep_progress
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store import runs, sweeps, trials
from housing_sweep.server.store.db import write

RETRIABLE = ("failed", "crashed", "killed", "deleted")
"""Ends that `sweeps retry` may try again; "deleted" is a trial whose run was deleted."""


def enqueue_run(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Queue a trial that somebody else chose.

    Raises:
        BadInput: the run cap is reached, or the sweep is over.
    """
    ctx = info.context
    with write(ctx.db):
        sweep = sweeps.writable(ctx.db, ctx.viewer, relay.from_id("Sweep", input["id"]))
        spec = points.parse(sweep.config)
        if sweep.state not in sweep_progress.ACTIVE:
            raise BadInput(f"sweep {sweep.name} is {sweep.state}", fix="`wandb sweep --resume` it")
        if spec.run_cap is not None and sweep.next_number >= spec.run_cap:
            raise BadInput(
                f"the run cap of {spec.run_cap} trials of sweep {sweep.name} is reached",
                fix="raise `run_cap` with `wandb sweep --update`",
            )
        run = trials.reserve(
            ctx.db,
            sweep,
            runs.unwrap(runs.parse(input["config"])),
            agent_id=None,
            user_id=ctx.viewer.id,
            now=ctx.now,
            display_name=input.get("displayName"),
        )
    opaque = relay.to_id("Run", run.id)
    return {"id": opaque, "runQueueItemId": opaque}


def retry_sweep(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Queue a sweep's lost trials again, and reopen the sweep if it had ended.

    Raises:
        BadInput: a state that cannot be retried.
    """
    ctx = info.context
    states = input.get("states") or ["failed", "crashed", "deleted"]
    if unknown := sorted(set(states) - set(RETRIABLE)):
        raise BadInput(f"trials in state {unknown} cannot be retried", fix=f"use {RETRIABLE}")
    with write(ctx.db):
        sweep = sweeps.writable(ctx.db, ctx.viewer, relay.from_id("Sweep", input["id"]))
        found = trials.ended(ctx.db, sweep.id, states)
        for trial in found:
            trials.again(ctx.db, sweep, trial, ctx.now)
        if found and sweep.state in ("FINISHED", "CANCELED"):
            sweeps.update(ctx.db, sweep.id, now=ctx.now, state="RUNNING")
        held = sweeps.by_id(ctx.db, sweep.id)
    return {"sweep": held, "numbers": [trial.number for trial in found]}


RESOLVERS: Resolvers = {
    "Mutation": {"enqueueSweepRun": enqueue_run, "retrySweep": retry_sweep},
}
