"""SVG text: a frame with an accessible title, axes, and the colours by class. Pure.

Colours are classes that `style.css` fills: `q0` (best) to `q8` for scores, `d0` (far too low) to
`d8` (far too high) for errors, so that light and dark pages share one drawing.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

from housing_sweep.drawing.scales import Linear, share

STEPS = 9
"""Classes of a colour ramp."""


def frame(width: float, height: float, title: str, parts: Iterable[str], *, kind: str = "") -> str:
    """Return a drawing; `title` is what a screen reader says."""
    return (
        f'<svg class="chart {kind}" viewBox="0 0 {width:.0f} {height:.0f}" role="img"'
        f' aria-label="{escape(title)}"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def text(x: float, y: float, words: str, css: str = "tick", anchor: str = "middle") -> str:
    """Return a label."""
    return (
        f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
    )


def line(x1: float, y1: float, x2: float, y2: float, css: str = "grid") -> str:
    """Return a straight line."""
    return f'<line class="{css}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def rect(x: float, y: float, width: float, height: float, css: str, tip: str = "") -> str:
    """Return a box, with a tip for the pointer."""
    size = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
    return f'<rect class="{css}" {size}>{_tip(tip)}</rect>'


def dot(x: float, y: float, r: float, css: str, tip: str = "", trial: str = "") -> str:
    """Return a circle; `trial` links it with the rows and lines of that trial."""
    data = f' data-trial="{escape(trial)}"' if trial else ""
    return f'<circle class="{css}"{data} cx="{x:.1f}" cy="{y:.1f}" r="{r:g}">{_tip(tip)}</circle>'


def path(
    points: Sequence[tuple[float, float]],
    css: str,
    *,
    tip: str = "",
    trial: str = "",
    joined: str = "straight",
    closed: bool = False,
) -> str:
    """Return a line through points; `joined` is straight, steps (a value holds) or eased."""
    way = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (before, level), (x, y) in pairwise(points):
        reach = 0.45 * (x - before)
        way += {
            "straight": f"L{x:.1f} {y:.1f}",
            "steps": f"H{x:.1f}V{y:.1f}",
            "eased": f"C{before + reach:.1f} {level:.1f} {x - reach:.1f} {y:.1f} {x:.1f} {y:.1f}",
        }[joined]
    data = f' data-trial="{escape(trial)}"' if trial else ""
    return f'<path class="{css}"{data} d="{way}{"Z" if closed else ""}">{_tip(tip)}</path>'


def specks(points: Iterable[tuple[float, float]], css: str) -> str:
    """Return many dots as one path: 11 bytes each, the stroke's round caps draw them."""
    way = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
    return f'<path class="speck {css}" d="{way}"/>' if way else ""


def left_axis(axis: Linear, x1: float, x2: float, label: str, most: int = 6) -> str:
    """Return horizontal grid lines from `x1` to `x2` with labels, and the axis' name on top."""
    parts = [
        line(x1, axis.at(v), x2, axis.at(v)) + text(x1 - 8, axis.at(v) + 4, words, anchor="end")
        for v, words in axis.ticks(most)
    ]
    top = min(axis.start, axis.end)
    return "".join(parts) + (text(x1 - 8, top - 10, label, "label", "start") if label else "")


def bottom_axis(axis: Linear, y1: float, y2: float, label: str, most: int = 8) -> str:
    """Return vertical grid lines from `y1` down to `y2` with labels, and the axis' name below."""
    parts = [
        line(axis.at(v), y1, axis.at(v), y2) + text(axis.at(v), y2 + 17, words)
        for v, words in axis.ticks(most)
    ]
    middle = (axis.start + axis.end) / 2
    return "".join(parts) + text(middle, y2 + 34, label, "label")


def ramp(value: float, low: float, high: float) -> int:
    """Return the class, 0 to 8, of a value between `low` and `high`; outside is at the ends."""
    if high <= low:
        return 0
    return min(STEPS - 1, max(0, int(share(value, low, high) * STEPS)))


def _tip(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
