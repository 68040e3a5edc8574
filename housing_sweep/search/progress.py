"""How a sweep goes: best so far, trials per minute, time left. Pure arithmetic on scores and times.

Used by the live view; nothing here decides.
"""

from collections.abc import Sequence
from math import isfinite

BARS = "▁▂▃▄▅▆▇█"
MINUTE = 60.0


def best_so_far(scores: Sequence[float | None], *, maximize: bool = False) -> list[float]:
    """Return the best score after each trial, from the first trial that has one."""
    best: list[float] = []
    for score in scores:
        if score is not None and isfinite(score):
            choose = max if maximize else min
            best.append(choose(best[-1], score) if best else score)
        elif best:
            best.append(best[-1])
    return best


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """Return values as a line of bars, at most `width` wide; the lowest value is the lowest bar."""
    if not values:
        return ""
    if len(values) > width:
        values = [values[round(i * (len(values) - 1) / (width - 1))] for i in range(width)]
    low, high = min(values), max(values)
    span = high - low or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in values)


def per_minute(ends: Sequence[float], now: float, window: float = 10 * MINUTE) -> float:
    """Return how many trials ended per minute of late.

    Args:
        ends: when trials ended, seconds since the epoch, in any order.
        now: the time.
        window: how far back to look, in seconds; a younger sweep counts from its first end.
    """
    recent = [end for end in ends if now - end <= window]
    if len(recent) < 2:
        return 0.0
    return len(recent) * MINUTE / max(now - min(recent), MINUTE / 60)


def seconds_left(expected: int | None, ended: int, rate: float) -> float | None:
    """Return how long the rest of a sweep takes at a rate per minute; None when unknown."""
    if expected is None or rate <= 0:
        return None
    return max(0, expected - ended) / rate * MINUTE
