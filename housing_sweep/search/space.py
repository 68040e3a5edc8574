"""A sweep's free parameters as the unit cube: one vectorised transform there and back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from housing_sweep.search.distributions import Categorical, Distribution, Floats
from housing_sweep.search.parameters import Leaf, Tree
from housing_sweep.search.spec import SweepSpec
from housing_sweep.search.trial import Params

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Space:
    """The dimensions of a spec, in the order of its YAML, and its constants.

    Attributes:
        paths: (d,) where each free parameter sits; one name, or several when nested.
        kinds: (d,) their distributions.
        constants: parameters with one value only.
    """

    paths: tuple[Path, ...]
    kinds: tuple[Distribution, ...]
    constants: tuple[tuple[Path, object], ...]

    @classmethod
    def of(cls, spec: SweepSpec) -> "Space":
        """Return the space of a spec."""
        leaves = list(_leaves(spec.parameters, ()))
        free = [(path, leaf.distribution) for path, leaf in leaves if leaf.distribution]
        fixed = [(path, leaf.constant) for path, leaf in leaves if not leaf.distribution]
        return cls(tuple(p for p, _ in free), tuple(k for _, k in free), tuple(fixed))

    @property
    def dimensions(self) -> int:
        """How many free parameters there are."""
        return len(self.paths)

    @property
    def size(self) -> int | None:
        """How many different points there are, or None for a continuum."""
        total = 1
        for kind in self.kinds:
            if kind.size is None:
                return None
            total *= kind.size
        return total

    def from_unit(self, u: Floats) -> list[Params]:
        """Return the points at unit-cube rows `u`, shaped (n, d)."""
        columns = [kind.ppf(u[:, j]) for j, kind in enumerate(self.kinds)]
        return [self.point([column[i] for column in columns]) for i in range(len(u))]

    def to_unit(self, points: Sequence[Mapping[str, object]]) -> Floats:
        """Return unit-cube rows, shaped (n, d), that `from_unit` maps back to `points`.

        Raises:
            KeyError: a point lacks one of the parameters.
            ValueError: a point has a value that its parameter cannot take.
        """
        rows = np.empty((len(points), self.dimensions))
        for j, (path, kind) in enumerate(zip(self.paths, self.kinds, strict=True)):
            rows[:, j] = kind.cdf([_get(point, path) for point in points])
        return rows

    def rows_of(
        self, points: Sequence[Mapping[str, object]]
    ) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Return rows (m, d) of the points this space can hold, and which those are, (n,).

        A point of an older spec may lack a parameter or hold a value that is none any more.
        """
        try:
            rows = self.to_unit(points)
        except (KeyError, ValueError, TypeError):
            rows = np.full((len(points), self.dimensions), np.nan)
            for i, point in enumerate(points):
                with suppress(KeyError, ValueError, TypeError):
                    rows[i] = self.to_unit([point])[0]
        fits = np.asarray(np.isfinite(rows).all(axis=1))
        return rows[fits], fits

    def point(self, values: Sequence[object]) -> Params:
        """Return a point from the values of its free parameters, constants added."""
        point: Params = {}
        for path, value in (*zip(self.paths, values, strict=True), *self.constants):
            _put(point, path, value)
        return point

    def features(self, u: Floats) -> Floats:
        """Return model inputs, shaped (n, f): categories as corners, other kinds as they are.

        Categories must not be "between" each other: each gets an axis of its own.
        """
        columns: list[Floats] = []
        for j, kind in enumerate(self.kinds):
            if isinstance(kind, Categorical):
                index = kind.index(u[:, j])
                columns += [(index == i) / np.sqrt(2.0) for i in range(len(kind.values))]
            else:
                columns.append(u[:, j])
        return np.column_stack(columns) if columns else np.empty((len(u), 0))


def _leaves(tree: Tree, path: Path) -> Iterator[tuple[Path, Leaf]]:
    for name, item in tree.items():
        if isinstance(item, Leaf):
            yield (*path, name), item
        else:
            yield from _leaves(item, (*path, name))


def _get(point: Mapping[str, object], path: Path) -> object:
    value: Any = point
    for name in path:
        value = value[name]
    return value


def _put(point: Params, path: Path, value: object) -> None:
    inner: Any = point
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
    inner[path[-1]] = value
