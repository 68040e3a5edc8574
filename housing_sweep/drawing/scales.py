"""Axes: values to places and back to words. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from housing_sweep.drawing.spell import spell

LOG_RATIO = 8.0
"""Positive values that span more than this are shown on a logarithmic axis."""

MOST = 1e150
"""Larger numbers are shown as words: their differences must stay finite."""


@dataclass(frozen=True, slots=True)
class Linear:
    """A numeric axis from `start` (at `low`) to `end` (at `high`), logarithmic if asked for."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def over(
        cls,
        values: Sequence[float],
        start: float,
        end: float,
        *,
        log: bool = False,
        room: float = 0.0,
    ) -> "Linear":
        """Return an axis that holds finite `values`; a constant lies in the middle."""
        low, high = min(values), max(values)
        log = log and low > 0
        if low == high:
            gap = abs(low) * 0.1 or 1.0
            low, high = (low / 1.5, high * 1.5) if log else (low - gap, high + gap)
        elif room and not log:
            low, high = low - room * (high - low), high + room * (high - low)
        return cls(low, high, start, end, log)

    def at(self, value: float) -> float:
        """Return the place of a value."""
        a, b, v = (math.log10(x) if self.log else x for x in (self.low, self.high, value))
        share = (v - a) / (b - a) if b > a else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Return up to `most` round values with their labels."""
        if self.log:
            return self._log_ticks(most)
        span = self.high - self.low
        if not 0 < span < math.inf:
            return []
        step = 10.0 ** math.floor(math.log10(span / max(1, most - 1)))
        factor = next(f for f in (1, 2, 2.5, 5, 10, 20) if span / (step * f) <= most - 1)
        digits = max(0, (factor == 2.5) - math.floor(math.log10(step) + 1e-9))
        step *= factor
        first = math.ceil(self.low / step - 1e-9)
        numbers = [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]
        return [(x, f"{x:,.{digits}f}" if digits <= 6 else f"{x:.2g}") for x in numbers]

    def _log_ticks(self, most: int) -> list[tuple[float, str]]:
        lowest, highest = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for factors in ((1, 2, 5), (1, 3), (1,)):
            values = [
                f * 10.0**e
                for e in range(lowest, highest + 1)
                for f in factors
                if self.low * (1 - 1e-9) <= f * 10.0**e <= self.high * (1 + 1e-9)
            ]
            if len(values) <= most:
                return [(x, spell(x, 2)) for x in values]
        thin = math.ceil(len(values) / most)
        return [(x, spell(x, 2)) for x in values[::thin]]


@dataclass(frozen=True, slots=True)
class Words:
    """An axis of words, evenly spaced, in a given order."""

    values: Sequence[str]
    start: float
    end: float

    def at(self, value: str) -> float:
        """Return the place of a word.

        Raises:
            ValueError: it is not on the axis.
        """
        share = (list(self.values).index(value) + 0.5) / len(self.values)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 12) -> list[tuple[str, str]]:
        """Return the words, thinned to `most`, as (value, label)."""
        thin = math.ceil(len(self.values) / most)
        return [(word, word) for word in self.values[::thin]]


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter's axis: numeric when all its values are, else of words."""

    scale: Linear | Words

    @classmethod
    def of(cls, values: Sequence[object], start: float, end: float) -> "Axis":
        """Return an axis that holds these values."""
        numbers = [float(v) for v in values if isinstance(v, int | float) and _is_number(v)]
        if values and len(numbers) == len(values):
            low, high = min(numbers), max(numbers)
            wide = low > 0 and high / low > LOG_RATIO
            return cls(Linear.over(numbers, start, end, log=wide))
        return cls(Words(sorted({spell(v) for v in values}), start, end))

    def at(self, value: object) -> float:
        """Return the place of a value."""
        if isinstance(self.scale, Words):
            return self.scale.at(spell(value))
        return self.scale.at(float(str(value)))

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and labels."""
        scale = self.scale
        if isinstance(scale, Words):
            return [(scale.at(word), label) for word, label in scale.ticks()]
        return [(scale.at(value), label) for value, label in scale.ticks()]


def _is_number(value: object) -> bool:
    """Return whether a value has a place on a numeric axis; a truth value is a word."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -MOST < value < MOST
