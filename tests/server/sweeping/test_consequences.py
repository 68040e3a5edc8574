"""Every way a trial can end has the same consequences, whichever way the word came."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.services.live_feed import Topic
from housing_sweep.server.store.events import RunChanged, RunDeleted, RunEnded
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import bands, trials
from housing_sweep.server.store.sweeps.agents import Agent
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping.heartbeat import MOST_OFFERS
from tests.support.sweep_play import BAYES, RANDOM, Play

HYPERBAND = {"type": "hyperband", "min_iter": 3}
DELETE = "mutation($input: DeleteRunInput!) { deleteRun(input: $input) { clientMutationId } }"
UPSERT = "mutation($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { id } } }"
STOP = "mutation($input: StopRunInput!) { stopRun(input: $input) { success } }"


def stream(play: Play, _agent: Agent, run: Run) -> None:
    play.post(run.name, complete=True, exitcode=1)


def stream_when_preempted(play: Play, _agent: Agent, run: Run) -> None:
    play.post(run.name, preempting=True)
    play.post(run.name, complete=True, exitcode=1)


def stream_when_stopped(play: Play, _agent: Agent, run: Run) -> None:
    play.graphql(STOP, input={"id": to_id("Run", run.id)})
    play.post(run.name, complete=True, exitcode=255)


def stream_in_order(play: Play, _agent: Agent, run: Run) -> None:
    play.post(run.name, complete=True, exitcode=0)


def upsert(play: Play, _agent: Agent, run: Run) -> None:
    where = {"entityName": play.project.entity_name, "modelName": play.project.name}
    play.graphql(UPSERT, input={**where, "name": run.name, "state": "crashed"})


def reaper(play: Play, _agent: Agent, _run: Run) -> None:
    play.now += 1000
    play.reap()


def heartbeat(play: Play, agent: Agent, _run: Run) -> None:
    play.beat(agent)


def offers_in_vain(play: Play, agent: Agent, _run: Run) -> None:
    for _ in range(MOST_OFFERS):
        play.beat(agent)


def delete(play: Play, _agent: Agent, run: Run) -> None:
    play.graphql(DELETE, input={"id": to_id("Run", run.id)})


@dataclass(frozen=True)
class Way:
    """How a trial ends: what happens, as what it counts then, and whether it runs again."""

    act: Callable[[Play, Agent, Run], None]
    state: str | None
    retried: bool = False
    started: bool = True


WAYS = [
    Way(stream, "failed", retried=True),
    Way(stream_when_preempted, "preempted"),
    Way(stream_when_stopped, "killed"),
    Way(stream_in_order, "finished"),
    Way(upsert, "crashed", retried=True),
    Way(reaper, "crashed", retried=True),
    Way(heartbeat, "crashed", retried=True),
    Way(offers_in_vain, "failed", retried=True, started=False),
    Way(delete, None),
]


@dataclass
class Scene:
    """A sweep of one trial, which an agent was given."""

    play: Play
    sweep: Sweep
    agent: Agent
    run: Run

    def end(self, way: Way) -> None:
        """Let the trial end, and look at the sweep again."""
        way.act(self.play, self.agent, self.run)
        self.sweep = self.play.look(self.sweep.name)


@pytest.fixture(params=WAYS, ids=lambda way: way.act.__name__)
def way(request: pytest.FixtureRequest) -> Way:
    """One way to end."""
    assert isinstance(request.param, Way)
    return request.param


@pytest.fixture
def scene(tmp_path: Path, way: Way) -> Iterator[Callable[..., Scene]]:
    """Make a scene: a spec, the server's options."""
    plays: list[Play] = []

    def make(spec: dict[str, Any], **config: Any) -> Scene:
        plays.append(play := Play(tmp_path, **config))
        sweep = play.sweep({**spec, "run_cap": 1})
        agent = play.agent(sweep)
        name = play.given(agent)
        if way.started:
            play.start(name)
            play.log(name, 3.0, 2.0)
        return Scene(play, sweep, agent, play.run(name))

    yield make
    for play in plays:
        play.close()


def test_it_is_tried_again_where_it_should_be(scene: Callable[..., Scene], way: Way) -> None:
    one = scene(RANDOM, retries=1)
    one.end(way)
    trial = trials.in_states(
        one.play.ctx.db, one.sweep.id, ["pending", "preempted", "finished", "killed", "deleted"]
    )[0]
    assert trial.retries == (1 if way.retried else 0)
    attempts = one.play.states(one.sweep)
    ended = [way.state] if way.state else []
    assert attempts == [*ended, "pending"] if way.retried else attempts == ended
    if way.state == "preempted":
        assert one.play.run(one.run.name).offered_at is None, "it waits for any agent"
    if way.retried or way.state == "preempted":
        assert one.sweep.state == "PENDING", "no agent came through GraphQL"


