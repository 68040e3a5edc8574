"""What the nearest training rows tell: how people live there, and what it costs.

Measured, test RMSE over split seeds 0 to 4 of the random split. Without prices (`geo_context`), one
tuned config: no neighbours 0.4159, their traits 0.4049, distances and people around too 0.4032.
With prices (`geo_knn`), another fixed config: means over the nearest 3, 10 and 30 alone 0.3976,
local regressions too 0.3941, kernels, quantiles, likeness and traits as well 0.3906.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.neighbors import KDTree

from housing_sweep.housing import geography
from housing_sweep.housing.problem import FEATURES
from housing_sweep.tabular.arrays import Floats

NEAREST = (3, 10, 30)
AROUND = (5, 10, 30)
"""Neighbours whose way of living is compared with one's own."""

RANKS = (1, 5, 10, 30, 100)
"""Neighbours whose distance is told: how densely people live."""

PEOPLE_KM = (2, 5, 15)
"""Bandwidths in which people are counted, among the nearest 100 rows."""

REGRESSED = (30, 100)
"""Neighbours that enter a local regression; wider ones (200) did not help."""

BANDWIDTHS_KM = (1, 3, 10)
QUANTILES = (10, 50, 90)
RIDGE = 5.0
"""Shrinks local slopes; 15 did as well, 1 slightly worse."""

TRAITS = ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup")
_SKEWED = ("AveRooms", "AveBedrms", "Population", "AveOccup")


def position(frame: pd.DataFrame) -> Floats:
    """Return where the rows lie, shaped (n, 2), in km."""
    return geography.to_km(
        frame["Latitude"].to_numpy(dtype=float), frame["Longitude"].to_numpy(dtype=float)
    )


def context_names() -> list[str]:
    """Return the names of the columns that need no price, in order."""
    names = [f"km_to_{rank}th" for rank in RANKS]
    names += [f"people_within_{km}_km" for km in PEOPLE_KM]
    for k in AROUND:
        names += [f"near{k}_{trait}" for trait in TRAITS]
        names += [f"beyond_near{k}_{trait}" for trait in TRAITS]
    return names


def price_names() -> list[str]:
    """Return the names of the columns made from prices, in order."""
    each = ("price", "weighted_price", "price_spread", "income", "price_at_own_income")
    names = [f"near{k}_{name}" for k in NEAREST for name in each]
    names += [f"local{k}_{name}" for k in REGRESSED for name in ("price", "income_slope")]
    names += ["nearest_price", *(f"near30_price_q{q}" for q in QUANTILES), "near10_price_median"]
    return [*names, *(f"price_within_{km}_km" for km in BANDWIDTHS_KM), "price_of_alike"]


