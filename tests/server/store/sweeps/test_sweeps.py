"""Rows of sweeps: what is gone, what is returned, and which events a change is."""

import pytest

from housing_sweep.errors import Gone
from housing_sweep.server.services.live_feed import Topic
from housing_sweep.server.store.events import SweepChanged
from housing_sweep.server.store.sweeps import sweeps
from tests.support.sweep_play import RANDOM, Play


def test_a_sweep_is_returned_as_it_was_stored(play: Play) -> None:
    sweep = play.sweep(RANDOM, displayName="Zufall")
    assert sweep == sweeps.get(play.ctx.db, sweep.id)
    assert (sweep.display_name, sweep.state) == ("Zufall", "PENDING")
    paused = sweeps.update(play.ctx.db, sweep.id, now=play.now, state="PAUSED")
    assert paused == sweeps.get(play.ctx.db, sweep.id)
    assert paused.state == "PAUSED"


def test_a_sweep_that_was_deleted_is_gone(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    sweeps.delete(play.ctx.db, sweep.id)
    assert sweeps.find_by_id(play.ctx.db, sweep.id) is None
    with pytest.raises(Gone, match="was deleted"):
        sweeps.get(play.ctx.db, sweep.id)
    with pytest.raises(Gone, match="was deleted"):
        sweeps.update(play.ctx.db, sweep.id, now=play.now, closed=1)


def test_every_change_of_a_sweep_is_an_event(play: Play) -> None:
    watch = play.services.live_feed.watch(Topic(play.project.id), lambda: None)
    sweep = play.sweep(RANDOM)
    changed = SweepChanged(play.project.id, sweep.id)
    assert watch.take()[0] == [changed]
    sweeps.update(play.ctx.db, sweep.id, now=play.now, state="PAUSED")
    assert watch.take()[0] == [changed]
    sweeps.delete(play.ctx.db, sweep.id)
    assert watch.take()[0] == [changed]
