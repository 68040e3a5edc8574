"""Hands out trials: one transaction a heartbeat that loads, asks `search.schedule`, records.

What is decided lives in `search`; what is remembered lives in `store`. Nothing here is kept in
memory but suggestions computed ahead, so a killed server goes on where it was.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from housing_sweep.errors import NotFound
from housing_sweep.search import bayes, grid, sampling, schedule
from housing_sweep.search.spec import SweepSpec, parse_yaml
from housing_sweep.search.trial import Trial, TrialState
from housing_sweep.server.context import Context
from housing_sweep.server.store import agents, runs, sweeps
from housing_sweep.server.store.agents import Agent
from housing_sweep.server.store.db import write
from housing_sweep.server.store.runs import Run
from housing_sweep.server.store.sweeps import Sweep

OBSERVED_TRIALS = 2000
"""Newest trials that a suggestion looks at; `bayes` caps those that enter its fit further."""

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Told:
    """A command for an agent, with the trial it is about."""

    kind: str
    run: Run | None = None


parse = lru_cache(maxsize=256)(parse_yaml)
"""A sweep's spec by its YAML text: parsed once, not on every heartbeat."""


def prepare(ctx: Context, sweep_id: int) -> None:
    """Compute the next point of a bayes sweep from everything known now."""
    sweep = sweeps.by_id(ctx.db, sweep_id)
    if sweep is None or sweep.state not in ("PENDING", "RUNNING"):
        return
    spec = parse(sweep.config)
    if spec.method == "bayes":
        params = suggest(ctx, sweep, spec)
        ctx.services.suggestions.put(sweep.id, sweep.next_number, params)


def suggest(ctx: Context, sweep: Sweep, spec: SweepSpec) -> Params:
    """Return the point of trial `sweep.next_number`: of (sweep, number) and the known results."""
    number = sweep.next_number
    if spec.method == "grid":
        return grid.point(spec, number)
    if spec.method == "random" or spec.metric is None:
        return sampling.point(spec, sweep.seed, number)
    seen = sweeps.observations(ctx.db, sweep.id, spec.metric.name, OBSERVED_TRIALS)
    trials = [_trial(*row) for row in seen]
    finished = [t for t in trials if t.state not in (TrialState.PENDING, TrialState.RUNNING)]
    pending = [t for t in trials if t.state in (TrialState.PENDING, TrialState.RUNNING)]
    return bayes.suggest(spec, finished, pending, sweep.seed, number)


def _trial(number: int, state: str, config: str, value: float | None) -> Trial:
    return Trial(number, runs.unwrap(json.loads(config)), TrialState.of(state), value)


def heartbeat(ctx: Context, agent_id: int, running: frozenset[str]) -> Told | None:
    """Record what an agent says and return its next command.

    Raises:
        NotFound: the agent or its sweep is gone. The SDK answers a 404 by letting its trial end.
    """
    agent = agents.by_id(ctx.db, agent_id)
    sweep = sweeps.by_id(ctx.db, agent.sweep_id) if agent else None
    if agent is None or sweep is None:
        raise NotFound("this sweep was deleted", fix="start the agent on another sweep")
    spec = parse(sweep.config)
    # A suggestion may take a while: never inside the transaction that everybody waits for.
    ahead = _point_ahead(ctx, sweep, spec) if _wants_point(ctx, sweep, spec, running) else None
    with write(ctx.db):
        agents.heartbeat(ctx.db, agent.id, running, ctx.now)
        _close_vanished(ctx, agent, running)
        sweep = _again(ctx, sweep)
        view = sweep_view(ctx, sweep, spec)
        command = schedule.decide(view, _agent_view(ctx, agent, running))
        told = _record(ctx, sweep, spec, agent, command, ahead)
        finish_if_over(ctx, _again(ctx, sweep), spec)
    return told


def _wants_point(ctx: Context, sweep: Sweep, spec: SweepSpec, running: frozenset[str]) -> bool:
    return (
        spec.method == "bayes"
        and sweep.state in ("PENDING", "RUNNING")
        and len(running) < ctx.services.config.trials_per_agent
    )


def _point_ahead(ctx: Context, sweep: Sweep, spec: SweepSpec) -> tuple[int, Params]:
    ready = ctx.services.suggestions.take(sweep.id, sweep.next_number)
    return sweep.next_number, suggest(ctx, sweep, spec) if ready is None else ready


def _again(ctx: Context, sweep: Sweep) -> Sweep:
    held = sweeps.by_id(ctx.db, sweep.id)
    assert held is not None
    return held