def test_its_sweep_has_finished_unless_it_is_tried_again(
    scene: Callable[..., Scene], way: Way
) -> None:
    one = scene(RANDOM)
    one.end(way)
    assert one.sweep.state == ("PENDING" if way.state == "preempted" else "FINISHED")


def test_all_it_logged_was_judged(scene: Callable[..., Scene], way: Way) -> None:
    one = scene({**RANDOM, "early_terminate": HYPERBAND})
    if way.started:
        one.play.log(one.run.name, 1.0)
    one.end(way)
    if way.state is not None:
        progress = bands.progress_of(one.play.ctx.db, one.run.id)
        assert (progress.lines, progress.best) == ((3, 1.0) if way.started else (0, None))
        assert bands.loss_at(one.play.ctx.db, one.sweep.id, 3, one.run.id) == progress.best


def test_suggestions_are_computed_anew(scene: Callable[..., Scene], way: Way) -> None:
    one = scene(BAYES)
    suggestions = one.play.services.suggestions
    suggestions.stop()
    suggestions._due.clear()
    one.end(way)
    assert suggestions.due == (one.sweep.id,)


def test_open_pages_are_told(scene: Callable[..., Scene], way: Way) -> None:
    one = scene(RANDOM)
    feed, project = one.play.services.live_feed, one.play.project.id
    topics = Topic(project), Topic(project, sweep_id=one.sweep.id), Topic(project, one.run.id)
    watches = [feed.watch(topic, lambda: None) for topic in topics]
    one.end(way)
    for watch in watches:
        events, missed = watch.take()
        assert not missed
        if way.state is None:
            assert any(isinstance(event, RunDeleted) for event in events)
        else:
            assert RunEnded(project, one.run.id, one.sweep.id, way.state) in events


def test_a_better_result_given_after_the_end_may_reach_the_target(play: Play) -> None:
    sweep = play.sweep({**RANDOM, "metric": {**RANDOM["metric"], "target": 0.5}, "run_cap": 9})
    agent = play.agent(sweep)
    run = play.trial(agent, 0.9)
    assert play.look(sweep.name).state == "PENDING"
    watch = play.services.live_feed.watch(Topic(play.project.id, run.id), lambda: None)
    play.graphql(UPSERT, input={"id": to_id("Run", run.id), "summaryMetrics": '{"loss": 0.1}'})
    assert play.look(sweep.name).state == "FINISHED"
    assert watch.take()[0] == [RunChanged(play.project.id, run.id, sweep.id, "finished")]


def test_a_crashed_trial_is_offered_by_the_very_heartbeat_that_found_it(tmp_path: Path) -> None:
    """Decided before the retry, the agent would be told to exit: nothing else is left."""
    play = Play(tmp_path, retries=1)
    sweep = play.sweep({**RANDOM, "run_cap": 1})
    agent = play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    (command,) = play.beat(agent)
    assert command.kind == "run"
    assert command.run is not None
    assert command.run.name != name
    play.close()


def test_a_resent_end_has_its_consequences_once(tmp_path: Path) -> None:
    play = Play(tmp_path, retries=2)
    sweep = play.sweep({**RANDOM, "run_cap": 1})
    name = play.given(play.agent(sweep))
    for _ in range(3):
        play.post(name, complete=True, exitcode=1)
    assert play.states(sweep) == ["failed", "pending"]
    play.close()


def test_a_run_closed_by_a_heartbeat_has_one_past(play: Play) -> None:
    """A run that started over and then fell silent shows one life, as with every other end."""
    sweep = play.sweep({**RANDOM, "run_cap": 1})
    agent = play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    play.log(name, 1.0, 2.0)
    with_past = play.run(name)
    play.ctx.db.execute(
        "UPDATE runs SET rewriting = 2, history_lines = 0 WHERE id = ?", (with_past.id,)
    )
    play.beat(agent)
    assert (play.run(name).rewriting, play.run(name).history_lines) == (0, 2)


def test_a_late_word_does_not_bring_back_a_trial_that_was_cancelled(play: Play) -> None:
    """Its process was killed: as a running trial it would be waited for, and then have crashed."""
    sweep = play.sweep(RANDOM)
    agent = play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    play.sweep_state(sweep, "CANCELED")
    assert [command.kind for command in play.beat(agent, name)] == ["exit"]
    where = {"entityName": play.project.entity_name, "modelName": play.project.name, "name": name}
    play.graphql(UPSERT, input={**where, "config": '{"_wandb": {"value": {"e": {}}}}'})
    assert play.run(name).state == "killed"
    first = {"config": '{"_wandb": {"value": {"t": {}}}}', "host": "here"}
    play.graphql(UPSERT, input={**where, **first})
    assert play.run(name).state == "running", "a new process may take the id up again"
