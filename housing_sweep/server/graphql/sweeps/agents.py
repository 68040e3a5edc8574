"""Agents on the wire: register, beat, be told."""

import json
from typing import Any

from housing_sweep.errors import NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.json_text import loads_object
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.sweeps import agents, sweeps
from housing_sweep.server.store.sweeps.agents import Agent
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping import heartbeat, specs
from housing_sweep.server.sweeping.heartbeat import AgentCommand

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
    with write(ctx.db):
        sweep = sweeps.find(ctx.db, project.id, input["sweep"])
        if sweep is None:
            raise NotFound(
                f"sweep {project.entity_name}/{project.name}/{input['sweep']} not found",
                fix="check the id that `wandb sweep` printed",
            )
        agent = agents.create(ctx.db, sweep.id, input["host"], ctx.viewer.id, ctx.now)
        if sweep.state == "PENDING":
            sweeps.update(ctx.db, sweep.id, now=ctx.now, state="RUNNING")
    return {"agent": agent}


def agent_heartbeat(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Answer one heartbeat with the commands for that agent."""
    ctx, agent_id = info.context, relay.from_id("Agent", input["id"])
    sweep = _writable_sweep(info, agent_id)
    answer = heartbeat.heartbeat(ctx, agent_id, _running(input.get("runState")))
    commands = [to_wire(command, sweep) for command in answer]
    return {"agent": agents.find_by_id(ctx.db, agent_id), "commands": json.dumps(commands)}


def _writable_sweep(info: Info, agent_id: int) -> Sweep:
    ctx = info.context
    agent = agents.find_by_id(ctx.db, agent_id)
    sweep = sweeps.find_by_id(ctx.db, agent.sweep_id) if agent else None
    project = projects.find_by_id(ctx.db, sweep.project_id) if sweep else None
    if sweep is None or project is None:
        raise NotFound("this sweep was deleted", fix="start the agent on another sweep")
    projects.require_writable(ctx.db, ctx.viewer, project)
    return sweep


def _running(run_state: str | None) -> frozenset[str]:
    alive_by_name = loads_object(run_state or "{}")
    return frozenset(name for name, alive in alive_by_name.items() if alive)


def to_wire(command: AgentCommand, sweep: Sweep) -> dict[str, Any]:
    """Return a command as the SDK's agent reads it."""
    if command.run is None:
        return {"type": command.kind}
    if command.kind == "stop":
        return {"type": "stop", "run_id": command.run.name}
    return {
        "type": command.kind,
        "run_id": command.run.name,
        "args": {name: {"value": value} for name, value in (command.point or {}).items()},
        "program": specs.spec_of(sweep.config).program,
    }


def agent_runs(
    source: Agent, info: Info, after: str | None = None, first: int | None = None, **_ignored: Any
) -> relay.Connection:
    """Return the trials an agent was told to run, oldest first."""
    size = relay.page_size(first)
    rows = agents.page_of_runs(
        info.context.db, source.id, after=relay.offset_of(after), limit=size + 1
    )
    return relay.connection([relay.Edge(run, relay.to_cursor(run.id)) for run in rows], size)


def state(source: Agent, info: Info) -> str:
    """Return whether an agent works, left, or fell silent."""
    if source.left_at is not None:
        return "FINISHED"
    lost = info.context.steady.now() - source.heard_at > AGENT_LOST_SECONDS
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
        "totalRuns": lambda agent, info: agents.count_runs(info.context.db, agent.id),
        "runs": agent_runs,
    },
}