def _close_vanished(ctx: Context, agent: Agent, running: frozenset[str]) -> None:
    """End the agent's trials that had started, are not alive any more, and never reported."""
    for run in agents.runs_of(ctx.db, agent.id, "running"):
        if run.name not in running:
            runs.close(ctx.db, run.id, "killed" if run.should_stop else "crashed", ctx.now)


def sweep_view(ctx: Context, sweep: Sweep, spec: SweepSpec) -> schedule.SweepView:
    """Return what a decision needs to know of a sweep."""
    before = ctx.now - ctx.services.config.offer_again_after
    waiting = sweeps.waiting_trial(ctx.db, sweep.id, before)
    return schedule.SweepView(
        state=sweep.state,
        reserved=sweep.next_number,
        cap=trial_cap(spec),
        accepts_new=not spec.scheduler and spec.method != "custom",
        target_reached=_target_reached(ctx, sweep, spec),
        waiting=waiting.name if waiting else None,
        unstarted=sweeps.count_trials(ctx.db, sweep.id, "pending"),
    )


def trial_cap(spec: SweepSpec) -> int | None:
    """Return how many trials a sweep may have: run_cap, the grid's size, or neither."""
    caps = [spec.run_cap, grid.size(spec) if spec.method == "grid" else None]
    return min((cap for cap in caps if cap is not None), default=None)


def _target_reached(ctx: Context, sweep: Sweep, spec: SweepSpec) -> bool:
    metric = spec.metric
    if metric is None or metric.target is None:
        return False
    maximize = metric.goal == "maximize"
    best = sweeps.best_value(ctx.db, sweep.id, metric.name, maximize)
    if best is None or math.isnan(best):
        return False
    return best >= metric.target if maximize else best <= metric.target


def _agent_view(ctx: Context, agent: Agent, running: frozenset[str]) -> schedule.AgentView:
    before = ctx.now - ctx.services.config.offer_again_after
    starting = [
        run
        for run in agents.runs_of(ctx.db, agent.id, "pending")
        if run.name not in running and (run.offered_at or 0) >= before
    ]
    asked = [
        (run.name, ctx.now - run.updated_at)
        for run in agents.runs_of(ctx.db, agent.id, "running")
        if run.should_stop
    ]
    return schedule.AgentView(
        running=running,
        handed=len(starting),
        capacity=ctx.services.config.trials_per_agent,
        stop_asked=asked,
    )


def _record(
    ctx: Context,
    sweep: Sweep,
    spec: SweepSpec,
    agent: Agent,
    command: schedule.Command | None,
    ahead: tuple[int, Params] | None,
) -> Told | None:
    if command is None:
        return None
    if isinstance(command, schedule.Exit):
        agents.leave(ctx.db, agent.id, ctx.now)
        return Told("exit")
    if isinstance(command, schedule.Stop):
        return Told("stop", runs.find(ctx.db, sweep.project_id, command.trial))
    if sweep.state == "PENDING":
        sweeps.update(ctx.db, sweep.id, now=ctx.now, state="RUNNING")
    if command.trial is not None:
        waiting = runs.find(ctx.db, sweep.project_id, command.trial)
        assert waiting is not None
        sweeps.offer(ctx.db, waiting.id, agent.id, ctx.now)
        return Told("run", waiting)
    # Another agent may have taken this number meanwhile; its point is then pending, and counts.
    fits = ahead is not None and ahead[0] == sweep.next_number
    params = ahead[1] if ahead and fits else suggest(ctx, sweep, spec)
    run = sweeps.reserve_trial(
        ctx.db,
        sweep,
        sweep.next_number,
        params,
        agent_id=agent.id,
        user_id=agent.user_id,
        now=ctx.now,
    )
    return Told("run", run)


def finish_if_over(ctx: Context, sweep: Sweep, spec: SweepSpec) -> None:
    """Mark a sweep finished once nothing new will come and nothing is alive."""
    view = sweep_view(ctx, sweep, spec)
    if not view.exhausted:
        return
    if schedule.is_over(view, sweeps.count_trials(ctx.db, sweep.id, *runs.ALIVE)):
        sweeps.update(ctx.db, sweep.id, now=ctx.now, state="FINISHED")


def on_progress(ctx: Context, run: Run) -> None:
    """A trial logged or ended: the sweep may be over."""
    if run.sweep_id is None or run.state not in runs.ENDED:
        return
    sweep = sweeps.by_id(ctx.db, run.sweep_id)
    if sweep is not None:
        finish_if_over(ctx, sweep, parse(sweep.config))
