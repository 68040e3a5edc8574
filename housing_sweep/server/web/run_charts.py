"""Series of numbers as inline SVG. Pure: values in, text out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 12.0, 36.0
COLORS = 6
"""How many series style.css tells apart (classes s0 ... s5)."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points to draw: joined by lines, by steps (a value holds until the next), or as dots."""

    name: str
    points: Sequence[tuple[float, float]]
    style: str = "line"


def running_best(
    points: Sequence[tuple[float, float]], maximize: bool
) -> list[tuple[float, float]]:
    """Return the best value so far at each x; what is not finite changes nothing."""
    best: list[tuple[float, float]] = []
    for x, y in points:
        if math.isfinite(y):
            held = best[-1][1] if best else y
            best.append((x, max(held, y) if maximize else min(held, y)))
    return best


def chart(series: Sequence[Series], x_label: str, y_label: str) -> str:
    """Return a chart, or a sentence when there is nothing to draw.

    Points with NaN or infinite coordinates are left out.
    """
    shown = [
        Series(one.name, [p for p in one.points if all(map(math.isfinite, p))], one.style)
        for one in series
    ]
    shown = [one for one in shown if one.points]
    if not shown:
        return f'<p class="empty">no finite value of {escape(y_label)} yet</p>'
    x = _Axis.over([p[0] for one in shown for p in one.points], LEFT, WIDTH - RIGHT)
    y = _Axis.over([p[1] for one in shown for p in one.points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img"'
        f' aria-label="{escape(y_label)} by {escape(x_label)}">',
        *(_horizontal(value, y) for value in y.ticks),
        *(_vertical(value, x) for value in x.ticks),
        f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 4:.1f}"'
        f' text-anchor="middle">{escape(x_label)}</text>',
        *(_drawn(one, number % COLORS, x, y) for number, one in enumerate(shown)),
        *_legend(shown),
        "</svg>",
    ]
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> "_Axis":
        low, high = min(values), max(values)
        if low == high:  # a constant lies in the middle
            room = abs(low) * 0.1 or 1.0
            low, high = low - room, high + room
        return cls(low, high, start, end)

    @property
    def ticks(self) -> list[float]:
        """Up to six round numbers in range."""
        span = self.high - self.low
        if not math.isfinite(span):
            return [self.low, self.high]
        step = 10.0 ** math.floor(math.log10(span / 5))
        step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 6)
        first = math.ceil(self.low / step)
        return [n * step for n in range(first, math.floor(self.high / step) + 1)]

    def at(self, value: float) -> float:
        """The place of a value, in SVG units."""
        share = value / (self.high - self.low) - self.low / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def spell(value: float) -> str:
    """Return a number in at most six significant digits, without trailing zeros."""
    return f"{value:.6g}"


def _horizontal(value: float, axis: _Axis) -> str:
    at = axis.at(value)
    return (
        f'<line class="grid" x1="{LEFT:.1f}" x2="{WIDTH - RIGHT:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text class="tick" x="{LEFT - 6:.1f}" y="{at + 4:.1f}" text-anchor="end">'
        f"{spell(value)}</text>"
    )


def _vertical(value: float, axis: _Axis) -> str:
    return (
        f'<text class="tick" x="{axis.at(value):.1f}" y="{HEIGHT - BOTTOM + 16:.1f}"'
        f' text-anchor="middle">{spell(value)}</text>'
    )


def _drawn(series: Series, color: int, x: _Axis, y: _Axis) -> str:
    places = [(x.at(px), y.at(py)) for px, py in series.points]
    if series.style == "dots" or len(places) == 1:
        return "".join(
            f'<circle class="s{color}" cx="{px:.1f}" cy="{py:.1f}" r="3">'
            f"<title>{spell(vx)}: {spell(vy)}</title></circle>"
            for (px, py), (vx, vy) in zip(places, series.points, strict=True)
        )
    way = f"M{places[0][0]:.1f} {places[0][1]:.1f}"
    for px, py in places[1:]:
        way += f"H{px:.1f}V{py:.1f}" if series.style == "steps" else f"L{px:.1f} {py:.1f}"
    return f'<path class="s{color}" d="{way}"/>'


def _legend(series: Sequence[Series]) -> list[str]:
    return [
        f'<text class="legend s{number % COLORS}" x="{WIDTH - RIGHT - 4:.1f}"'
        f' y="{TOP + 12 + 14 * number:.1f}" text-anchor="end">{escape(one.name)}</text>'
        for number, one in enumerate(series)
    ]
