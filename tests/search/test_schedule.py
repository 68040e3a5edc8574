"""The scheduling rules, and what they promise over any history of agents."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.search.schedule import (
    STOP_PATIENCE_SECONDS,
    AgentView,
    ExitAgent,
    RunTrial,
    StopTrial,
    SweepView,
    decide,
    is_over,
)

FRESH = SweepView(state="RUNNING", reserved=0)
IDLE = AgentView(running=frozenset())
BUSY = AgentView(running=frozenset({"t"}))


@pytest.mark.parametrize("state", ["PENDING", "RUNNING"])
def test_an_idle_agent_of_an_open_sweep_gets_the_next_trial(state: str) -> None:
    assert decide(replace(FRESH, state=state), IDLE) == RunTrial(None)


def test_a_busy_agent_gets_nothing_and_one_with_room_gets_more() -> None:
    assert decide(FRESH, BUSY) is None
    assert decide(FRESH, replace(BUSY, capacity=2)) == RunTrial(None)


def test_a_waiting_trial_goes_before_a_new_one_and_beyond_the_cap() -> None:
    assert decide(replace(FRESH, waiting="w"), IDLE) == RunTrial("w")
    assert decide(replace(FRESH, waiting="w", reserved=3, cap=3), IDLE) == RunTrial("w")


@pytest.mark.parametrize(
    "over",
    [
        {"reserved": 3, "cap": 3},
        {"points_left": False},
        {"target_reached": True},
        {"target_reached": True, "waiting": "w", "may_return": 1},
    ],
)
def test_an_exhausted_sweep_sends_idle_agents_home_and_lets_busy_ones_work(
    over: dict[str, object],
) -> None:
    view = replace(FRESH, **over)  # type: ignore[arg-type]
    assert decide(view, IDLE) == ExitAgent()
    assert decide(view, BUSY) is None


def test_an_idle_agent_stays_while_a_trial_may_come_back() -> None:
    assert decide(replace(FRESH, points_left=False, may_return=1), IDLE) is None


def test_a_sweep_that_others_feed_waits_for_its_queue() -> None:
    fed = replace(FRESH, makes_points=False)
    assert decide(fed, IDLE) is None
    assert decide(replace(fed, waiting="w"), IDLE) == RunTrial("w")
    assert decide(replace(fed, points_left=False), IDLE) == ExitAgent()


def test_pause_says_nothing_stop_waits_for_trials_and_cancel_does_not() -> None:
    assert decide(replace(FRESH, state="PAUSED", waiting="w"), IDLE) is None
    assert decide(replace(FRESH, state="FINISHED"), BUSY) is None
    assert decide(replace(FRESH, state="FINISHED", waiting="w"), IDLE) == ExitAgent()
    assert decide(replace(FRESH, state="CANCELED"), BUSY) == ExitAgent()


def test_a_trial_is_stopped_by_force_only_after_its_stream_had_time() -> None:
    early = replace(BUSY, stop_asked=[("t", STOP_PATIENCE_SECONDS - 1)])
    late = replace(BUSY, stop_asked=[("t", STOP_PATIENCE_SECONDS)])
    gone = replace(IDLE, stop_asked=[("t", 99.0)])
    assert decide(FRESH, early) is None
    assert decide(FRESH, late) == StopTrial("t")
    assert decide(FRESH, gone) == RunTrial(None)


@pytest.mark.parametrize("state", ["PAUSED", "FINISHED", "CANCELED"])
def test_only_an_open_sweep_ends_by_itself(state: str) -> None:
    done = replace(FRESH, points_left=False)
    assert is_over(done, alive=0)
    assert not is_over(done, alive=1)
    assert not is_over(FRESH, alive=0)
    assert not is_over(replace(done, state=state), alive=0)


@dataclass
class World:
    """The smallest world in which the rules mean something: a queue, agents, a counter."""

    points: int
    cap: int | None
    reserved: int = 0
    queue: list[str] = field(default_factory=list)
    offered: dict[str, str] = field(default_factory=dict)  # trial -> agent, not started
    alive: dict[str, str] = field(default_factory=dict)  # trial -> agent
    ended: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    state: str = "RUNNING"

    @property
    def view(self) -> SweepView:
        left = self.reserved < self.points
        return SweepView(
            self.state,
            self.reserved,
            self.cap,
            points_left=left,
            waiting=self.queue[0] if self.queue else None,
            may_return=len(self.queue) + len(self.offered),
        )

    def beat(self, agent: str) -> None:
        held = {t for t, a in {**self.alive, **self.offered}.items() if a == agent}
        match decide(self.view, AgentView(frozenset(held))):
            case RunTrial(None):
                self.offered[f"t{self.reserved}"] = agent
                self.reserved += 1
            case RunTrial(str(name)):
                self.queue.remove(name)
                self.offered[name] = agent
            case ExitAgent():
                assert not held or self.state == "CANCELED"
                self.gone.add(agent)

    def act(self, kind: str, agent: str) -> None:
        mine = sorted(t for t, a in self.offered.items() if a == agent)
        running = sorted(t for t, a in self.alive.items() if a == agent)
        if kind == "beat" and agent not in self.gone:
            self.beat(agent)
        elif kind == "start" and mine:
            self.alive[mine[0]] = self.offered.pop(mine[0])
        elif kind == "end" and running:
            del self.alive[running[0]]
            self.ended.append(running[0])
        elif kind == "lose" and mine:  # the agent died with it, or never heard of it
            del self.offered[mine[0]]
            self.queue.append(mine[0])
        elif kind == "pause":
            self.state = "RUNNING" if self.state == "PAUSED" else "PAUSED"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["beat", "beat", "beat", "start", "end", "lose", "pause"]),
        st.sampled_from(["a", "b", "c"]),
    ),
    max_size=60,
)


@given(STEPS, st.integers(0, 8), st.none() | st.integers(1, 8))
def test_no_trial_is_lost_or_made_twice_whatever_agents_do(
    steps: list[tuple[str, str]], points: int, cap: int | None
) -> None:
    world = World(points, cap)
    for kind, agent in steps:
        world.act(kind, agent)
        everywhere = [*world.queue, *world.offered, *world.alive, *world.ended]
        assert sorted(everywhere) == sorted(f"t{i}" for i in range(world.reserved))
        assert world.reserved <= min(points, points if cap is None else cap)
    world.state = "RUNNING"
    for _ in range(4 * (points + 2)):  # one good agent is enough to end it
        for kind in ("beat", "start", "end"):
            world.act(kind, "new")
            for other in "abc":
                world.act("start", other)
                world.act("end", other)
    assert len(world.ended) == min(points, points if cap is None else cap)
    assert is_over(world.view, len(world.queue) + len(world.offered) + len(world.alive))
    assert "new" in world.gone
