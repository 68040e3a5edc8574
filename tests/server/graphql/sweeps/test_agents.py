"""Agents on the wire: register, beat, be told, and what is shown of them."""

import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.graphql.sweeps.agents import AGENT_LOST_SECONDS, to_wire
from housing_sweep.server.store.sweeps import agents, sweeps
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping.heartbeat import AgentCommand
from tests.support.sweep_play import GRID6, RANDOM, Play

CREATE = "mutation($input: CreateAgentInput!) { createAgent(input: $input) { agent { id name } } }"
BEAT = """mutation($input: AgentHeartbeatInput!) { agentHeartbeat(input: $input) {
    agent { state } commands } }"""
SHOW = """query($entity: String, $sweep: String!, $agent: String!, $after: String) {
    project(entityName: $entity, name: "play") { sweep(sweepName: $sweep) {
    agents { edges { node { name } } } agent(agentName: $agent) { state totalRuns
    runs(first: 2, after: $after) { pageInfo { endCursor hasNextPage } edges { node { name } } } }
    } } }"""


def register(play: Play, sweep_name: str) -> dict[str, str]:
    """Register an agent as `wandb agent` does."""
    where = {"entityName": play.project.entity_name, "projectName": "play"}
    answer = play.graphql(CREATE, input={**where, "host": "here", "sweep": sweep_name})
    agent: dict[str, str] = answer["createAgent"]["agent"]
    return agent


def commands(play: Play, agent: dict[str, str], run_state: str | None = None) -> Any:
    """Return what one heartbeat is answered with."""
    answer = play.graphql(BEAT, input={"id": agent["id"], "runState": run_state})
    return json.loads(answer["agentHeartbeat"]["commands"])


def agent_view(play: Play, sweep: Sweep, agent: dict[str, str], after: str | None = None) -> Any:
    """Return what is shown of an agent."""
    names = {"sweep": sweep.name, "agent": agent["name"], "after": after}
    answer = play.graphql(SHOW, entity=play.project.entity_name, **names)
    return answer["project"]["sweep"]["agent"]


def test_the_first_agent_sets_a_sweep_going_and_a_paused_one_stays_paused(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    assert sweep.state == "PENDING"
    register(play, sweep.name)
    assert play.look(sweep.name).state == "RUNNING"
    play.sweep_state(sweep, "PAUSED")
    register(play, sweep.name)
    assert play.look(sweep.name).state == "PAUSED"
    assert len(agents.of_sweep(play.ctx.db, sweep.id)) == 2


def test_an_agent_of_no_sweep_is_told_to_check_the_id(play: Play) -> None:
    with pytest.raises(NotFound, match="check the id that `wandb sweep` printed"):
        register(play, "nosuch")


def test_a_heartbeat_is_answered_as_the_sdk_reads_it(play: Play) -> None:
    sweep = play.sweep({**GRID6, "program": "train.py", "run_cap": 1})
    agent = register(play, sweep.name)
    (command,) = commands(play, agent)
    run = play.run(command["run_id"])
    assert command == {
        "type": "run",
        "run_id": run.name,
        "args": {"a": {"value": 1}, "b": {"value": "x"}},
        "program": "train.py",
    }
    play.start(run.name)
    assert commands(play, agent, json.dumps({run.name: True})) == []
    play.finish(run.name, 0.5)
    assert commands(play, agent, json.dumps({run.name: False})) == [{"type": "exit"}]


def test_a_command_to_stop_names_the_run_only(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    run = play.run(play.given(play.agent(sweep)))
    assert to_wire(AgentCommand("stop", run), sweep) == {"type": "stop", "run_id": run.name}


@pytest.mark.parametrize("run_state", ["{", "[]", "3", "[" * 100_000])
def test_a_run_state_that_is_none_is_refused(play: Play, run_state: str) -> None:
    agent = register(play, play.sweep(RANDOM).name)
    with pytest.raises(BadInput):
        commands(play, agent, run_state)


def test_an_agent_of_a_deleted_sweep_is_told_so(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    agent = register(play, sweep.name)
    sweeps.delete(play.ctx.db, sweep.id)
    for gone in (agent, {"id": to_id("Agent", 999)}):
        with pytest.raises(NotFound, match="this sweep was deleted"):
            commands(play, gone)


def test_an_agent_is_shown_at_work_lost_or_gone(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    agent = register(play, sweep.name)
    assert agent_view(play, sweep, agent)["state"] == "RUNNING"
    play.now += AGENT_LOST_SECONDS + 1
    assert agent_view(play, sweep, agent)["state"] == "CRASHED"
    row = agents.find(play.ctx.db, sweep.id, agent["name"])
    assert row is not None
    agents.leave(play.ctx.db, row.id, play.now)
    assert agent_view(play, sweep, agent)["state"] == "FINISHED"
    assert agent_view(play, sweep, {"name": "nobody"}) is None


def test_an_agents_trials_are_listed_page_by_page(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    agent = register(play, sweep.name)
    row = agents.find(play.ctx.db, sweep.id, agent["name"])
    assert row is not None
    names = [play.trial(row, 0.5).name for _ in range(3)]
    page = agent_view(play, sweep, agent)
    assert page["totalRuns"] == 3
    assert [edge["node"]["name"] for edge in page["runs"]["edges"]] == names[:2]
    rest = agent_view(play, sweep, agent, page["runs"]["pageInfo"]["endCursor"])
    assert [edge["node"]["name"] for edge in rest["runs"]["edges"]] == names[2:]
    assert not rest["runs"]["pageInfo"]["hasNextPage"]
