"""How much work something is, in steps that are equal on every machine: no test measures time."""

import sqlite3
import sys
from collections.abc import Callable
from types import FrameType

STEPS = 10
"""SQLite's instructions between two counts."""


def work_of(act: Callable[[], object], db: sqlite3.Connection) -> int:
    """Return how many calls Python makes in this thread, plus SQLite's instructions / `STEPS`."""
    counts = [0]

    def count(*_: FrameType | str | object) -> None:
        counts[0] += 1

    db.set_progress_handler(count, STEPS)
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _of: count() if event.endswith("call") else None)
    try:
        act()
    finally:
        sys.setprofile(before)
        db.set_progress_handler(None, 0)
    return counts[0]
