"""Trials that others chose: `wandb sweep-scheduler`, a user's own queue."""

import json
from typing import Any

import pytest
import yaml

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps.sweeps import Sweep
from tests.support.sweep_play import Play

FED: dict[str, Any] = {
    "scheduler": {"engine": "optuna"},
    "metric": {"name": "loss", "goal": "minimize"},
    "run_cap": 2,
    "parameters": {"lr": {"distribution": "uniform", "min": 0.0, "max": 1.0}},
}


def _enqueue(play: Play, sweep: Sweep, lr: float) -> str:
    data = play.graphql(
        "mutation($i: EnqueueSweepRunInput!) { enqueueSweepRun(input: $i) { id runQueueItemId } }",
        i={"id": to_id("Sweep", sweep.id), "config": json.dumps({"lr": {"value": lr}})},
    )
    return str(data["enqueueSweepRun"]["id"])


def test_queued_points_are_given_in_order_and_nothing_else(play: Play) -> None:
    sweep = play.sweep({**FED, "run_cap": 9})
    agent = play.agent(sweep)
    assert play.beat(agent) == []
    names = [_enqueue(play, sweep, lr) for lr in (0.5, 0.25)]
    for name, lr in zip(names, (0.5, 0.25), strict=True):
        assert play.given(agent) == name
        assert play.run(name).config_values == {"lr": lr}
        play.start(name)
        play.finish(name, lr)
    assert play.beat(agent) == []
    assert play.look(sweep.name).state in ("PENDING", "RUNNING")


def test_what_is_queued_beyond_the_cap_is_never_run_and_gone_at_the_end(play: Play) -> None:
    sweep = play.sweep(FED)
    agent = play.agent(sweep)
    names = [_enqueue(play, sweep, 0.1 * i) for i in range(4)]
    assert [play.run(name).state for name in names] == ["pending"] * 4
    told = play.upsert(id=to_id("Sweep", sweep.id))
    assert (told["runCount"], told["runCountExpected"]) == (2, 2)
    for name in names[:2]:
        assert play.given(agent) == name
        play.start(name)
        play.finish(name, 0.5)
    assert [told.kind for told in play.beat(agent)] == ["exit"]
    assert play.look(sweep.name).state == "FINISHED"
    assert play.states(sweep) == ["finished", "finished"]


def test_a_raised_cap_takes_in_what_was_beyond_it(play: Play) -> None:
    sweep = play.sweep(FED)
    names = [_enqueue(play, sweep, 0.1 * i) for i in range(4)]
    play.upsert(id=to_id("Sweep", sweep.id), config=yaml.safe_dump({**FED, "run_cap": 3}))
    agent = play.agent(sweep)
    for name in names[:3]:
        assert play.given(agent) == name
        play.start(name)
        play.finish(name, 0.5)
    assert play.look(sweep.name).state == "FINISHED"
    assert len(play.states(sweep)) == 3


def test_a_sweep_that_is_over_takes_no_more(play: Play) -> None:
    sweep = play.sweep(FED)
    play.sweep_state(sweep, "CANCELED")
    with pytest.raises(BadInput, match="CANCELED"):
        _enqueue(play, sweep, 0.5)


def test_a_scheduler_has_a_run_for_its_logs_that_ends_with_the_sweep(play: Play) -> None:
    sweep = play.sweep(FED)
    assert sweep.controller_run_name is not None
    logs = sweep.controller_run_name
    assert play.run(logs).job_type == "sweep-controller"
    play.start(logs)
    play.sweep_state(sweep, "FINISHED")
    assert play.run(logs).state == "finished"
    assert play.upsert(id=to_id("Sweep", sweep.id))["runCount"] == 0


def test_a_scheduler_that_falls_silent_is_finished_not_crashed(play: Play) -> None:
    sweep = play.sweep(FED)
    assert sweep.controller_run_name is not None
    play.start(sweep.controller_run_name)
    play.now += 500
    play.reap()
    assert play.run(sweep.controller_run_name).state == "finished"


def test_a_queued_trial_that_was_stopped_is_never_given(play: Play) -> None:
    sweep = play.sweep({**FED, "run_cap": 9})
    first, second = _enqueue(play, sweep, 0.1), _enqueue(play, sweep, 0.2)
    runs.ask_to_stop(play.ctx.db, play.run(first).id, play.now)
    assert play.given(play.agent(sweep)) == second
    play.now += 100
    play.reap()
    assert play.run(first).state == "killed"
