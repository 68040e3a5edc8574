"""Hyperband on the server: decided when history arrives, told on the trial's own stream."""

from typing import Any

import pytest
import yaml

from housing_sweep.errors import SpecError
from tests.support.sweep_play import Play

SPEC: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"distribution": "uniform", "min": 0.0, "max": 1.0}},
    "early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 2},
}


def _started(play: Play, spec: dict[str, Any], count: int) -> tuple[Any, list[str]]:
    sweep = play.sweep(spec)
    agents = [play.agent(sweep) for _ in range(count)]
    names = [play.given(agent) for agent in agents]
    for name in names:
        play.start(name)
    return agents, names


def _stopped(play: Play, names: list[str]) -> list[bool]:
    return [bool(play.run(name).should_stop) for name in names]


def test_the_worse_half_stops_at_a_band_and_the_better_goes_on(play: Play) -> None:
    _, names = _started(play, SPEC, 4)
    for name, loss in zip(names, (0.1, 0.2, 0.3, 0.4), strict=True):
        play.log(name, 0.9)
        assert not play.run(name).should_stop  # no band reached yet
        play.log(name, loss)
    assert _stopped(play, names) == [False, True, True, True]  # each came when it was not best


def test_a_trial_that_was_best_so_far_stops_when_better_ones_reach_its_band(play: Play) -> None:
    _, names = _started(play, SPEC, 3)
    play.log(names[0], 0.9, 0.5)
    play.log(names[1], 0.9, 0.3)
    play.log(names[2], 0.9, 0.1)
    assert _stopped(play, names) == [False, False, False]
    play.log(names[0], 0.49)
    play.log(names[1], 0.29)
    assert _stopped(play, names) == [True, False, False]  # of three the best two go on


def test_improvement_counts_unless_strict(play: Play) -> None:
    strict = {**SPEC, "early_terminate": {**SPEC["early_terminate"], "strict": True}}
    for spec, expected in ((SPEC, False), (strict, True)):
        _, (good, first) = _started(play, spec, 2)
        play.log(first, 0.9, 0.5)
        play.log(good, 0.9, 0.3)
        play.log(first, 0.2)  # overtaken at the band, but better since
        assert bool(play.run(first).should_stop) is expected


@pytest.mark.parametrize("posts", [[[0.9], [0.5], [0.2]], [[0.9, 0.5], [0.2]], [[0.9, 0.5, 0.2]]])
def test_lines_that_come_together_decide_as_if_they_had_come_one_by_one(
    play: Play, posts: list[list[float]]
) -> None:
    """The SDK posts once a second at best: a quick trial would hide behind its later lines."""
    _, (good, late) = _started(play, SPEC, 2)
    play.log(good, 0.9, 0.3)
    for values in posts:
        play.log(late, *values)
    assert play.run(late).should_stop


def test_a_maximised_metric_stops_the_low_ones(play: Play) -> None:
    _, names = _started(play, {**SPEC, "metric": {"name": "loss", "goal": "maximize"}}, 2)
    play.log(names[0], 0.1, 0.9)
    play.log(names[1], 0.1, 0.2)
    assert _stopped(play, names) == [False, True]


def test_nan_is_bad_and_lines_without_the_metric_do_not_count(play: Play) -> None:
    _, names = _started(play, SPEC, 3)
    play.log(names[0], 0.9, 0.5)
    play.log(names[1], float("nan"), float("nan"))
    play.log(names[2], 1.0, 2.0, 3.0, 4.0, key="other")
    assert _stopped(play, names) == [False, True, False]


def test_chunks_that_come_twice_change_nothing(play: Play) -> None:
    _, names = _started(play, SPEC, 2)
    play.log(names[0], 0.9, 0.5)
    lines = {"wandb-history.jsonl": {"offset": 0, "content": ['{"_step": 0, "loss": 0.6}']}}
    for _ in range(5):
        play.post(names[1], files=lines)
    assert not play.run(names[1]).should_stop
    (iterations,) = play.ctx.db.execute(
        "SELECT iterations FROM trial_progress WHERE run_id = ?", (play.run(names[1]).id,)
    ).fetchone()
    assert iterations == 1


def test_a_stopped_trial_keeps_its_lines_and_counts_for_the_next_choice(play: Play) -> None:
    sweep = play.sweep({**SPEC, "method": "bayes", "run_cap": 4})
    agent = play.agent(sweep)
    for i in range(4):
        name = play.given(agent)
        play.start(name)
        play.log(name, 5.0 + i, 0.1 + i)
        if play.run(name).should_stop:
            play.finish(name, exitcode=255)
            assert play.run(name).state == "killed"
            assert play.run(name).history_lines == 2
        else:
            play.finish(name)
    assert play.states(sweep) == ["finished", "killed", "killed", "killed"]
    assert play.look(sweep.name).state == "FINISHED"


def test_wrong_bands_are_named_when_the_sweep_is_made(play: Play) -> None:
    with pytest.raises(SpecError, match=r"early_terminate\.eta.*early_terminate\.min_iter"):
        play.upsert(
            config=yaml.safe_dump(
                {**SPEC, "early_terminate": {"type": "hyperband", "eta": 0.5, "min_iter": "x"}}
            )
        )
