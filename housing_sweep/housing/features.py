"""Feature sets: raw columns in, a matrix out. What is learnt is learnt from training rows only.

`raw`: the 8 columns. `geo`: plus rotated coordinates, distances to coast and cities, and ratios.
`geo_knn`: plus what the nearest training rows cost. Measured with one fixed boosting config, test
RMSE over 3 seeds of the random split: raw 0.446, geo 0.417, geo_knn 0.394.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold
from sklearn.neighbors import KDTree

from housing_sweep.housing import geography
from housing_sweep.housing.geography import Floats
from housing_sweep.housing.schema import FEATURES

KINDS = ("raw", "geo", "geo_knn")
ANGLES = (15, 30, 45, 60, 75)
NEIGHBOURS = (3, 10, 30)
FOLDS = 10


def geo_names() -> list[str]:
    """Return the names of the columns that `geo` adds, in order."""
    rotated = [f"{axis}_km_{angle}" for angle in (0, *ANGLES) for axis in ("east", "north")]
    cities = [f"km_to_{city}" for city in geography.CITIES]
    return [*rotated, "km_to_coast", *cities, *RATIOS]


RATIOS = (
    "bedrooms_per_room",
    "rooms_per_occupant",
    "bedrooms_per_occupant",
    "income_per_room",
    "households",
    "all_rooms",
    "income_per_occupant",
    "all_income",
)


def geo_columns(frame: pd.DataFrame) -> Floats:
    """Return the columns that `geo` adds, shaped (n, 31); they need no training rows."""
    xy = position(frame)
    rotated = [xy]
    for angle in np.radians(ANGLES):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        rotated.append(xy @ turn)
    return np.column_stack(
        [
            *rotated,
            geography.distance_to_coast(xy),
            geography.distances_to_cities(xy),
            *_ratios(frame),
        ]
    )


def _ratios(frame: pd.DataFrame) -> list[Floats]:
    value = {name: frame[name].to_numpy(dtype=float) for name in FEATURES}
    tiny = 1e-9
    rooms, bedrooms = value["AveRooms"], value["AveBedrms"]
    occupants = np.maximum(value["AveOccup"], tiny)
    households = value["Population"] / occupants
    return [
        bedrooms / np.maximum(rooms, tiny),
        rooms / occupants,
        bedrooms / occupants,
        value["MedInc"] / np.maximum(rooms, tiny),
        households,
        rooms * households,
        value["MedInc"] / occupants,
        value["MedInc"] * households,
    ]


def position(frame: pd.DataFrame) -> Floats:
    """Return where the rows lie, shaped (n, 2), in km."""
    return geography.to_km(
        frame["Latitude"].to_numpy(dtype=float), frame["Longitude"].to_numpy(dtype=float)
    )


@dataclass(slots=True)
class Neighbours:
    """What the nearest training rows cost, and earn."""

    tree: KDTree
    target: Floats
    income: Floats

    @classmethod
    def fit(cls, frame: pd.DataFrame, y: Floats) -> "Neighbours":
        """Return the look-up of training rows `frame` with targets `y`, shaped (n,)."""
        income = frame["MedInc"].to_numpy(dtype=float)
        return cls(KDTree(position(frame)), y.astype(float), income)

    def columns(self, frame: pd.DataFrame) -> Floats:
        """Return the columns that `geo_knn` adds for rows that are not among the training rows."""
        most = min(max(NEIGHBOURS), len(self.target))
        distance, index = self.tree.query(position(frame), k=most, sort_results=True)
        own_income = frame["MedInc"].to_numpy(dtype=float)
        columns: list[Floats] = []
        for k in NEIGHBOURS:
            near, far = index[:, : min(k, most)], distance[:, : min(k, most)]
            prices, earned = self.target[near], self.income[near]
            weight = 1.0 / (far + 0.5)
            columns += [
                prices.mean(axis=1),
                (prices * weight).sum(axis=1) / weight.sum(axis=1),
                prices.std(axis=1),
                earned.mean(axis=1),
                own_income * (prices / np.maximum(earned, 0.1)).mean(axis=1),
            ]
        return np.column_stack([*columns, distance[:, 0], distance[:, -1]])


def neighbour_names() -> list[str]:
    """Return the names of the columns that `geo_knn` adds, in order."""
    each = ("price", "weighted_price", "price_spread", "income", "price_at_own_income")
    return [f"near{k}_{name}" for k in NEIGHBOURS for name in each] + ["km_to_1st", "km_to_last"]


@dataclass(slots=True)
class FeatureBuilder:
    """One feature set, fitted on training rows; picklable.

    Attributes:
        kind: raw, geo or geo_knn.
        neighbours: the training rows' look-up, for geo_knn.
    """

    kind: str
    neighbours: Neighbours | None = field(default=None)

    @property
    def names(self) -> list[str]:
        """The columns of the matrix, in order."""
        names = list(FEATURES)
        if self.kind != "raw":
            names += geo_names()
        if self.kind == "geo_knn":
            names += neighbour_names()
        return names

    def fit_transform(self, frame: pd.DataFrame, y: Floats, seed: int) -> Floats:
        """Learn from training rows and return their matrix.

        A row's own target must not reach its features: each of ten seeded folds looks up the other
        nine (checked: with permuted targets the test RMSE is the target's deviation).
        """
        if self.kind != "geo_knn":
            return self._fixed(frame)
        self.neighbours = Neighbours.fit(frame, y)
        columns = np.empty((len(frame), len(neighbour_names())))
        folds = KFold(min(FOLDS, len(frame)), shuffle=True, random_state=seed)
        for others, own in folds.split(columns):
            look_up = Neighbours.fit(frame.iloc[others], y[others])
            columns[own] = look_up.columns(frame.iloc[own])
        return np.column_stack([self._fixed(frame), columns])

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Return the matrix of rows that were not trained on, shaped (n, len(names))."""
        if self.neighbours is None:
            return self._fixed(frame)
        return np.column_stack([self._fixed(frame), self.neighbours.columns(frame)])

    def _fixed(self, frame: pd.DataFrame) -> Floats:
        raw = frame[list(FEATURES)].to_numpy(dtype=float)
        return raw if self.kind == "raw" else np.column_stack([raw, geo_columns(frame)])
