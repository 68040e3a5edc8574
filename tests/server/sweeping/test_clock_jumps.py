"""Clocks that jump, in a server's life or between two: no trial is taken twice, none is ended."""

from collections.abc import Callable

import pytest

from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps.agents import Agent
from tests.support.sweep_play import GRID6, Play

HOUR = 3600.0
JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR])
RESTARTS = pytest.mark.parametrize("restart", [False, True], ids=["meanwhile", "restarted"])


def jumped(play: Play, jump: float, restart: bool) -> None:
    """Let the clock jump, while the server runs or while it is down."""
    play.jump(jump)
    if restart:
        play.restart()


def told(play: Play, agent: Agent, after: float = 5.0) -> list[str]:
    """Return the trials that an agent is told to run, after a while."""
    return [command.run.name for command in play.beat(agent, after=after) if command.run]


@pytest.fixture
def play(play_with: Callable[..., Play]) -> Play:
    """A server that tries crashed trials again."""
    return play_with(retries=2)


@JUMPS
@RESTARTS
def test_a_living_trial_goes_on_and_its_point_is_tried_once(
    play: Play, jump: float, restart: bool
) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    agent, idle = play.agent(sweep), play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    jumped(play, jump, restart)
    for _ in range(3):
        play.reap()
        assert play.beat(agent, name) == []
        assert all(command.kind == "exit" for command in play.beat(idle))
        play.log(name, 0.5)
    play.finish(name, 0.4)
    assert play.states(sweep) == ["finished"]


@JUMPS
@RESTARTS
def test_a_trial_that_begins_slowly_stays_with_its_agent(
    play: Play, jump: float, restart: bool
) -> None:
    """After a start nobody has been heard yet, whatever the time of day: all may speak first."""
    sweep = play.sweep({**GRID6, "run_cap": 1})
    slow, idle = play.agent(sweep), play.agent(sweep)
    name = play.given(slow)
    jumped(play, jump, restart)
    assert play.beat(idle) == []
    assert play.beat(slow, name) == []
    play.start(name)
    play.finish(name)
    assert play.states(sweep) == ["finished"]


def test_a_server_that_was_down_for_long_asks_first_who_is_alive(play: Play) -> None:
    sweep = play.sweep(GRID6)
    slow, quick = play.agent(sweep), play.agent(sweep)
    waits, works = play.given(slow), play.given(quick)
    play.start(works)
    play.restart(down=2 * HOUR)
    play.reap()
    assert play.run(works).state == "running"
    assert waits not in {c.run.name for c in play.beat(quick) if c.run}
    play.now += 200
    play.reap()
    assert play.run(works).state == "crashed", "it had its time to speak"


@JUMPS
@RESTARTS
def test_what_is_lost_is_noticed_as_soon_as_ever(play: Play, jump: float, restart: bool) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 2})
    lost, gone, other = (play.agent(sweep) for _ in range(3))
    silent = play.given(lost)
    play.start(silent)
    never = play.given(gone)
    jumped(play, jump, restart)
    assert told(play, other, after=61) == [never]
    play.now += 60
    play.reap()
    assert play.run(silent).state == "crashed"
    assert play.states(sweep) == ["crashed", "pending", "pending"]


@JUMPS
@RESTARTS
def test_a_trial_asked_to_stop_has_its_time_to_end_by_itself(
    play: Play, jump: float, restart: bool
) -> None:
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    runs.ask_to_stop(play.ctx.db, play.run(name).id, play.now)
    assert play.beat(agent, name) == []
    jumped(play, jump, restart)
    assert play.beat(agent, name) == []
    kinds = [command.kind for _ in range(6) for command in play.beat(agent, name)]
    assert kinds[-1:] == ["stop"], "and no more than that"


@JUMPS
def test_a_program_that_dies_at_once_is_given_up_all_the_same(play: Play, jump: float) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    agent = play.agent(sweep)
    name = play.given(agent)
    play.jump(jump)
    assert [told(play, agent) for _ in range(2)] == [[name]] * 2
    play.beat(agent)
    assert play.run(name).state == "failed"


def test_a_clock_put_back_twice_does_not_stop_the_time(play: Play) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    lost, other = play.agent(sweep), play.agent(sweep)
    name = play.given(lost)
    for _ in range(2):
        play.jump(-HOUR)
        play.restart()
    assert play.beat(other, after=50) == []
    assert told(play, other, after=11) == [name]
