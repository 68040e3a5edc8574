"""Rows of hyperband: how far a trial's history was read, and what came since."""

from housing_sweep.server.store.runs import history, runs
from housing_sweep.server.store.sweeps import bands
from housing_sweep.server.store.sweeps.bands import BandProgress
from tests.support.sweep_play import RANDOM, Play


def test_of_a_trial_that_was_never_read_nothing_is_known(play: Play) -> None:
    run = play.trial(play.agent(play.sweep(RANDOM)), 0.5)
    assert bands.progress_of(play.ctx.db, run.id) == BandProgress(0, 0, None)


def test_the_last_progress_counts_each_trial_by_itself(play: Play) -> None:
    db, agent = play.ctx.db, play.agent(play.sweep(RANDOM))
    run, other = play.trial(agent, 0.5), play.trial(agent, 0.5)
    for progress in (BandProgress(2, 1, 0.5), BandProgress(9, 4, None), BandProgress(10, 5, 0.25)):
        bands.save_progress(db, run.id, progress)
        assert bands.progress_of(db, run.id) == progress
    assert bands.progress_of(db, other.id) == BandProgress()


def test_lines_are_read_from_a_number_on(play: Play) -> None:
    run = play.trial(play.agent(play.sweep(RANDOM)))
    lines = [f'{{"loss": {number}}}' for number in range(4)]
    history.append_history(play.ctx.db, run.id, 0, lines)
    assert bands.new_lines(play.ctx.db, run.id, 0) == lines
    assert bands.new_lines(play.ctx.db, run.id, 3) == lines[3:]
    assert bands.new_lines(play.ctx.db, run.id, 4) == []


def test_lines_of_a_life_that_was_started_over_are_not_read(play: Play) -> None:
    run = play.trial(play.agent(play.sweep(RANDOM)))
    history.append_history(play.ctx.db, run.id, 0, ["{}", "{}"])
    runs.restart(play.ctx.db, run.id, play.now)
    assert bands.new_lines(play.ctx.db, run.id, 0) == []


def test_progress_goes_with_its_run(play: Play) -> None:
    run = play.trial(play.agent(play.sweep(RANDOM)))
    bands.save_progress(play.ctx.db, run.id, BandProgress(1, 1, 0.5))
    runs.delete(play.ctx.db, run.id)
    assert bands.progress_of(play.ctx.db, run.id) == BandProgress()
