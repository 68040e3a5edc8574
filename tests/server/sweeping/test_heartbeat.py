"""The scheduler's rules, played out on a real database with the clock in hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.errors import NotFound
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.runs import runs
from tests.support.sweep_play import GRID6, RANDOM, Play


def test_a_grid_gives_every_point_once_and_ends_by_itself(play: Play) -> None:
    sweep = play.sweep(GRID6)
    one, two = play.agent(sweep), play.agent(sweep)
    for agent in (one, two, one, two, two, one):
        play.trial(agent, 0.5)
    points = [(p["a"], p["b"]) for p in play.points(sweep)]
    assert sorted(points) == [(a, b) for a in (1, 2, 3) for b in ("x", "y")]
    assert play.look(sweep.name).state == "FINISHED"
    assert [told.kind for told in play.beat(one) + play.beat(two)] == ["exit", "exit"]


def test_an_idle_agent_leaves_an_exhausted_sweep_only_when_no_trial_may_come_back(
    play: Play,
) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    busy, idle = play.agent(sweep), play.agent(sweep)
    name = play.given(busy)
    assert play.beat(idle) == []  # handed out, not started: it may have to take it over
    play.start(name)
    assert [told.kind for told in play.beat(idle)] == ["exit"]
    assert play.look(sweep.name).state == "RUNNING" or play.look(sweep.name).state == "PENDING"
    play.finish(name)
    assert play.look(sweep.name).state == "FINISHED"


def test_run_cap_holds_however_many_agents_ask(play: Play) -> None:
    sweep = play.sweep({**RANDOM, "run_cap": 4})
    crowd = [play.agent(sweep) for _ in range(9)]
    given = [told.run.name for a in crowd for told in play.beat(a, after=0.1) if told.run]
    assert len(given) == len(set(given)) == 4
    assert [play.beat(a, after=0.0) for a in crowd[4:]] == [[]] * 5


def test_an_answer_that_was_lost_is_given_again_not_another_trial(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    first = play.given(agent)
    assert [play.given(agent, after=0.5) for _ in range(8)] == [first] * 8
    assert len(play.states(sweep)) == 1


def test_a_trial_whose_agent_fell_silent_goes_to_another_with_the_same_point(play: Play) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    lost, other = play.agent(sweep), play.agent(sweep)
    name = play.given(lost)
    assert play.beat(other, after=50) == []
    assert play.given(other, after=15) == name
    play.start(name)
    play.finish(name)
    assert play.look(sweep.name).state == "FINISHED"
    assert play.states(sweep) == ["finished"]


def test_a_trial_slow_to_start_stays_with_the_agent_that_says_it_runs(play: Play) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    slow, idle = play.agent(sweep), play.agent(sweep)
    name = play.given(slow)
    for _ in range(30):
        assert play.beat(slow, name) == []
        assert play.beat(idle, after=0.0) == []


def test_a_program_that_dies_before_init_is_given_up_and_the_grid_still_ends(play: Play) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 2})
    agent = play.agent(sweep)
    names = [play.given(agent) for _ in range(6)]
    assert names == [names[0]] * 3 + [names[3]] * 3
    assert [told.kind for told in play.beat(agent)] == ["exit"]
    assert play.states(sweep) == ["failed", "failed"]
    assert play.look(sweep.name).state == "FINISHED"


def test_a_started_trial_that_vanished_from_its_agent_is_crashed_and_the_next_given(
    play: Play,
) -> None:
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    assert play.beat(agent, name) == []
    assert play.given(agent) != name
    assert play.run(name).state == "crashed"
    play.finish(name, 0.1)  # its last words arrive after all
    assert play.run(name).state == "finished"


def test_a_run_without_a_sign_of_life_is_crashed_and_does_not_keep_the_sweep(play: Play) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    name = play.given(play.agent(sweep))
    play.start(name)
    play.now += 200
    play.reap()
    assert play.run(name).state == "crashed"
    assert play.look(sweep.name).state == "FINISHED"


def test_pause_gives_nothing_and_resume_goes_on(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    play.trial(agent)
    made = play.upsert(id=_id(sweep), state="PAUSED")
    assert made["state"] == "PAUSED"
    assert [play.beat(agent) for _ in range(3)] == [[], [], []]
    play.upsert(id=_id(sweep), state="RUNNING")
    for _ in range(5):
        play.trial(agent)
    assert play.look(sweep.name).state == "FINISHED"
    assert len(play.points(sweep)) == 6


def test_stop_lets_running_trials_end_then_agents_leave(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent, idle = play.agent(sweep), play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    play.upsert(id=_id(sweep), state="FINISHED")
    assert not play.run(name).should_stop
    assert play.beat(agent, name) == []
    assert [told.kind for told in play.beat(idle)] == ["exit"]
    play.finish(name, 0.3)
    assert [told.kind for told in play.beat(agent)] == ["exit"]
    assert play.states(sweep) == ["finished"]


def test_a_stopped_sweep_goes_on_where_it_was_when_resumed(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    given = play.given(agent)  # told, and never started: dropped with the stop
    play.upsert(id=_id(sweep), state="FINISHED")
    play.now += 100
    play.reap()
    assert play.run(given).state == "killed"
    play.upsert(id=_id(sweep), state="RUNNING")
    for _ in range(6):
        play.trial(play.agent(sweep))
    assert play.look(sweep.name).state == "FINISHED"
    assert play.states(sweep) == ["finished"] * 6


def test_cancel_ends_trials_at_once(play: Play) -> None:
    sweep = play.sweep(GRID6)
    busy, waiting = play.agent(sweep), play.agent(sweep)
    name = play.given(busy)
    play.start(name)
    play.given(waiting)
    play.upsert(id=_id(sweep), state="CANCELED")
    assert play.run(name).should_stop  # its stream tells it, should its agent be gone
    assert [told.kind for told in play.beat(busy, name)] == ["exit"]
    assert [told.kind for told in play.beat(waiting)] == ["exit"]
    assert play.states(sweep) == ["killed", "killed"]
    assert play.look(sweep.name).state == "CANCELED"


def test_a_trial_asked_to_stop_hears_it_on_its_stream_and_from_its_agent_only_later(
    play: Play,
) -> None:
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    runs.ask_to_stop(play.ctx.db, play.run(name).id, play.now)
    for _ in range(4):
        play.log(name, 1.0)  # it goes on logging; that must not reset our patience
        assert play.beat(agent, name) == []
    (told,) = play.beat(agent, name)
    assert told.kind == "stop"
    assert told.run is not None
    assert told.run.name == name
    play.beat(agent)
    assert play.run(name).state == "killed"


@pytest.mark.parametrize("code", [255, 1])
def test_a_stopped_trial_ends_as_killed_not_failed(play: Play, code: int) -> None:
    sweep = play.sweep(GRID6)
    name = play.given(play.agent(sweep))
    play.start(name)
    runs.ask_to_stop(play.ctx.db, play.run(name).id, play.now)
    assert play.finish(name, 0.5, exitcode=code).state == "killed"


def test_the_target_ends_the_sweep_and_lets_running_trials_end(play: Play) -> None:
    metric = {"name": "loss", "goal": "minimize", "target": 0.2}
    sweep = play.sweep({**RANDOM, "metric": metric})
    one, two = play.agent(sweep), play.agent(sweep)
    running = play.given(two)
    play.start(running)
    name = play.given(one)
    play.start(name)
    play.log(name, 0.1)  # good, but not its last word
    assert play.look(sweep.name).state in ("PENDING", "RUNNING")
    play.finish(name, 0.19)
    assert [told.kind for told in play.beat(one)] == ["exit"]
    assert play.look(sweep.name).state != "FINISHED"
    play.finish(running, 0.5)
    assert play.look(sweep.name).state == "FINISHED"
    assert play.states(sweep) == ["finished", "finished"]


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_neither_nan_nor_infinity_reaches_a_target(play: Play, value: float) -> None:
    sweep = play.sweep({**RANDOM, "metric": {"name": "loss", "goal": "minimize", "target": 0.2}})
    agent = play.agent(sweep)
    play.trial(agent, value)
    assert play.given(agent)
    assert play.upsert(id=_id(sweep))["bestLoss"] is None


def test_a_maximised_target_counts_upwards(play: Play) -> None:
    sweep = play.sweep({**RANDOM, "metric": {"name": "loss", "goal": "maximize", "target": 0.9}})
    agent = play.agent(sweep)
    play.trial(agent, 0.1)
    play.trial(agent, 0.95)
    assert [told.kind for told in play.beat(agent)] == ["exit"]
    assert play.upsert(id=_id(sweep))["bestLoss"] == 0.95


def test_several_trials_per_agent_come_in_one_answer(play_with: Callable[..., Play]) -> None:
    play = play_with(trials_per_agent=4)
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    names = [told.run.name for told in play.beat(agent) if told.run]
    assert len(set(names)) == 4
    for name in names:
        play.start(name)
    play.finish(names[0])
    (told,) = play.beat(agent, *names[1:])
    assert told.run is not None
    assert told.run.name not in names


def test_what_a_function_agent_dropped_from_an_answer_is_not_held_against_the_trial(
    play_with: Callable[..., Play],
) -> None:
    play = play_with(trials_per_agent=3)
    sweep = play.sweep({**GRID6, "run_cap": 3})
    agent = play.agent(sweep)
    held: list[str] = []
    for _ in range(3):  # commands[0] of each answer, the others are lost
        run = play.beat(agent, *held)[0].run
        assert run is not None
        held.append(run.name)
    for name in held:
        play.start(name)
        for _ in range(4):
            assert play.beat(agent, *held[held.index(name) :]) == []
        play.finish(name)
    assert play.states(sweep) == ["finished"] * 3


def test_a_preempted_trial_is_resumed_with_its_lines(play: Play) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    agent, other = play.agent(sweep), play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    play.log(name, 3.0, 2.0)
    play.post(name, preempting=True)
    assert play.finish(name, exitcode=1).state == "preempted"
    (told,) = play.beat(other)
    assert (told.kind, told.run and told.run.name) == ("resume", name)
    assert told.point == {"a": 1, "b": "x"}
    assert play.run(name).history_lines == 2
    assert play.beat(agent) == []  # it is the other's now


def test_an_agent_of_a_deleted_sweep_is_told_so(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    play.given(agent)
    play.ctx.db.execute("DELETE FROM projects WHERE id = ?", (play.project.id,))
    with pytest.raises(NotFound, match="deleted"):
        play.beat(agent)


def test_everything_is_in_the_database_when_the_server_dies(tmp_path: Path) -> None:
    first = Play(tmp_path)
    sweep = first.sweep(GRID6)
    agent = first.agent(sweep)
    first.trial(agent)
    name = first.given(agent)
    second = Play(tmp_path)  # the first one never closed
    second.now = first.now
    assert second.beat(agent, name) == []
    second.start(name)
    second.finish(name)
    for _ in range(4):
        second.trial(agent)
    assert second.states(sweep) == ["finished"] * 6
    assert len({tuple(p.values()) for p in second.points(sweep)}) == 6
    first.close()
    second.close()


def test_nobody_else_may_drive_a_sweep(play: Play) -> None:
    from housing_sweep.errors import PermissionDenied
    from housing_sweep.server.store.people import users

    sweep = play.sweep(GRID6)
    stranger = users.create_user(play.ctx.db, "stranger", email=None, is_admin=False, now=play.now)
    play.user = stranger
    with pytest.raises((NotFound, PermissionDenied)):
        play.upsert(id=_id(sweep), state="CANCELED")
    assert projects.readable(play.ctx.db, stranger, play.project.entity_name, "play") is None


def _id(sweep: Any) -> str:
    from housing_sweep.server.graphql.relay import to_id

    return to_id("Sweep", sweep.id)
