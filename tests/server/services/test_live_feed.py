"""Who hears of which event, and that no listener holds a writer up."""

import asyncio

import pytest

from housing_sweep.server.services.live_feed import MOST_WAITING, LiveFeed, Topic
from housing_sweep.server.store.events import AliasMoved, LinesAdded, RunEnded, SweepChanged

LINES = LinesAdded(project_id=1, run_id=2, sweep_id=3)
END = RunEnded(project_id=1, run_id=2, sweep_id=3, state="finished")
SWEEP = SweepChanged(project_id=1, sweep_id=3)
ALIAS = AliasMoved(project_id=1, collection_id=3, alias="latest")
ELSEWHERE = LinesAdded(project_id=9, run_id=2, sweep_id=3)


@pytest.mark.parametrize(
    ("topic", "included"),
    [
        (Topic(1), [LINES, END, SWEEP, ALIAS]),
        (Topic(1, run_id=2), [LINES, END]),
        (Topic(1, sweep_id=3), [LINES, END, SWEEP]),
        (Topic(1, run_id=3), []),
        (Topic(9), [ELSEWHERE]),
    ],
)
def test_a_page_hears_of_what_it_shows(topic: Topic, included: list[object]) -> None:
    feed = LiveFeed()
    watch = feed.watch(topic, lambda: None)
    feed.publish([LINES, END, SWEEP, ALIAS, ELSEWHERE])
    assert watch.take() == (included, False)
    assert watch.take() == ([], False)


def test_events_that_nobody_takes_do_not_pile_up() -> None:
    feed = LiveFeed()
    watch = feed.watch(Topic(1), lambda: None)
    for _ in range(3):
        feed.publish([LINES])
    assert watch.take() == ([LINES], False)
    feed.publish([LinesAdded(1, run, None) for run in range(MOST_WAITING + 1)])
    feed.publish([SWEEP])
    assert watch.take() == ([SWEEP], True)


def test_a_dead_listener_is_forgotten_and_the_others_are_told() -> None:
    feed = LiveFeed()
    loop = asyncio.new_event_loop()
    dead = feed.watch(Topic(1), lambda: loop.call_soon_threadsafe(print))
    loop.close()
    woken: list[int] = []
    alive = feed.watch(Topic(1), lambda: woken.append(1))
    feed.publish([LINES])
    feed.publish([END])
    assert dead.take() == ([LINES], False)
    assert alive.take() == ([LINES, END], False)
    assert len(woken) == 2


def test_who_left_hears_nothing_and_may_leave_twice() -> None:
    feed = LiveFeed()
    watch = feed.watch(Topic(1), lambda: None)
    feed.forget(watch)
    feed.forget(watch)
    feed.publish([LINES])
    assert watch.take() == ([], False)


def test_closing_wakes_everybody() -> None:
    feed, woken = LiveFeed(), list[int]()
    feed.watch(Topic(1), lambda: woken.append(1))
    feed.close()
    assert feed.closed
    assert woken == [1]
