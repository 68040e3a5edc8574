"""Rows of agents: who beats, who left, and which trials each was told to run."""

import json

import pytest

from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps import agents, sweeps
from housing_sweep.server.store.sweeps.sweeps import Sweep
from tests.support.sweep_play import RANDOM, Play


@pytest.fixture
def sweep(play: Play) -> Sweep:
    """A sweep without agents."""
    return play.sweep(RANDOM)


def test_an_agent_is_returned_as_it_was_stored(play: Play, sweep: Sweep) -> None:
    db = play.ctx.db
    agent = agents.create(db, sweep.id, "host", play.user.id, play.now)
    assert agent == agents.find_by_id(db, agent.id) == agents.find(db, sweep.id, agent.name)
    assert (agent.host, agent.created_at, agent.heartbeat_at) == ("host", play.now, play.now)
    assert (agent.left_at, json.loads(agent.running)) == (None, [])


def test_an_agent_is_found_in_its_own_sweep_only(play: Play, sweep: Sweep) -> None:
    db, twin = play.ctx.db, play.sweep(RANDOM)
    first, second = play.agent(sweep), play.agent(sweep)
    assert agents.of_sweep(db, sweep.id) == [first, second]
    assert agents.of_sweep(db, twin.id) == []
    assert agents.find(db, twin.id, first.name) is None
    assert agents.find(db, sweep.id, "nobody") is None
    assert agents.find_by_id(db, 999) is None


def test_a_heartbeat_says_what_runs_and_that_the_agent_is_back(play: Play, sweep: Sweep) -> None:
    db, agent = play.ctx.db, play.agent(sweep)
    agents.leave(db, agent.id, play.now + 1)
    left = agents.find_by_id(db, agent.id)
    assert left is not None
    assert left.left_at == play.now + 1
    agents.heartbeat(db, agent.id, {"b", "a"}, play.now + 2)
    alive = agents.find_by_id(db, agent.id)
    assert alive is not None
    assert (alive.left_at, alive.heartbeat_at) == (None, play.now + 2)
    assert json.loads(alive.running) == ["a", "b"]


def test_an_agents_trials_come_page_by_page_and_by_state(play: Play, sweep: Sweep) -> None:
    db, agent, other = play.ctx.db, play.agent(sweep), play.agent(sweep)
    mine = [play.trial(agent, 0.5) for _ in range(2)]
    play.trial(other, 0.5)
    mine.append(play.run(play.given(agent)))
    assert agents.count_runs(db, agent.id) == 3
    page = agents.page_of_runs(db, agent.id, after=0, limit=2)
    assert [run.name for run in page] == [run.name for run in mine[:2]]
    (last,) = agents.page_of_runs(db, agent.id, after=page[-1].id, limit=2)
    assert last.name == mine[2].name
    assert [run.name for run in agents.runs_of(db, agent.id)] == [run.name for run in mine]
    assert [run.name for run in agents.runs_of(db, agent.id, "pending", "running")] == [last.name]


def test_an_agent_goes_with_its_sweep_and_its_runs_stay(play: Play, sweep: Sweep) -> None:
    db, agent = play.ctx.db, play.agent(sweep)
    run = play.trial(agent, 0.5)
    sweeps.delete(db, sweep.id)
    assert agents.find_by_id(db, agent.id) is None
    assert runs.get(db, run.id).agent_id is None
