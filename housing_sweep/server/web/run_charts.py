"""Series of numbers as inline SVG. Pure: values in, text out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from housing_sweep.drawing import svg
from housing_sweep.drawing.scales import Linear
from housing_sweep.drawing.spell import spell
from housing_sweep.search.score import Score

WIDTH, HEIGHT = 640.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 16.0, 12.0, 36.0
COLORS = 6
"""How many series style.css tells apart (classes s0 ... s5)."""

DIGITS = 6
"""Significant digits of a value on a page."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points to draw: joined by lines, by steps (a value holds until the next), or as dots."""

    name: str
    points: Sequence[tuple[float, float]]
    style: str = "line"


def running_best(points: Sequence[tuple[float, float]], score: Score) -> list[tuple[float, float]]:
    """Return the best value so far at each x; what is not finite changes nothing."""
    best: list[tuple[float, float]] = []
    for x, y in points:
        if math.isfinite(y):
            best.append((x, best[-1][1] if best and not score.better(y, best[-1][1]) else y))
    return best


def chart(series: Sequence[Series], x_label: str, y_label: str) -> str:
    """Return a chart, or a sentence when there is nothing to draw.

    Points with NaN or infinite coordinates are left out; every other one is inside the picture.
    """
    finite = [
        Series(one.name, [p for p in one.points if all(map(math.isfinite, p))], one.style)
        for one in series
    ]
    drawn = [one for one in finite if one.points]
    if not drawn:
        return f'<p class="empty">no finite value of {escape(y_label)} yet</p>'
    x = Linear.over([p[0] for one in drawn for p in one.points], LEFT, WIDTH - RIGHT)
    y = Linear.over([p[1] for one in drawn for p in one.points], HEIGHT - BOTTOM, TOP)
    parts = [
        svg.left_axis(y, LEFT, WIDTH - RIGHT, ""),
        svg.bottom_axis(x, TOP, HEIGHT - BOTTOM, x_label),
        *(_marks(one, f"s{number % COLORS}", x, y) for number, one in enumerate(drawn)),
        *_legend(drawn),
    ]
    return svg.frame(WIDTH, HEIGHT, f"{y_label} by {x_label}", parts)


def _marks(series: Series, css: str, x: Linear, y: Linear) -> str:
    points = [(x.at(px), y.at(py)) for px, py in series.points]
    if series.style == "dots" or len(points) == 1:
        return "".join(
            svg.dot(px, py, 3, css, f"{spell(vx, DIGITS)}: {spell(vy, DIGITS)}")
            for (px, py), (vx, vy) in zip(points, series.points, strict=True)
        )
    return svg.path(points, css, joined="steps" if series.style == "steps" else "straight")


def _legend(series: Sequence[Series]) -> list[str]:
    return [
        svg.text(
            WIDTH - RIGHT - 4, TOP + 12 + 14 * number, one.name, f"legend s{number % COLORS}", "end"
        )
        for number, one in enumerate(series)
    ]
