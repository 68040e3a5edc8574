"""Agents on the wire: register, beat, be told."""

import json
from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server import scheduler
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.scheduler import Told
from housing_sweep.server.store import agents, projects, sweeps
from housing_sweep.server.store.agents import Agent
from housing_sweep.server.store.sweeps import Sweep

AGENT_LOST_SECONDS = 60.0
"""Agents beat every 5 s; one silent for this long is shown as lost."""


def create_agent(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Register an agent of a sweep.

    Raises:
        NotFound: no such sweep.
    """
    ctx = info.context
    project = projects.require_readable(
        ctx.db, ctx.viewer, input.get("entityName"), input.get("projectName")
    )
    projects.require_writable(ctx.db, ctx.viewer, project)
    sweep = sweeps.find(ctx.db, project.id, input["sweep"])
    if sweep is None:
        raise NotFound(
            f"sweep {project.entity_name}/{project.name}/{input['sweep']} not found",
            fix="check the id that `wandb sweep` printed",
        )
    agent = agents.create(ctx.db, sweep.id, input["host"], ctx.viewer.id, ctx.now)
    return {"agent": agent}


def agent_heartbeat(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Answer one heartbeat with at most one command.

    One, because the SDK's function agent reads `commands[0]` and drops the rest
    (wandb/agents/pyagent.py, `Agent._heartbeat`).
    """
    ctx, agent_id = info.context, relay.from_id("Agent", input["id"])
    _check_access(info, agent_id)
    told = scheduler.heartbeat(ctx, agent_id, _running(input.get("runState")))
    commands = [] if told is None else [to_wire(told, info)]
    return {"agent": agents.by_id(ctx.db, agent_id), "commands": json.dumps(commands)}


def _check_access(info: Info, agent_id: int) -> None:
    ctx = info.context
    agent = agents.by_id(ctx.db, agent_id)
    sweep = sweeps.by_id(ctx.db, agent.sweep_id) if agent else None
    project = projects.by_id(ctx.db, sweep.project_id) if sweep else None
    if project is None:
        raise NotFound("this sweep was deleted", fix="start the agent on another sweep")
    projects.require_writable(ctx.db, ctx.viewer, project)


def _running(run_state: str | None) -> frozenset[str]:
    try:
        held = json.loads(run_state or "{}")
    except ValueError:
        raise BadInput(f"runState is not JSON: {run_state!r}") from None
    return frozenset(name for name, alive in held.items() if alive)


def to_wire(told: Told, info: Info) -> dict[str, Any]:
    """Return a command as the SDK's agent reads it."""
    if told.run is None:
        return {"type": told.kind}
    if told.kind == "stop":
        return {"type": "stop", "run_id": told.run.name}
    sweep = sweeps.by_id(info.context.db, told.run.sweep_id) if told.run.sweep_id else None
    args = {name: {"value": value} for name, value in told.run.config_values.items()}
    return {
        "type": "run",
        "run_id": told.run.name,
        "args": args,
        "program": scheduler.parse(sweep.config).program if sweep else None,
    }


def agent_runs(source: Agent, info: Info, **_page: object) -> relay.Connection:
    """Return the trials an agent was told to run; few by nature."""
    rows = agents.runs_of(info.context.db, source.id)
    return relay.offset_page(rows, _text(_page.get("after")), _number(_page.get("first")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def state(source: Agent, info: Info) -> str:
    """Return whether an agent works, left, or fell silent."""
    if source.left_at is not None:
        return "FINISHED"
    lost = info.context.now - source.heartbeat_at > AGENT_LOST_SECONDS
    return "CRASHED" if lost else "RUNNING"


def sweep_agents(source: Sweep, info: Info) -> dict[str, Any]:
    """Return every agent a sweep ever had."""
    return {"edges": [{"node": a} for a in agents.of_sweep(info.context.db, source.id)]}


def sweep_agent(source: Sweep, info: Info, agentName: str) -> Agent | None:
    """Return one agent by its name."""
    return agents.find(info.context.db, source.id, agentName)


RESOLVERS: Resolvers = {
    "Mutation": {"createAgent": create_agent, "agentHeartbeat": agent_heartbeat},
    "Sweep": {"agents": sweep_agents, "agent": sweep_agent},
    "Agent": {
        "state": state,
        "totalRuns": lambda a, info: len(agents.runs_of(info.context.db, a.id)),
        "runs": agent_runs,
    },
}
