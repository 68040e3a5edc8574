"""Runs that fell silent: crashed after a time, not before, and what their sweep makes of it."""

import asyncio
from collections.abc import Callable

import pytest

from housing_sweep.server.chores import reaper
from housing_sweep.server.store.runs import runs
from tests.support.sweep_play import GRID6, RANDOM, Play


def test_a_run_crashes_after_its_silence_and_not_before(play: Play) -> None:
    name = play.given(play.agent(play.sweep(RANDOM)))
    play.start(name)
    play.now += play.services.config.crash_after
    play.reap()
    assert play.run(name).state == "running"
    heard = play.run(name).heartbeat_at
    play.now += 1
    play.reap()
    run = play.run(name)
    assert (run.state, run.finished_at) == ("crashed", heard)


def test_a_run_that_ended_or_never_started_is_left_alone(play: Play) -> None:
    agent = play.agent(play.sweep(RANDOM))
    ended, pending = play.trial(agent, 0.5), play.run(play.given(agent))
    play.now += 1000
    play.reap()
    assert play.run(ended.name) == ended
    assert play.run(pending.name).state == "pending"


def test_the_sweep_is_over_by_its_last_run_that_crashed(play: Play) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 1})
    name = play.given(play.agent(sweep))
    play.start(name)
    play.now += 1000
    play.reap()
    assert play.look(sweep.name).state == "FINISHED"


def test_a_second_round_changes_nothing(play: Play) -> None:
    name = play.given(play.agent(play.sweep(RANDOM)))
    play.start(name)
    play.now += 1000
    play.reap()
    crashed = play.run(name)
    play.now += 1000
    play.reap()
    assert play.run(name) == crashed


def test_a_queued_trial_that_nobody_will_run_is_closed(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    name = play.given(play.agent(sweep))
    runs.ask_to_stop(play.ctx.db, play.run(name).id, play.now)
    play.reap()
    assert play.run(name).state == "pending", "its agent may have heard of it"
    play.now += play.services.config.offer_again_after + 1
    play.reap()
    assert play.run(name).state == "killed"


def test_one_bad_round_does_not_end_the_reaper(
    play_with: Callable[..., Play],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    play = play_with(crash_after=0.01)
    rounds = []

    async def until_the_third_round() -> None:
        third = asyncio.Event()
        loop = asyncio.get_running_loop()

        def fail(_ctx: object) -> None:
            rounds.append(1)
            if len(rounds) == 3:
                loop.call_soon_threadsafe(third.set)
            raise ArithmeticError("of a bug")

        monkeypatch.setattr(reaper, "reap", fail)
        forever = asyncio.create_task(reaper.reap_forever(play.server))
        await asyncio.wait_for(third.wait(), 60)
        forever.cancel()

    asyncio.run(until_the_third_round())
    assert "reaping failed: of a bug" in caplog.text
