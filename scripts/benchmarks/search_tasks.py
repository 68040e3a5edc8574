"""The problems that `scripts/bench search` plays: two formulas, three surrogates of real fits.

A surrogate is an ExtraTrees model of `scripts/bench fits`: noise-free, quick, nobody's own model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from search_fits import load, spec_text

from housing_sweep.search import sampling
from housing_sweep.search.space import Space
from housing_sweep.search.spec import SweepSpec, parse_spec

Floats = npt.NDArray[np.float64]
TREES = 60

_A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8]])
_A6 = np.vstack([_A, [17, 8, 0.05, 10, 0.1, 14]])
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_C = np.array([1.0, 1.2, 3.0, 3.2])


@dataclass(frozen=True, slots=True)
class Task:
    """One problem.

    Attributes:
        name: of the table's row.
        raw: the sweep spec, as W&B and we read it.
        value: a point -> its score, to minimise.
        best: the lowest score there is, as far as is known.
    """

    name: str
    raw: Mapping[str, Any]
    value: Callable[[Mapping[str, Any]], float]
    best: float

    @property
    def spec(self) -> SweepSpec:
        """The parsed spec."""
        return parse_spec(self.raw)


def branin(point: Mapping[str, Any]) -> float:
    """Return Branin's function; its minimum is 0.397887."""
    x, y = float(point["x"]), float(point["y"])
    a = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
    return float(a**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)


def hartmann6(point: Mapping[str, Any]) -> float:
    """Return Hartmann's function in six dimensions; its minimum is -3.32237."""
    x = np.array([float(point[f"x{i}"]) for i in range(6)])
    return float(-(_C * np.exp(-(_A6 * (x - _P) ** 2).sum(1))).sum())


def _raw(parameters: Mapping[str, Any]) -> dict[str, Any]:
    metric = {"name": "loss", "goal": "minimize"}
    return {"method": "bayes", "metric": metric, "parameters": dict(parameters)}


def _box(low: float, high: float) -> dict[str, Any]:
    return {"distribution": "uniform", "min": low, "max": high}


def _surrogate(space_name: str) -> Task | None:
    from sklearn.ensemble import ExtraTreesRegressor

    rows: list[Any] = load(space_name)
    if len(rows) < 50:
        return None
    full = yaml.safe_load(spec_text(space_name))
    free = {k: v for k, v in full["parameters"].items() if "value" not in v}
    raw = _raw(free)
    spec = parse_spec(raw)
    space = Space.of(spec)
    x = space.features(space.to_unit([row["params"] for row in rows]))
    y = np.array([row["value"] for row in rows])
    model = ExtraTreesRegressor(TREES, min_samples_leaf=1, random_state=0).fit(x, y)
    trees = [tree.tree_ for tree in model.estimators_]

    def predict(u: Floats) -> Floats:
        inputs = space.features(u).astype(np.float32)
        found: Floats = np.mean([tree.predict(inputs)[:, 0] for tree in trees], axis=0)
        return found

    def value(point: Mapping[str, Any]) -> float:
        return float(predict(space.to_unit([point]))[0])

    return Task(space_name, raw, value, _lowest(space, predict))


def _lowest(space: Space, predict: Callable[[Floats], Floats]) -> float:
    """Return the lowest value found by a search far longer than any player's."""
    rng = np.random.default_rng(0)
    pool = sampling.spread(space.dimensions, 15, 0)
    values = predict(pool)
    for radius in (0.2, 0.1, 0.05, 0.02) * 3:
        top = pool[np.argsort(values)[:50]]
        near = np.repeat(top, 100, axis=0)
        moved = np.clip(
            near + rng.normal(0, radius, near.shape) * (rng.random(near.shape) < 0.4), 0, 1
        )
        pool, values = np.vstack([top, moved]), np.append(np.sort(values)[:50], predict(moved))
    return float(values.min())


@cache
def tasks() -> tuple[Task, ...]:
    """Return every task whose fits were made."""
    formulas = (
        Task("branin", _raw({"x": _box(-5.0, 10.0), "y": _box(0.0, 15.0)}), branin, 0.397887),
        Task("hartmann6", _raw({f"x{i}": _box(0.0, 1.0) for i in range(6)}), hartmann6, -3.32237),
    )
    made = (_surrogate(name) for name in ("hgb", "forest", "mixed"))
    return (*(task for task in made if task is not None), *formulas)