@dataclass(slots=True)
class Neighbours:
    """A look-up of training rows; picklable.

    Attributes:
        tree: of their places, in km.
        target: (n,) prices, in 100,000 USD.
        income: (n,) median incomes.
        people: (n,) populations.
        traits: (n, 6) standardised; skewed ones as logarithms.
        middle: (6,) means that `traits` were standardised with.
        scale: (6,) deviations.
    """

    tree: KDTree
    target: Floats
    income: Floats
    people: Floats
    traits: Floats
    middle: Floats
    scale: Floats

    def __post_init__(self) -> None:
        """Raise ValueError unless all arrays are of the same rows and traits."""
        rows, places = np.asarray(self.tree.data).shape
        of_rows = {self.target.shape, self.income.shape, self.people.shape}
        of_traits = {self.middle.shape, self.scale.shape}
        traits = len(TRAITS)
        if places != 2 or of_rows != {(rows,)} or of_traits != {(traits,)}:
            raise ValueError("its arrays are of different lengths")
        if self.traits.shape != (rows, traits):
            raise ValueError(f"its traits are shaped {self.traits.shape}")

    @classmethod
    def fit(cls, frame: pd.DataFrame, y: Floats) -> "Neighbours":
        """Return the look-up of training rows `frame` with targets `y`, shaped (n,)."""
        traits = _traits(frame)
        middle, scale = traits.mean(axis=0), np.maximum(traits.std(axis=0), 1e-9)
        return cls(
            tree=KDTree(position(frame)),
            target=y.astype(float),
            income=frame["MedInc"].to_numpy(dtype=float),
            people=frame["Population"].to_numpy(dtype=float),
            traits=(traits - middle) / scale,
            middle=middle,
            scale=scale,
        )

    def columns(self, frame: pd.DataFrame, *, prices: bool) -> Floats:
        """Return `context_names()`, and `price_names()` if asked for, of rows not trained on."""
        most = min(max(*NEAREST, *REGRESSED, *RANKS), len(self.target))
        distance, index = self.tree.query(position(frame), k=most, sort_results=True)
        own = (_traits(frame) - self.middle) / self.scale
        columns = self._context(distance, index, own)
        if prices:
            income = frame["MedInc"].to_numpy(dtype=float)
            columns += self._prices(distance, index, income)
            columns += self._regressions(distance, index, own)
            columns += self._kernels(distance, index, own)
        return np.column_stack(columns)

    def _context(self, distance: Floats, index: Floats, own: Floats) -> list[Floats]:
        last = distance.shape[1]
        columns = [distance[:, min(rank, last) - 1] for rank in RANKS]
        people = self.people[index]
        columns += [(people * np.exp(-distance / km)).sum(axis=1) for km in PEOPLE_KM]
        for k in AROUND:
            around = self.traits[index[:, :k]].mean(axis=1)
            columns += [around, own - around]
        return columns

    def _prices(self, distance: Floats, index: Floats, own_income: Floats) -> list[Floats]:
        columns: list[Floats] = []
        for k in NEAREST:
            near, far = index[:, :k], distance[:, :k]
            prices, earned = self.target[near], self.income[near]
            weight = 1.0 / (far + 0.5)
            columns += [
                prices.mean(axis=1),
                (prices * weight).sum(axis=1) / weight.sum(axis=1),
                prices.std(axis=1),
                earned.mean(axis=1),
                own_income * (prices / np.maximum(earned, 0.1)).mean(axis=1),
            ]
        return columns

    def _regressions(self, distance: Floats, index: Floats, own: Floats) -> list[Floats]:
        """Return, per neighbourhood, the price that its own regression expects, and its slope.

        Ridge on the six traits, weighted by distance (biweight), solved for every row at once.
        Source: Brunsdon, Fotheringham & Charlton (1996), Geographical Analysis 28, 281-298.
        """
        columns: list[Floats] = []
        wide = np.ptp(self.target) + 1.0
        low, high = self.target.min() - wide, self.target.max() + wide
        ridge = np.diag([1e-6, *[RIDGE] * len(TRAITS)])
        for k in REGRESSED:
            near, far = index[:, :k], distance[:, :k]
            reach = np.maximum(far[:, -1:], 0.5) * 1.01
            weight = np.maximum(1.0 - (far / reach) ** 2, 1e-3) ** 2
            design = np.concatenate([np.ones((*near.shape, 1)), self.traits[near]], axis=2)
            weighted = np.ascontiguousarray((design * weight[:, :, None]).transpose(0, 2, 1))
            slopes = np.linalg.solve(
                weighted @ design + ridge, weighted @ self.target[near][:, :, None]
            )[:, :, 0]
            expected = slopes[:, 0] + (own * slopes[:, 1:]).sum(axis=1)
            columns += [np.clip(expected, low, high), slopes[:, 1]]
        return columns

    def _kernels(self, distance: Floats, index: Floats, own: Floats) -> list[Floats]:
        k = min(max(NEAREST), distance.shape[1])
        far, near = distance[:, :k], index[:, :k]
        prices = self.target[near]
        columns: list[Floats] = [
            prices[:, 0],
            *np.percentile(prices, QUANTILES, axis=1),
            np.median(prices[:, :10], axis=1),
        ]
        alike = np.exp(-np.abs(own[:, None, :] - self.traits[near]).sum(axis=2) / 2) / (far + 1.0)
        for weight in (*(np.exp(-far / km) for km in BANDWIDTHS_KM), alike):
            kept = weight + 1e-9
            columns.append((prices * kept).sum(axis=1) / kept.sum(axis=1))
        return columns


def _traits(frame: pd.DataFrame) -> Floats:
    """Return (n, 6): the raw columns apart from the place, skewed ones as logarithms."""
    assert set(TRAITS) < set(FEATURES)
    columns = []
    for name in TRAITS:
        values = frame[name].to_numpy(dtype=float)
        columns.append(np.log(np.maximum(values, 1e-3)) if name in _SKEWED else values)
    return np.column_stack(columns)
