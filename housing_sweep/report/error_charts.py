"""Where and when the best model errs: a map of California, predictions, residuals. Pure."""

import math
from itertools import pairwise

import numpy as np

from housing_sweep.drawing import svg
from housing_sweep.drawing.scales import Linear
from housing_sweep.housing import outline as california
from housing_sweep.report.contents import USD, Errors, Floats

FAR = 1.0
"""An error, in 100,000 USD, from which a place is drawn in the strongest colour."""

WORST = 12


def error_map(errors: Errors) -> str:
    """Return the validation rows at their places, coloured by predicted minus actual."""
    outline = california.outline()
    squeeze = math.cos(math.radians(37.25))
    width, height, pad = 540.0, 620.0, 14.0
    lats, lons = [p[0] for p in outline], [p[1] for p in outline]
    tall = height - 2 * pad
    per_degree = min(tall / (max(lats) - min(lats)), 512 / ((max(lons) - min(lons)) * squeeze))
    left = (width - (max(lons) - min(lons)) * squeeze * per_degree) / 2

    def place(latitude: float, longitude: float) -> tuple[float, float]:
        x = left + (longitude - min(lons)) * squeeze * per_degree
        return x, pad + (max(lats) - latitude) * per_degree

    error = errors.predicted - errors.actual
    classes = _classes(error)
    parts = [svg.path([place(a, b) for a, b in outline], "land", closed=True)]
    for shade in (4, 3, 5, 2, 6, 1, 7, 0, 8):  # the largest errors on top
        rows = np.flatnonzero(classes == shade)
        at = [place(float(errors.latitude[i]), float(errors.longitude[i])) for i in rows]
        parts.append(svg.specks(at, f"d{shade}"))
    for i in np.argsort(-np.abs(error), kind="stable")[:WORST]:
        x, y = place(float(errors.latitude[i]), float(errors.longitude[i]))
        parts.append(svg.dot(x, y, 5, "worst", _told(errors, int(i))))
    for name, latitude, longitude in california.cities():
        x, y = place(latitude, longitude)
        parts.append(svg.text(x - 7, y + 4, name, "city halo", "end"))
    parts.append(_legend(width - 214, 58))
    title = (
        f"Errors of {len(error)} validation rows on a map of California:"
        f" half are within {_usd(float(np.median(np.abs(error))))}"
    )
    return svg.frame(width, height, title, parts, kind="map")


def predicted_actual(errors: Errors) -> str:
    """Return predictions over true prices; on the line they are equal."""
    width, height = 520.0, 300.0
    both = [*map(float, errors.actual), *map(float, errors.predicted)]
    x = Linear.over([0.0, max(both)], 56, width - 14)
    y = Linear.over([0.0, max(both)], height - 44, 26)
    classes = _classes(errors.predicted - errors.actual)
    parts = [
        svg.left_axis(y, 56, width - 14, "predicted, 100,000 USD"),
        svg.bottom_axis(x, 26, height - 44, "actual, 100,000 USD"),
    ]
    for shade in range(svg.STEPS):
        rows = np.flatnonzero(classes == shade)
        at = [(x.at(float(errors.actual[i])), y.at(float(errors.predicted[i]))) for i in rows]
        parts.append(svg.specks(at, f"small d{shade}"))
    parts.append(svg.line(x.at(0), y.at(0), x.at(max(both)), y.at(max(both)), "equal"))
    return svg.frame(width, height, "Predicted over actual price", parts)


def residuals(errors: Errors) -> str:
    """Return how the errors are spread: a histogram of predicted minus actual."""
    width, height = 520.0, 260.0
    error = np.clip(errors.predicted - errors.actual, -1.5, 1.5)
    counts, edges = np.histogram(error, bins=60, range=(-1.5, 1.5))
    x = Linear.over([-1.5, 1.5], 56, width - 14)
    y = Linear.over([0.0, float(counts.max())], height - 44, 26)
    parts = [
        svg.left_axis(y, 56, width - 14, "rows", 5),
        svg.bottom_axis(x, 26, height - 44, "predicted − actual, 100,000 USD"),
    ]
    shades = _classes((edges[:-1] + edges[1:]) / 2)
    for i, count in enumerate(counts):
        wide = x.at(float(edges[i + 1])) - x.at(float(edges[i]))
        tip = f"{edges[i]:+.2f} to {edges[i + 1]:+.2f}: {count} rows"
        top = y.at(float(count))
        at, high = x.at(float(edges[i])), height - 44 - top
        parts.append(svg.rect(at, top, wide - 0.8, high, f"column d{shades[i]}", tip))
    return svg.frame(width, height, "How the errors are spread", parts)


def by_price(errors: Errors) -> list[tuple[str, int, float, float]]:
    """Return, per price band: its name, rows, RMSE and mean error, in 100,000 USD."""
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
        name = f"{low * USD / 1000:,.0f}–{high * USD / 1000:,.0f} k USD"
        bands.append((name, int(inside.sum()), rmse, float(error.mean())))
    return bands


def _classes(error: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    share = np.clip((error + FAR) / (2 * FAR), 0.0, 1.0 - 1e-12)
    return (share * svg.STEPS).astype(np.int64)


def _told(errors: Errors, i: int) -> str:
    return (
        f"{errors.latitude[i]:.2f}, {errors.longitude[i]:.2f}:"
        f" predicted {_usd(float(errors.predicted[i]))}, actual {_usd(float(errors.actual[i]))}"
    )


def _usd(value: float) -> str:
    return f"{value * USD:,.0f} USD"


def _legend(x: float, y: float) -> str:
    parts = [svg.text(x + 90, y - 10, "predicted − actual", "label")]
    parts += [svg.rect(x + 20 * i, y, 20, 12, f"column d{i}") for i in range(svg.STEPS)]
    for share, words in ((0.0, "−100k"), (0.5, "0"), (1.0, "+100k USD")):
        parts.append(svg.text(x + 180 * share, y + 28, words))
    return "".join(parts)
