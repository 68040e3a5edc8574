"""From committed writes to whoever watches: which open page hears of which event.

In this process only, and never waiting for anybody: a watcher that does not fetch its events
loses them and is told that it missed some.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from housing_sweep.server.store.events import Event

MOST_WAITING = 100
"""Events kept for one watcher; a page that missed some reads itself anew, as it does for one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Topic:
    """What is watched: a project with all in it, or one of its runs or sweeps."""

    project_id: int
    run_id: int | None = None
    sweep_id: int | None = None

    def includes(self, event: Event) -> bool:
        """Return whether an event is about this topic."""
        if event.project_id != self.project_id:
            return False
        if self.run_id is not None:
            return getattr(event, "run_id", None) == self.run_id
        return self.sweep_id is None or getattr(event, "sweep_id", None) == self.sweep_id


class Watch:
    """One watcher's events, until it takes them.

    Args:
        topic: what it watches.
        wake: called, from any thread, when there is something to take; must return at once.
    """

    def __init__(self, topic: Topic, wake: Callable[[], object]) -> None:
        self.topic, self.wake = topic, wake
        self._events: dict[Event, None] = {}
        self._missed = False
        self._lock = threading.Lock()

    def add(self, events: Sequence[Event]) -> None:
        """Keep events, each once; beyond `MOST_WAITING`, know only that some were missed."""
        with self._lock:
            self._events.update(dict.fromkeys(events))
            if len(self._events) > MOST_WAITING:
                self._events, self._missed = {}, True

    def take(self) -> tuple[list[Event], bool]:
        """Return what came since the last time, and whether some of it was missed."""
        with self._lock:
            events, missed = list(self._events), self._missed
            self._events, self._missed = {}, False
        return events, missed


class LiveFeed:
    """Every watcher of one server."""

    def __init__(self) -> None:
        self._watches: dict[Watch, None] = {}
        self._lock = threading.Lock()
        self.closed = False

    def watch(self, topic: Topic, wake: Callable[[], object]) -> Watch:
        """Begin to watch a topic; `forget` ends it."""
        watch = Watch(topic, wake)
        with self._lock:
            self._watches[watch] = None
        return watch

    def forget(self, watch: Watch) -> None:
        """Stop watching; twice is harmless."""
        with self._lock:
            self._watches.pop(watch, None)

    def publish(self, events: Sequence[Event]) -> None:
        """Hand committed events to who watches them; a watcher that fails is forgotten."""
        if not self._watches:  # nearly always: no lock for a writer without audience
            return
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            if included := [event for event in events if watch.topic.includes(event)]:
                watch.add(included)
                self._wake(watch)

    def close(self) -> None:
        """Wake every watcher to find that the feed has ended."""
        self.closed = True
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            self._wake(watch)

    def _wake(self, watch: Watch) -> None:
        try:
            watch.wake()
        except Exception as error:  # noqa: BLE001  its page is gone, and so is its event loop
            _log.info("a watcher of %s is forgotten: %s", watch.topic, error)
            self.forget(watch)
