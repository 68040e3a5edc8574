"""Parameter kinds: each maps the unit interval to values and back, a whole column at a time.

Semantics follow W&B's sweep configuration reference: `log_uniform` takes exponents of e,
`log_uniform_values` the values themselves, `q_*` rounds to multiples of `q`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv, ndtr, ndtri

Floats = npt.NDArray[np.float64]

EDGE = 1e-12
"""Unbounded kinds never see exactly 0 or 1, so that every value is finite."""


class Distribution(Protocol):
    """One parameter's kind.

    Attributes:
        size: how many different values there are, or None for a continuum.
    """

    @property
    def size(self) -> int | None:
        """How many different values there are, or None."""

    def ppf(self, u: Floats) -> list[object]:
        """Return the values at quantiles `u`, shaped (n,), as JSON-ready Python values."""

    def cdf(self, values: Sequence[object]) -> Floats:
        """Return quantiles, shaped (n,), that `ppf` maps back to `values`."""


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of a list, each with its probability."""

    values: tuple[object, ...]
    probabilities: tuple[float, ...]

    @property
    def size(self) -> int | None:
        """How many values there are."""
        return len(self.values)

    def _edges(self) -> Floats:
        edges: Floats = np.cumsum((0.0, *self.probabilities))
        shares: Floats = edges / edges[-1]
        return shares

    def ppf(self, u: Floats) -> list[object]:
        """Return the value whose share of the unit interval holds each `u`."""
        return [self.values[i] for i in self.index(u)]

    def index(self, u: Floats) -> npt.NDArray[np.intp]:
        """Return the position of the value at each quantile; values of probability 0 never."""
        positions = np.searchsorted(self._edges()[1:], u, side="right")
        possible = np.flatnonzero(self.probabilities)
        chosen: npt.NDArray[np.intp] = np.minimum(positions, possible[-1])
        return chosen

    def cdf(self, values: Sequence[object]) -> Floats:
        """Return the middle of each value's share."""
        middles = (self._edges()[1:] + self._edges()[:-1]) / 2
        where: dict[tuple[type, str], int] = {}  # a column has few values, often
        for value in values:
            if (key := (type(value), repr(value))) not in where:
                where[key] = self._position(value)
        positions = [where[type(value), repr(value)] for value in values]
        return np.asarray(middles[positions], dtype=float)

    def _position(self, value: object) -> int:
        for i, candidate in enumerate(self.values):
            if type(candidate) is type(value) and candidate == value:
                return i
        return self.values.index(value)


@dataclass(frozen=True, slots=True)
class Numeric:
    """A number: a base shape, rounded to multiples of `q` where `q` is given.

    Attributes:
        shape: uniform, log, inv_log, normal, log_normal or beta.
        a: lower bound (uniform, log: of the exponent), mean (normal), or alpha (beta).
        b: upper bound, standard deviation, or beta.
        q: step, or None for a continuum.
        integer: values are whole numbers.
    """

    shape: str
    a: float
    b: float
    q: float | None = None
    integer: bool = False

    @property
    def size(self) -> int | None:
        """How many multiples of `q` lie within the bounds; None when unbounded or continuous."""
        if self.q is None or not math.isfinite(sum(self.bounds())):
            return None
        low, high = self.steps()
        return int(high - low) + 1

    def step_value(self, position: int) -> object:
        """Return the value `position` steps above the lowest; for kinds with a `size`."""
        return self._spell(self.steps()[0] + position)

    def ppf(self, u: Floats) -> list[object]:
        """Return the values at quantiles `u`."""
        u = np.asarray(u, dtype=float)
        if self.q is None:
            low, high = self.bounds()
            return [float(x) for x in np.clip(self._base(u), low, high)]
        if self.shape == "uniform":  # every step its fair share of the interval, the ends too
            low, high = self.steps()
            steps = np.minimum(low + np.floor(u * (high - low + 1)), high)
        else:
            low, high = self.steps()
            steps = np.clip(np.round(self._base(u) / self.q), low, high)
        return [self._spell(step) for step in steps]

    def cdf(self, values: Sequence[object]) -> Floats:
        """Return quantiles that `ppf` maps back to `values`."""
        x = np.asarray(values, dtype=np.float64)
        if self.q is not None and self.shape == "uniform":
            low, high = self.steps()
            u = (np.round(x / self.q) - low + 0.5) / (high - low + 1)
        else:
            u = self._inverse(x)
        return np.clip(u, 0.0, 1.0)

    def _base(self, u: Floats) -> Floats:
        inside = np.clip(u, EDGE, 1 - EDGE)
        if self.shape == "uniform":
            return self.a + (self.b - self.a) * u
        if self.shape == "log":
            return np.exp(self.a + (self.b - self.a) * u)
        if self.shape == "inv_log":  # log(1/x) is uniform
            return np.exp(-(self.a + (self.b - self.a) * u))
        if self.shape == "beta":
            return np.asarray(betaincinv(self.a, self.b, inside), dtype=float)
        z = self.a + self.b * ndtri(inside)
        return np.asarray(np.exp(z) if self.shape == "log_normal" else z, dtype=float)

    def _inverse(self, x: Floats) -> Floats:
        tiny = np.maximum(x, 1e-300)
        width = (self.b - self.a) or 1.0
        if self.shape == "uniform":
            return (x - self.a) / width
        if self.shape == "log":
            return (np.log(tiny) - self.a) / width
        if self.shape == "inv_log":
            return (-np.log(tiny) - self.a) / width
        if self.shape == "beta":
            return np.asarray(betainc(self.a, self.b, np.clip(x, 0, 1)), dtype=float)
        z = np.log(tiny) if self.shape == "log_normal" else x
        return np.asarray(ndtr((z - self.a) / self.b), dtype=float)

    def bounds(self) -> tuple[float, float]:
        """Return the lowest and the highest value; infinite where there is none."""
        if self.shape == "uniform":
            return self.a, self.b
        if self.shape == "log":
            return math.exp(self.a), math.exp(self.b)
        if self.shape == "inv_log":
            return math.exp(-self.b), math.exp(-self.a)
        if self.shape == "beta":
            return 0.0, 1.0
        return (0.0 if self.shape == "log_normal" else -math.inf), math.inf

    def steps(self) -> tuple[float, float]:
        """Return the first and last multiple of `q` within the bounds, in units of `q`."""
        assert self.q is not None
        low, high = self.bounds()
        # A bound such as log(12) comes back as 12.000000000000002: forgive the last digits.
        first = math.ceil(low / self.q - 1e-9) if math.isfinite(low) else low
        last = math.floor(high / self.q + 1e-9) if math.isfinite(high) else high
        return float(first), float(max(first, last))

    def _spell(self, step: float) -> object:
        assert self.q is not None
        if self.integer:
            return int(step) * int(self.q)
        return round(float(step * self.q), 12)  # 3 * 0.1 is 0.3, not 0.30000000000000004
