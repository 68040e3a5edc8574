"""Hands out trials: a heartbeat loads, asks `search.schedule`, records in one transaction, replies.

What is decided lives in `search`; what is remembered lives in `store`. Nothing here is kept in
memory but suggestions computed ahead, so a killed server goes on where it was.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from housing_sweep.errors import NotFound
from housing_sweep.search import schedule
from housing_sweep.search.spec import SweepSpec
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.suggestions import Numbered
from housing_sweep.server.store.db import settle, write
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import agents, sweeps, trials
from housing_sweep.server.store.sweeps.agents import Agent
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping import points, specs
from housing_sweep.server.sweeping.consequences import finish_if_over, sweep_view

MOST_OFFERS = 3
"""Times that a trial is told before it counts as failed: its program dies before `wandb.init`."""

SAME_REQUEST_SECONDS = 4.0
"""Agents beat every 5 s; what comes sooner is a retry by the SDK, whose answer was lost."""


@dataclass(frozen=True, slots=True)
class AgentCommand:
    """A command for an agent, with the trial it is about and, to run it, its point."""

    kind: str
    run: Run | None = None
    point: points.Params | None = None


def heartbeat(ctx: Context, agent_id: int, running: frozenset[str]) -> list[AgentCommand]:
    """Record what an agent says and return its next commands.

    Raises:
        NotFound: the agent or its sweep is gone. The SDK answers a 404 by letting its trial end.
    """
    agent, sweep, spec = _load(ctx, agent_id)
    ready: Sequence[Numbered] = ()
    if spec.method == "bayes":
        # A suggestion may take a while: never inside the transaction that everybody waits for.
        free = ctx.services.config.trials_per_agent - len(running)
        first = _decide(ctx, agent, sweep, spec, running) if free > 0 else None
        if first == schedule.RunTrial(None):
            ready = ctx.services.suggestions.take(sweep.id, sweep.next_number, free)
    with write(ctx.db):
        agents.heartbeat(ctx.db, agent.id, running, ctx.now)
        _close_vanished(ctx, agent, running)
        settle(ctx.db)  # a trial that crashed just now waits to be retried
        trials.note_stop_requests(ctx.db, agent.id)
        commands = _commands(ctx, agent, sweeps.get(ctx.db, sweep.id), spec, running, dict(ready))
        finish_if_over(ctx, sweeps.get(ctx.db, sweep.id))
    return commands


def _load(ctx: Context, agent_id: int) -> tuple[Agent, Sweep, SweepSpec]:
    agent = agents.find_by_id(ctx.db, agent_id)
    sweep = sweeps.find_by_id(ctx.db, agent.sweep_id) if agent else None
    if agent is None or sweep is None:
        raise NotFound("this sweep was deleted", fix="start the agent on another sweep")
    return agent, sweep, specs.spec_of(sweep.config)


def _close_vanished(ctx: Context, agent: Agent, running: frozenset[str]) -> None:
    """End the agent's trials that had started, are not alive any more, and never reported."""
    for run in agents.runs_of(ctx.db, agent.id, "running", "preempting"):
        if run.name in running:
            continue
        state = "killed" if run.should_stop else "crashed"
        runs.close(ctx.db, run.id, "preempted" if run.state == "preempting" else state, ctx.now)


def _decide(
    ctx: Context,
    agent: Agent,
    sweep: Sweep,
    spec: SweepSpec,
    running: frozenset[str],
    passed: Sequence[str] = (),
) -> schedule.Command | None:
    before = ctx.steady.before(ctx.services.config.offer_again_after)
    waiting = trials.waiting(ctx.db, sweep.id, agent.id, running, before, passed)
    view = replace(sweep_view(ctx, sweep, spec), waiting=waiting.name if waiting else None)
    stop_requests = [
        (name, 0.0 if since is None else ctx.steady.age(since))
        for name, since in trials.stop_requests(ctx.db, agent.id)
    ]
    capacity = ctx.services.config.trials_per_agent
    return schedule.decide(view, schedule.AgentView(running, capacity, stop_requests))


