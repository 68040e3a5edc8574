"""Axes: values to places and back to words. Pure."""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from housing_sweep.drawing.spell import spell

LOG_RATIO = 8.0
"""Positive values that span more than this are shown on a logarithmic axis."""

LARGEST = sys.float_info.max

TINY = 1e-290
"""A span below which powers of ten are no steps any more: floating point itself is too coarse."""

MANY_DIGITS = 1e12
"""From here on ticks are told by their power of ten."""

FARTHEST = 20.0
"""Lengths of the axis beyond its end at which a value is drawn at most, to be clipped there."""


def share(value: float, low: float, high: float) -> float:
    """Return how far a finite value is on the way from `low` to `high`, whatever they are.

    0 is at `low`, 1 at `high`, 0.5 is all there is where both are equal; it ends at `FARTHEST`.
    """
    if low == high:
        return 0.5
    if math.isinf(high - low):  # halves of such numbers are exact
        value, low, high = value / 2, low / 2, high / 2
    return min(max((value - low) / (high - low), -FARTHEST), FARTHEST)


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
            gap = min(abs(low) * 0.1 or 1.0, LARGEST - abs(low))
            low, high = (low / 1.5, high * 1.5) if log else (low - gap, high + gap)
        elif room and not log:
            margin = 2 * room * (high / 2 - low / 2)
            low, high = low - margin, high + margin
        return cls(max(low, -LARGEST), min(high, LARGEST), start, end, log)

    def at(self, value: float) -> float:
        """Return the place of a value; far beyond the ends it stays a finite one."""
        a, b, v = (math.log10(x) if self.log else x for x in (self.low, self.high, value))
        return self.start + share(v, a, b) * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Return up to `most` round values with their labels."""
        if self.log:
            return self._log_ticks(most)
        span = self.high - self.low
        if math.isinf(span):
            half = Linear(self.low / 2, self.high / 2, self.start, self.end)
            return [(2 * x, spell(2 * x)) for x, _ in half.ticks(most)]
        if span < TINY:
            return [(x, spell(x)) for x in dict.fromkeys((self.low, self.high))]
        step = 10.0 ** math.floor(math.log10(span / max(1, most - 1)))
        factor = next(f for f in (1, 2, 2.5, 5, 10, 20) if span / (step * f) <= most - 1)
        digits = max(0, (factor == 2.5) - math.floor(math.log10(step) + 1e-9))
        step *= factor
        first = math.ceil(self.low / step - 1e-9)
        numbers = self._on_axis(
            n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)
        )
        if max(abs(self.low), abs(self.high)) >= MANY_DIGITS:
            return [(x, spell(x)) for x in numbers]
        return [(x, f"{x:,.{digits}f}" if digits <= 6 else f"{x:.2g}") for x in numbers]

    def _on_axis(self, numbers: Iterable[float]) -> list[float]:
        """Return the numbers on the axis, each once.

        Between two neighbours of floating point, several steps are rounded to either of them.
        """
        slack = 1e-9 * (self.high - self.low)
        inside = (x for x in numbers if self.low - slack <= x <= self.high + slack)
        return list(dict.fromkeys(inside))

    def _log_ticks(self, most: int) -> list[tuple[float, str]]:
        lowest, highest = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for factors in ((1, 2, 5), (1, 3), (1,)):
            powers = (float(f"{f}e{e}") for e in range(lowest, highest + 1) for f in factors)
            numbers = [
                x
                for x in powers
                if self.low * (1 - 1e-9) <= x <= self.high * (1 + 1e-9) and math.isfinite(x)
            ]
            if len(numbers) <= most:
                return [(x, spell(x, 2)) for x in numbers]
        thin = math.ceil(len(numbers) / most)
        return [(x, spell(x, 2)) for x in numbers[::thin]]


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
    return -LARGEST <= value <= LARGEST
