"""Points computed ahead, one per sweep, so that a heartbeat need not wait for a model."""

import threading
from collections.abc import Mapping

Params = Mapping[str, object]


class Suggestions:
    """The next point of each bayes sweep, if it is known already. Lost at a restart, made again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: dict[int, tuple[int, Params]] = {}

    def put(self, sweep_id: int, number: int, params: Params) -> None:
        """Keep the point of a sweep's trial `number`, instead of any earlier one."""
        with self._lock:
            self._ready[sweep_id] = (number, params)

    def take(self, sweep_id: int, number: int) -> Params | None:
        """Return the point of trial `number` if it was computed; it is given once."""
        with self._lock:
            held, params = self._ready.pop(sweep_id, (-1, {}))
        return params if held == number else None
