"""Rows of trials: since when one was asked to stop, and what is queued."""

from housing_sweep.server.services.live_feed import Topic
from housing_sweep.server.store.events import TrialQueued
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps import trials
from tests.support.sweep_play import GRID6, RANDOM, Play


def test_the_first_look_at_a_stop_request_counts(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    agent = play.agent(sweep)
    name, db = play.given(agent), play.ctx.db
    play.start(name)
    trials.note_stop_requests(db, agent.id)
    assert trials.stop_requests(db, agent.id) == []
    runs.ask_to_stop(db, play.run(name).id, play.now)
    assert trials.stop_requests(db, agent.id) == [(name, None)], "asking does not note"
    noted = play.ticks = 1_000_011.0
    for _ in range(2):
        trials.note_stop_requests(db, agent.id)
        assert trials.stop_requests(db, agent.id) == [(name, noted)]
        play.ticks += 1
    play.finish(name, exitcode=255)
    assert trials.stop_requests(db, agent.id) == [], "it ended"


def test_whatever_joins_the_queue_is_told(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent, db = play.agent(sweep), play.ctx.db
    watch = play.services.live_feed.watch(Topic(play.project.id), lambda: None)
    queued = TrialQueued(play.project.id, sweep.id)
    failed = play.trial(agent, 1.0)
    assert queued in watch.take()[0]
    trial = trials.of_run(db, failed.id)
    assert trial is not None
    again = trials.requeue_as_new_run(db, sweep, trial, play.now)
    assert queued in watch.take()[0]
    assert again.config_values == failed.config_values
    assert trials.of_run(db, failed.id) is None, "the new run is the trial's last attempt"
    play.sweep_state(sweep, "FINISHED")
    watch.take()
    play.sweep_state(sweep, "RUNNING")
    assert queued in watch.take()[0]
    assert play.run(again.name).state == "pending"


def test_runs_are_attempts_and_trials_are_counted_once(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent, db = play.agent(sweep), play.ctx.db
    trial = trials.of_run(db, play.trial(agent, 1.0).id)
    assert trial is not None
    trials.requeue_as_new_run(db, sweep, trial, play.now)
    assert (trials.count_runs(db, sweep.id), trials.count_trials(db, sweep.id)) == (2, 1)
    assert trials.count_runs(db, sweep.id, "finished") == 1
    assert trials.has_point(db, sweep.id, {"b": "x", "a": 1.0})
    assert not trials.has_point(db, sweep.id, {"b": "x", "a": 2})
