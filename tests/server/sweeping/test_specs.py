"""A spec as the server reads it: how many trials, who makes their points, what is left."""

from typing import Any

import pytest
import yaml

from housing_sweep.errors import SpecError
from housing_sweep.server.sweeping import specs
from tests.support.sweep_play import BAYES, GRID6, RANDOM, Play

LOCAL = {**GRID6, "controller": {"type": "local"}}
CLOUD = {**GRID6, "controller": {"type": "cloud"}}
FED = {**RANDOM, "scheduler": {"engine": "optuna"}}
CUSTOM = {**RANDOM, "method": "custom"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (GRID6, 6),
        ({**GRID6, "run_cap": 4}, 4),
        ({**GRID6, "run_cap": 40}, 6),
        (RANDOM, None),
        ({**RANDOM, "run_cap": 4}, 4),
    ],
)
def test_a_sweep_has_as_many_trials_as_cap_and_grid_allow(
    play: Play, spec: dict[str, Any], expected: int | None
) -> None:
    assert specs.trial_cap(play.sweep(spec)) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [(GRID6, True), (BAYES, True), (CLOUD, True), (LOCAL, False), (FED, False), (CUSTOM, False)],
)
def test_the_server_makes_points_unless_somebody_else_does(
    play: Play, spec: dict[str, Any], expected: bool
) -> None:
    sweep = play.sweep(spec)
    assert specs.makes_points(sweep, specs.spec_of(sweep.config)) is expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [(LOCAL, True), (CLOUD, False), (GRID6, False), ({"controller": 3}, False)],
)
def test_only_a_local_controller_is_one(spec: dict[str, Any], expected: bool) -> None:
    assert specs.local_controller(yaml.safe_dump(spec)) is expected


def test_a_grid_has_points_left_until_its_last_one(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent, spec = play.agent(sweep), specs.spec_of(sweep.config)
    for _ in range(6):
        assert specs.points_left(play.look(sweep.name), spec)
        play.trial(agent, 0.5)
    assert not specs.points_left(play.look(sweep.name), spec)


def test_a_closed_sweep_has_none_left_and_one_that_others_feed_always(play: Play) -> None:
    for spec, position, closed, expected in (
        (RANDOM, 99, 0, True),
        (LOCAL, 99, 0, True),
        (LOCAL, 0, 1, False),
    ):
        sweep = play.sweep(spec)
        play.ctx.db.execute(
            "UPDATE sweeps SET position = ?, closed = ? WHERE id = ?", (position, closed, sweep.id)
        )
        left = specs.points_left(play.look(sweep.name), specs.spec_of(sweep.config))
        assert left is expected


def test_a_spec_is_parsed_once(play: Play) -> None:
    sweep = play.sweep(GRID6)
    assert specs.spec_of(sweep.config) is specs.spec_of(sweep.config)
    with pytest.raises(SpecError):
        specs.spec_of("method: grit")
