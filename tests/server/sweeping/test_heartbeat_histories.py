"""What the scheduler promises whatever agents do: come, go, crash, answer late or twice."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.search import grid
from housing_sweep.search.spec import parse_spec
from housing_sweep.server.store.db import write
from housing_sweep.server.store.sweeps import trials
from housing_sweep.server.store.sweeps.agents import Agent
from tests.support.examples import examples
from tests.support.sweep_play import Play
from tests.support.work import work_of

ACTIONS = (
    *("beat", "beat", "beat", "repeat", "forget", "start", "log", "finish", "fail", "die"),
    *("preempt", "vanish", "sleep", "reap", "pause", "resume", "restart", "ahead", "back"),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2), st.integers(0, 5)), max_size=40
)


class Chaos:
    """Three agents that do as a list of actions says, and a record of what they were told."""

    def __init__(self, folder: Path, spec: dict[str, Any], **config: Any) -> None:
        self.folder, self.config = folder, config
        self.play = Play(folder, **config)
        self.sweep = self.play.sweep(spec)
        self.agents: list[Agent] = [self.play.agent(self.sweep) for _ in range(3)]
        self.holds: list[set[str]] = [set(), set(), set()]
        self.started: set[str] = set()

    def act(self, action: str, who: int, which: int) -> None:
        mine = sorted(self.holds[who])
        name = mine[which % len(mine)] if mine else None
        if action == "beat":
            self.beat(who)
        elif action == "repeat":  # the answer was lost, the SDK asks again
            held = set(self.holds[who])
            self.play.beat(self.agents[who], *held, after=0.2)
            self.beat(who, after=0.2)
        elif action == "forget":  # the agent dies, its children with it; another takes its place
            self.holds[who].clear()
            self.agents[who] = self.play.agent(self.sweep)
        elif action == "sleep":
            self.play.now += (10, 70, 150)[which % 3]
        elif action == "reap":
            self.play.reap()
        elif action in ("pause", "resume"):
            self.state("PAUSED" if action == "pause" else "RUNNING")
        elif action == "restart":
            self.play.restart()
        elif action in ("ahead", "back"):  # the system's clock is put right, or wrong
            self.play.jump(3600 if action == "ahead" else -3600)
        elif name is not None:
            self.trial(action, who, name)

    def trial(self, action: str, who: int, name: str) -> None:
        if action == "start" or name not in self.started:
            self.started.add(name)
            self.play.start(name)
            if action == "start":
                return
        if action == "log":
            self.play.log(name, 0.5)
        elif action == "vanish":  # its process is gone, and it said nothing
            self.holds[who].discard(name)
        else:
            if action == "preempt":
                self.play.post(name, preempting=True)
            code = {"finish": 0, "die": 255}.get(action, 1)
            self.play.finish(name, exitcode=code)
            self.holds[who].discard(name)

    def beat(self, who: int, after: float = 5.0) -> None:
        for told in self.play.beat(self.agents[who], *self.holds[who], after=after):
            if told.kind == "exit":
                assert not self.holds[who]
            elif told.kind in ("run", "resume"):
                assert told.run is not None
                assert told.run.name not in self.holds[who]
                self.holds[who].add(told.run.name)

    def state(self, state: str) -> None:
        if self.play.look(self.sweep.name).state in ("PENDING", "RUNNING", "PAUSED"):
            self.play.sweep_state(self.sweep, state)

    def end(self) -> None:
        """Let one good agent do the rest, when everybody else has died."""
        self.state("RUNNING")
        self.play.now += 1000
        self.play.reap()
        agent = self.play.agent(self.sweep)
        for _ in range(200):
            for told in self.play.beat(agent):
                if told.kind == "exit":
                    return
                assert told.run is not None
                self.play.start(told.run.name)
                self.play.finish(told.run.name, 0.3)
        raise AssertionError(f"never over: {self.play.states(self.sweep)}")

    def numbers(self) -> list[tuple[int, int]]:
        """Return (trial number, runs of it that are not over), by number."""
        rows = self.play.ctx.db.execute(
            "SELECT trial_number, sum(state IN ('pending', 'running', 'preempting', 'preempted'))"
            " FROM runs WHERE sweep_id = ? GROUP BY trial_number ORDER BY trial_number",
            (self.sweep.id,),
        )
        return [tuple(row) for row in rows]


SPEC: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"a": {"values": [1, 2, 3]}, "b": {"values": ["x", "y"]}},
}


@examples(20)
@given(STEPS, st.none() | st.integers(1, 5), st.integers(0, 1), st.integers(1, 2))
def test_no_point_is_lost_or_tried_twice_whatever_happens(
    steps: list[tuple[str, int, int]], cap: int | None, retries: int, capacity: int
) -> None:
    spec = {**SPEC, **({"run_cap": cap} if cap else {})}
    with tempfile.TemporaryDirectory() as folder:
        chaos = Chaos(Path(folder), spec, retries=retries, trials_per_agent=capacity)
        try:
            for step in steps:
                chaos.act(*step)
                assert all(alive <= 1 for _, alive in chaos.numbers())
                assert len(chaos.numbers()) <= (cap or 6)
            chaos.end()
            wanted = [grid.point(parse_spec(spec), n) for n in range(min(cap or 6, 6))]
            assert chaos.numbers() == [(n, 0) for n in range(len(wanted))]
            (points,) = chaos.play.ctx.db.execute(
                "SELECT count(DISTINCT digest) FROM trials"
            ).fetchone()
            assert points == len(wanted)
            assert chaos.play.look(chaos.sweep.name).state == "FINISHED"
            assert "running" not in chaos.play.states(chaos.sweep)
        finally:
            chaos.play.close()


def test_a_grid_of_thirteen_thousand_points_ends_exactly_and_costs_no_more_at_its_end(
    tmp_path: Path,
) -> None:
    """Users of W&B report grids of 13,000 points that never end."""
    play = Play(tmp_path)
    values = [{"values": list(range(24))} for _ in range(3)]
    spec = {"method": "grid", "parameters": dict(zip("abc", values, strict=True))}
    small, large = play.sweep(spec), play.sweep(spec)
    _pretend(play, large.id, spec, 13_800)
    _cost(play, small.name, 1)  # what is read once and kept
    early = _cost(play, small.name, 20)
    late = _cost(play, large.name, 20)
    agent = play.agent(large)
    for _ in range(4):
        play.trial(agent)
    assert [told.kind for told in play.beat(agent)] == ["exit"]
    assert play.look(large.name).state == "FINISHED"
    (count, distinct) = play.ctx.db.execute(
        "SELECT count(*), count(DISTINCT digest) FROM trials WHERE sweep_id = ?", (large.id,)
    ).fetchone()
    assert count == distinct == 24**3 == 13_824
    assert late < 1.5 * early
    play.close()


def _pretend(play: Play, sweep_id: int, spec: dict[str, Any], count: int) -> None:
    """Fill a sweep with finished trials, as if agents had done them."""
    parsed, db = parse_spec(spec), play.ctx.db
    with write(db):
        for n in range(count):
            point = grid.point(parsed, n)
            run = db.execute(
                "INSERT INTO runs (project_id, name, state, sweep_id, trial_number, created_at,"
                " updated_at) VALUES (?, ?, 'finished', ?, ?, 0, 0)",
                (play.project.id, f"pretend{n}", sweep_id, n),
            ).lastrowid
            db.execute(
                "INSERT INTO trials (sweep_id, number, run_id, point, digest)"
                " VALUES (?, ?, ?, '{}', ?)",
                (sweep_id, n, run, trials.point_digest(point)),
            )
        db.execute(
            "UPDATE sweeps SET next_number = ?, position = ?, state = 'RUNNING' WHERE id = ?",
            (count, count, sweep_id),
        )


def _cost(play: Play, sweep: str, count: int) -> int:
    agent = play.agent(play.look(sweep))
    return work_of(lambda: [play.trial(agent) for _ in range(count)], play.ctx.db)
