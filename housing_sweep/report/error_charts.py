"""Where and when the best model errs: a map, predictions, residuals. Pure."""

import math
from itertools import pairwise

import numpy as np

from housing_sweep.drawing import svg
from housing_sweep.drawing.scales import Linear
from housing_sweep.drawing.spell import spell_short
from housing_sweep.report.contents import LARGE, Errors, Floats, Place, Target

FAR_SHARE = 0.95
"""Where nothing says which error is strong, this share of them is weaker."""

WIDER = 1.5
"""Of a strong error: what the histogram shows."""

WORST = 12


def error_map(errors: Errors) -> str:
    """Return the validation rows at their places, coloured by predicted minus actual; or ""."""
    place = errors.place
    if place is None:
        return ""
    outline = place.land.outline if place.land else _around(place)
    lats, lons = [p[0] for p in outline], [p[1] for p in outline]
    squeeze = math.cos(math.radians((max(lats) + min(lats)) / 2))
    width, height, pad = 540.0, 620.0, 14.0
    tall = height - 2 * pad
    per_degree = min(tall / (max(lats) - min(lats)), 512 / ((max(lons) - min(lons)) * squeeze))
    left = (width - (max(lons) - min(lons)) * squeeze * per_degree) / 2

    def at(latitude: float, longitude: float) -> tuple[float, float]:
        x = left + (longitude - min(lons)) * squeeze * per_degree
        return x, pad + (max(lats) - latitude) * per_degree

    error = errors.predicted - errors.actual
    classes = _classes(errors, error)
    parts = [svg.path([at(a, b) for a, b in outline], "land", closed=True)] if place.land else []
    for shade in (4, 3, 5, 2, 6, 1, 7, 0, 8):  # the largest errors on top
        rows = np.flatnonzero(classes == shade)
        points = [at(float(place.latitude[i]), float(place.longitude[i])) for i in rows]
        parts.append(svg.specks(points, f"d{shade}"))
    for i in np.argsort(-np.abs(error), kind="stable")[:WORST]:
        x, y = at(float(place.latitude[i]), float(place.longitude[i]))
        parts.append(svg.dot(x, y, 5, "worst", _tip(errors, place, int(i))))
    for name, latitude, longitude in place.land.towns if place.land else ():
        x, y = at(latitude, longitude)
        parts.append(svg.text(x - 7, y + 4, name, "city halo", "end"))
    parts.append(_legend(errors, width - 214, 58))
    where = f"a map of {place.land.name}" if place.land else "a map"
    title = (
        f"Errors of {len(error)} validation rows on {where}:"
        f" half are within {errors.target.spell(float(np.median(np.abs(error))))}"
    )
    return svg.frame(width, height, title, parts, kind="map")


def _around(place: Place) -> list[tuple[float, float]]:
    """Return the corners of what a map without an outline shows."""
    lats, lons = place.latitude, place.longitude
    room = 0.05 * max(float(np.ptp(lats)), float(np.ptp(lons)), 0.01)
    return [
        (float(lats.min()) - room, float(lons.min()) - room),
        (float(lats.max()) + room, float(lons.max()) + room),
    ]


def predicted_actual(errors: Errors) -> str:
    """Return predictions over the truth; on the line they are equal."""
    width, height = 520.0, 300.0
    target = errors.target
    both = [*map(float, errors.actual), *map(float, errors.predicted)]
    low, high = min(0.0, *both), max(both)
    x = Linear.over([low, high], 56, width - 14)
    y = Linear.over([low, high], height - 44, 26)
    classes = _classes(errors, errors.predicted - errors.actual)
    unit = f", {target.axis}" if target.axis else ""
    parts = [
        svg.left_axis(y, 56, width - 14, f"predicted{unit}"),
        svg.bottom_axis(x, 26, height - 44, f"actual{unit}"),
    ]
    for shade in range(svg.STEPS):
        rows = np.flatnonzero(classes == shade)
        at = [(x.at(float(errors.actual[i])), y.at(float(errors.predicted[i]))) for i in rows]
        parts.append(svg.specks(at, f"small d{shade}"))
    parts.append(svg.line(x.at(low), y.at(low), x.at(high), y.at(high), "equal"))
    return svg.frame(width, height, f"Predicted over actual {target.name}", parts)


