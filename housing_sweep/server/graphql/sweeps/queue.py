"""A sweep's queue on the wire: trials that a scheduler or a user chose, and trials tried again."""

from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store.db import write
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps import sweeps, trials
from housing_sweep.server.sweeping import consequences, specs

RETRIABLE = ("failed", "crashed", "killed", "deleted")
"""Ends that `sweeps retry` may try again; "deleted" is a trial whose run was deleted."""


def enqueue_run(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Queue a trial that somebody else chose.

    Beyond the run cap it is queued and told to nobody: a refusal would end the scheduler.

    Raises:
        BadInput: the sweep is over.
    """
    ctx = info.context
    with write(ctx.db):
        sweep = sweeps.writable(ctx.db, ctx.viewer, relay.from_id("Sweep", input["id"]))
        spec = specs.spec_of(sweep.config)
        if sweep.state not in consequences.ACTIVE:
            raise BadInput(f"sweep {sweep.name} is {sweep.state}", fix="`wandb sweep --resume` it")
        point, user, title = (
            runs.parse(input["config"], True),
            ctx.viewer.id,
            input.get("displayName"),
        )
        if spec.run_cap is not None and sweep.next_number >= spec.run_cap:
            run = trials.surplus(
                ctx.db, sweep, point, user_id=user, now=ctx.now, display_name=title
            )
        else:
            run = trials.reserve(
                ctx.db, sweep, point, agent_id=None, user_id=user, now=ctx.now, display_name=title
            )
    # The name, not our number: the scheduler looks its runs up by it (`SweepWatchedRuns`).
    return {"id": run.name, "runQueueItemId": relay.to_id("Run", run.id)}


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
        lost = trials.in_states(ctx.db, sweep.id, states)
        for trial in lost:
            trials.requeue_as_new_run(ctx.db, sweep, trial, ctx.now)
        if lost and sweep.state in ("FINISHED", "CANCELED"):
            sweeps.update(ctx.db, sweep.id, now=ctx.now, state="RUNNING")
        sweep = sweeps.get(ctx.db, sweep.id)
    return {"sweep": sweep, "numbers": [trial.number for trial in lost]}


RESOLVERS: Resolvers = {
    "Mutation": {"enqueueSweepRun": enqueue_run, "retrySweep": retry_sweep},
}
