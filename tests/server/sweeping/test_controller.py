"""Sweeps whose trials a `wandb.controller` chooses: each wish once, and no wish that is none."""

import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.sweeps.sweeps import Sweep
from tests.support.sweep_play import GRID6, Play

LOCAL: dict[str, Any] = {
    "method": "grid",
    "controller": {"type": "local"},
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2]}},
}


def _controller(play: Play, sweep: Sweep, **wishes: object) -> dict[str, Any]:
    """Write `controller` as `wandb.controller` does and return what `scheduler` answers."""
    play.upsert(id=to_id("Sweep", sweep.id), config=sweep.config, controller=json.dumps(wishes))
    answer: dict[str, Any] = json.loads(play.look(sweep.name).scheduler or "{}")
    return answer


def _wish(key: str, lr: float | None) -> dict[str, object]:
    return {"id": key, "data": {"args": None if lr is None else {"lr": {"value": lr}}}}


def test_a_controller_schedules_each_wish_once_and_ends_the_sweep(play: Play) -> None:
    sweep = play.sweep(LOCAL)
    agent = play.agent(sweep)
    assert play.beat(agent) == []  # nobody but the controller chooses
    answer = _controller(play, sweep, schedule=[_wish("s1", 0.7)])
    assert answer == _controller(play, sweep, schedule=[_wish("s1", 0.7)], earlystop=[])
    ((scheduled,),) = [answer["scheduled"]]
    name = play.given(agent)
    assert scheduled == {"id": "s1", "runid": name}
    assert play.run(name).config_values == {"lr": 0.7}
    play.start(name)
    _controller(play, sweep, schedule=[], earlystop=[name])
    assert play.run(name).should_stop
    play.finish(name, exitcode=255)
    assert play.look(sweep.name).state in ("PENDING", "RUNNING")
    answer = _controller(play, sweep, schedule=[_wish("s2", None)])
    assert [item["id"] for item in answer["scheduled"]] == ["s1"]
    assert play.look(sweep.name).state == "FINISHED"
    assert play.states(sweep) == ["killed"]


def test_a_controller_sees_all_trials_however_many(play: Play) -> None:
    sweep = play.sweep(LOCAL)
    for i in range(120):
        _controller(play, sweep, schedule=[_wish(f"s{i}", float(i))])
    data = play.graphql(
        "query($e: String, $p: String, $s: String!) { project(name: $p, entityName: $e) {"
        " sweep(sweepName: $s) { runs { edges { node { name } } } } } }",
        e=play.project.entity_name,
        p="play",
        s=sweep.name,
    )
    assert len(data["project"]["sweep"]["runs"]["edges"]) == 120


def test_a_controller_schedules_no_more_than_the_cap_and_nothing_once_it_is_over(
    play: Play,
) -> None:
    sweep = play.sweep({**LOCAL, "run_cap": 2})
    wishes = [_wish(f"s{i}", float(i)) for i in range(3)]
    answer = _controller(play, sweep, schedule=wishes)
    assert [item["id"] for item in answer["scheduled"]] == ["s0", "s1"]
    play.sweep_state(sweep, "CANCELED")
    assert _controller(play, sweep, schedule=[*wishes, _wish("s9", 9.0)]) == answer
    assert play.states(sweep) == ["killed", "killed"]


def test_a_controller_stops_trials_of_its_own_sweep_only(play: Play) -> None:
    sweep, other = play.sweep(LOCAL), play.sweep(GRID6)
    name = play.given(play.agent(other))
    play.start(name)
    _controller(play, sweep, earlystop=[name, "nobody"])
    assert not play.run(name).should_stop


@pytest.mark.parametrize(
    "controller",
    [
        "[]",
        "{",
        '{"schedule": 3}',
        '{"schedule": [3]}',
        '{"schedule": [{"data": {"args": {}}}]}',
        '{"schedule": [{"id": ["x"], "data": {"args": {}}}]}',
        '{"schedule": [{"id": "a", "data": 3}]}',
        '{"schedule": [{"id": "a", "data": {"args": [1]}}]}',
        '{"earlystop": 3}',
        '{"earlystop": [{"name": "x"}]}',
    ],
)
def test_wishes_that_are_none_are_refused_and_change_nothing(play: Play, controller: str) -> None:
    sweep = play.sweep(LOCAL)
    with pytest.raises(BadInput):
        play.upsert(id=to_id("Sweep", sweep.id), controller=controller)
    assert play.look(sweep.name) == sweep
    assert play.states(sweep) == []