def residuals(errors: Errors) -> str:
    """Return how the errors are spread: a histogram of predicted minus actual."""
    width, height = 520.0, 260.0
    far = WIDER * _strong(errors)
    error = np.clip(errors.predicted - errors.actual, -far, far)
    counts, edges = np.histogram(error, bins=60, range=(-far, far))
    x = Linear.over([-far, far], 56, width - 14)
    y = Linear.over([0.0, float(counts.max())], height - 44, 26)
    unit = f", {errors.target.axis}" if errors.target.axis else ""
    parts = [
        svg.left_axis(y, 56, width - 14, "rows", 5),
        svg.bottom_axis(x, 26, height - 44, f"predicted − actual{unit}"),
    ]
    shades = _classes(errors, (edges[:-1] + edges[1:]) / 2)
    digits = 0 if far >= LARGE else 2
    for i, count in enumerate(counts):
        wide = x.at(float(edges[i + 1])) - x.at(float(edges[i]))
        tip = f"{edges[i]:+.{digits}f} to {edges[i + 1]:+.{digits}f}: {count} rows"
        top = y.at(float(count))
        at, high = x.at(float(edges[i])), height - 44 - top
        parts.append(svg.rect(at, top, wide - 0.8, high, f"column d{shades[i]}", tip))
    return svg.frame(width, height, "How the errors are spread", parts)


def by_target(errors: Errors) -> list[tuple[str, int, float, float]]:
    """Return, per fifth of the target: its name, rows, RMSE and mean error, in its unit."""
    bands = []
    ends = np.quantile(errors.actual, np.linspace(0, 1, 6))
    for i, (low, high) in enumerate(pairwise(ends)):
        last = i == len(ends) - 2
        inside = (errors.actual >= low) & (
            (errors.actual <= high) if last else errors.actual < high
        )
        if not inside.any():
            continue
        error = (errors.predicted - errors.actual)[inside]
        rmse = float(np.sqrt(np.mean(error**2)))
        name = _band(errors.target, float(low), float(high))
        bands.append((name, int(inside.sum()), rmse, float(error.mean())))
    return bands


def _band(target: Target, low: float, high: float) -> str:
    if target.scale >= LARGE:
        low, high = (value * target.scale / 1000 for value in (low, high))
        return f"{low:,.0f}–{high:,.0f} k {target.unit}"
    return f"{target.number(low)}–{target.number(high)} {target.unit}".strip()


def _strong(errors: Errors) -> float:
    """Return the error from which a row has the strongest colour, above 0."""
    if errors.target.strong_error is not None:
        return errors.target.strong_error
    error = np.abs(errors.predicted - errors.actual)
    return float(np.quantile(error, FAR_SHARE)) or 1.0


def _classes(errors: Errors, error: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    far = _strong(errors)
    share = np.clip((error + far) / (2 * far), 0.0, 1.0 - 1e-12)
    return (share * svg.STEPS).astype(np.int64)


def _tip(errors: Errors, place: Place, i: int) -> str:
    predicted, actual = (float(values[i]) for values in (errors.predicted, errors.actual))
    return (
        f"{place.latitude[i]:.2f}, {place.longitude[i]:.2f}:"
        f" predicted {errors.target.spell(predicted)}, actual {errors.target.spell(actual)}"
    )


def _legend(errors: Errors, x: float, y: float) -> str:
    far = spell_short(_strong(errors) * errors.target.scale)
    parts = [svg.text(x + 90, y - 10, "predicted − actual", "label")]
    parts += [svg.rect(x + 20 * i, y, 20, 12, f"column d{i}") for i in range(svg.STEPS)]
    ends = ((0.0, f"−{far}"), (0.5, "0"), (1.0, f"+{far} {errors.target.unit}".strip()))
    for share, words in ends:
        parts.append(svg.text(x + 180 * share, y + 28, words))
    return "".join(parts)