def _commands(
    ctx: Context,
    agent: Agent,
    sweep: Sweep,
    spec: SweepSpec,
    running: frozenset[str],
    ready: dict[int, points.Params],
) -> list[AgentCommand]:
    """Decide and record until the agent is full; a CLI agent runs all it is told in parallel."""
    commands: list[AgentCommand] = []
    busy, passed = set(running), list[str]()
    while True:
        decision = _decide(ctx, agent, sweep, spec, frozenset(busy), passed)
        if isinstance(decision, schedule.RunTrial) and decision.trial is not None:
            offered = _offer(ctx, agent, sweep, decision.trial, first=not commands)
            if offered is None:
                passed.append(decision.trial)
                continue
            command, run = offered
        elif isinstance(decision, schedule.RunTrial):
            reserved = _reserve(ctx, agent, sweep, spec, ready)
            if reserved is None:
                before, sweep = sweep, sweeps.get(ctx.db, sweep.id)
                if sweep.position == before.position or specs.points_left(sweep, spec):
                    return commands
                continue  # the grid turned out to be at its end
            command, run = reserved
        elif commands or decision is None:
            return commands
        else:
            return [_other(ctx, agent, sweep, decision)]
        commands.append(command)
        busy.add(run.name)
        sweep = sweeps.get(ctx.db, sweep.id)


def _other(
    ctx: Context,
    agent: Agent,
    sweep: Sweep,
    decision: schedule.StopTrial | schedule.ExitAgent,
) -> AgentCommand:
    if isinstance(decision, schedule.StopTrial):
        return AgentCommand("stop", runs.find(ctx.db, sweep.project_id, decision.trial))
    agents.leave(ctx.db, agent.id, ctx.now)
    if sweep.state == "CANCELED":  # the agent kills them now, and they cannot report
        for run in agents.runs_of(ctx.db, agent.id, "running", "preempting"):
            runs.close(ctx.db, run.id, "killed", ctx.now)
    return AgentCommand("exit")


def _offer(
    ctx: Context, agent: Agent, sweep: Sweep, name: str, *, first: bool
) -> tuple[AgentCommand, Run] | None:
    """Tell a queued trial again; None once it was told in vain too often and is given up.

    Only the first command of an answer counts as an offer: the SDK's function agent reads
    `commands[0]` and drops the rest (wandb/agents/pyagent.py, `Agent._heartbeat`).
    """
    if (run := runs.find(ctx.db, sweep.project_id, name)) is None:
        return None
    trial = trials.of_run(ctx.db, run.id)
    age = ctx.steady.age(run.offered_at) if run.offered_at is not None else math.inf
    repeated = run.agent_id == agent.id and age < SAME_REQUEST_SECONDS
    if trial is not None and trial.offers >= MOST_OFFERS and not repeated:
        runs.close(ctx.db, run.id, "failed", ctx.now)
        settle(ctx.db)  # it may be retried, and then is in the queue of this very answer
        return None
    trials.offer(ctx.db, run, agent.id, ctx.now, counts=first and not repeated)
    # Not the run's config, to which a preempted run has added.
    point = json.loads(trial.point) if trial else run.config_values
    return AgentCommand("resume" if run.started_at is not None else "run", run, point), run


def _reserve(
    ctx: Context,
    agent: Agent,
    sweep: Sweep,
    spec: SweepSpec,
    ready: dict[int, points.Params],
) -> tuple[AgentCommand, Run] | None:
    point: points.Params | None
    if spec.method == "bayes":
        # Another agent may have taken this number meanwhile: then ask again at the next heartbeat.
        point = ready.get(sweep.next_number)
    else:
        position, point = points.next_point(ctx, sweep, spec)
        if position != sweep.position:
            sweeps.update(ctx.db, sweep.id, now=ctx.now, position=position)
    if point is None:
        return None
    run = trials.reserve(
        ctx.db, sweep, point, agent_id=agent.id, user_id=agent.user_id, now=ctx.now
    )
    return AgentCommand("run", run, point), run
