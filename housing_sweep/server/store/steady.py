"""A clock for leases: it goes on at one second a second, whatever is done to the system's clock.

What people are shown (`created_at`, `heartbeat_at`) is the system's time. Whether somebody fell
silent, or an offer was lost, is decided by this one: `heard_at`, `offered_at`, `stop_asked_at`.
"""

import math
import time
from collections.abc import Callable


class Steady:
    """Seconds that never jump within a process, and never go back between processes.

    Args:
        began: the first moment. The system's time, unless the database knows a later one: then the
            system's clock was put back.
        ticks: monotonic seconds; those in which the machine slept do not count.
    """

    def __init__(self, began: float, ticks: Callable[[], float] = time.monotonic) -> None:
        self._began, self._ticks = began, ticks
        self._zero = ticks()

    def now(self) -> float:
        """Return the present moment."""
        return self._began + self._ticks() - self._zero

    def age(self, moment: float) -> float:
        """Return for how many seconds of this process something has lasted that began at a moment.

        What is of an earlier process counts from the beginning of this one: nobody could be heard
        in between, and how long that was only the system's clock can tell.
        """
        return self.now() - max(moment, self._began)

    def before(self, seconds: float) -> float:
        """Return the moment that is now `seconds` old by `age`: what lies before it has expired.

        In the first `seconds` of a process that is minus infinity: nothing has.
        """
        now = self.now()
        return now - seconds if now - self._began > seconds else -math.inf
