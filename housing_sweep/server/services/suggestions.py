"""Points computed ahead by one thread, so that a heartbeat need not wait for a model.

Kept in memory only: lost at a restart, made again when an agent asks.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

Params = Mapping[str, object]
Numbered = tuple[int, Params]
"""(trial number, point)."""

Compute = Callable[[int], Sequence[Numbered]]
"""A sweep's id -> its next points, by number; empty when it needs none."""

PATIENCE_SECONDS = 1.0
"""Longest that a heartbeat waits for a point; the agent asks again after 5 s."""

MOST_WAITING = 3
"""Heartbeats that may wait at once: others are told to come back, so that threads stay free."""

_log = logging.getLogger(__name__)


class Suggestions:
    """The next points of each bayes sweep, computed as results arrive."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: dict[int, list[Numbered]] = {}
        self._due: dict[int, None] = {}  # a set that keeps its order
        self._waiting = 0
        self._compute: Compute | None = None
        self._thread: threading.Thread | None = None

    def start(self, compute: Compute) -> None:
        """Begin to compute in a thread of its own; without it nothing is ever ready."""
        self._compute = compute
        self._thread = threading.Thread(target=self._work, name="suggestions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after what it computes now."""
        with self._changed:
            self._compute = None
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def refresh(self, sweep_id: int) -> None:
        """Ask for new points: a result arrived, or one was taken. Returns at once."""
        with self._changed:
            self._due[sweep_id] = None
            self._changed.notify_all()

    @property
    def due(self) -> tuple[int, ...]:
        """The sweeps whose points are still to be computed anew, in order."""
        with self._changed:
            return tuple(self._due)

    def take(
        self, sweep_id: int, number: int, count: int, patience: float = PATIENCE_SECONDS
    ) -> list[Numbered]:
        """Return up to `count` points of trials from `number` on, each given once.

        Waits at most `patience` seconds for the first; empty means: ask again later.
        """
        deadline = time.monotonic() + patience
        with self._changed:
            while not (ready := self._from(sweep_id, number)):
                left = deadline - time.monotonic()
                if left <= 0 or self._waiting >= MOST_WAITING or self._compute is None:
                    return []
                self._ready.pop(sweep_id, None)
                self._due[sweep_id] = None
                self._changed.notify_all()
                self._waiting += 1
                try:
                    self._changed.wait_for(lambda: sweep_id in self._ready, left)
                finally:
                    self._waiting -= 1
                if self._ready.get(sweep_id) == []:
                    return []  # it needs none, or they could not be computed
            self._ready[sweep_id] = ready[count:]
            return ready[:count]

    def _from(self, sweep_id: int, number: int) -> list[Numbered]:
        return [item for item in self._ready.get(sweep_id, ()) if item[0] >= number]

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._compute is not None and not self._due:
                    self._changed.wait()
                if self._compute is None:
                    return
                compute = self._compute
                sweep_id = next(iter(self._due))
                del self._due[sweep_id]
            try:
                points = list(compute(sweep_id))
            except Exception:  # noqa: BLE001  one bad sweep must not end the thread
                _log.exception("computing points of sweep %s failed", sweep_id)
                points = []
            with self._changed:
                self._ready[sweep_id] = points
                self._changed.notify_all()
