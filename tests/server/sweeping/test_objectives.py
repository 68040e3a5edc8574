"""Sweeps with several objectives on the server: `metrics:` instead of `metric:`."""

import json
from typing import Any

import pytest
import yaml

from housing_sweep.errors import SpecError
from housing_sweep.search import bayes, sampling
from housing_sweep.search.score import Goal, Score
from housing_sweep.search.trial import Trial, TrialState
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.sweeps import trials
from housing_sweep.server.sweeping import points, specs
from tests.support.sweep_play import Play

SPEC: dict[str, Any] = {
    "method": "bayes",
    "run_cap": 12,
    "metrics": [{"name": "error"}, {"name": "saved", "goal": "maximize"}],
    "parameters": {name: {"min": 0.0, "max": 1.0} for name in "xy"},
}


def _finish(play: Play, name: str, **summary: float) -> None:
    files = {"wandb-summary.json": {"offset": 0, "content": [json.dumps(summary)]}}
    play.post(name, files=files)
    play.finish(name)


def test_every_objective_decides_what_is_tried_next(play: Play) -> None:
    sweep = play.sweep(SPEC)
    agent = play.agent(sweep)
    told: list[Trial] = []
    for n in range(8):
        name = play.given(agent)
        play.start(name)
        point = play.points(sweep)[n]
        error, saved = float(point["x"]), float(point["x"]) - float(point["y"])
        _finish(play, name, error=error, saved=saved)
        told.append(Trial(n, point, TrialState.FINISHED, error, (saved,)))
    sweep = play.look(sweep.name)
    spec = specs.spec_of(sweep.config)
    (found,) = points.suggest(play.ctx, sweep, spec)
    assert found == bayes.suggest(spec, told, [], sweep.seed, 8)
    later = range(8, 14)  # a few suggestions are drawn at random, by (seed, number)
    chosen = [bayes.suggest(spec, told, [], sweep.seed, n) for n in later]
    assert chosen != [sampling.point(spec, sweep.seed, n) for n in later]


def test_of_a_long_sweep_the_newest_trials_are_looked_at_and_the_best_by_each_objective(
    play: Play,
) -> None:
    sweep = play.sweep(SPEC)
    agent = play.agent(sweep)
    for n in range(10):
        name = play.given(agent)
        play.start(name)
        _finish(play, name, error=float("nan") if n == 0 else abs(n - 2) + 1.0, saved=10.0 - n)
    scores = [Score("error", Goal.MINIMIZE), Score("saved", Goal.MAXIMIZE)]
    everything = list(range(10))
    for newest, best, expected in ((3, 2, [0, 1, 2, 7, 8, 9]), (2, 0, [8, 9]), (99, 9, everything)):
        rows = trials.observations(play.ctx.db, sweep.id, scores, newest, best)
        assert [row[0] for row in rows] == expected
    assert rows[3] == (3, "finished", json.dumps(play.points(sweep)[3]), 2.0, 7.0)


def test_such_a_sweep_has_no_single_best(play: Play) -> None:
    sweep = play.sweep(SPEC)
    agent = play.agent(sweep)
    name = play.given(agent)
    play.start(name)
    _finish(play, name, error=0.1, saved=0.2)
    assert play.upsert(id=to_id("Sweep", sweep.id))["bestLoss"] is None


def test_wrong_objectives_are_named_when_the_sweep_is_made(play: Play) -> None:
    with pytest.raises(SpecError, match=r"metrics\.1: expected a name"):
        play.upsert(config=yaml.safe_dump({**SPEC, "metrics": [{"name": "a"}, {}]}))
