"""Feature sets that know the land. What is learnt is learnt from training rows only.

`geo`: the 8 columns, rotated coordinates, distances to coast and cities, and ratios. `geo_context`:
plus how the nearest training rows live, which needs no price. `geo_knn`: plus what they cost
(`neighbours.py`). `scripts/bench quality` measures all of them.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from housing_sweep.housing import geography, neighbours
from housing_sweep.housing.neighbours import Neighbours, position
from housing_sweep.housing.problem import FEATURES
from housing_sweep.tabular.arrays import Floats, Rows
from housing_sweep.tabular.prior import Prior

CONTEXT, PRICES = "geo_context", "geo_knn"
ANGLES = (15, 30, 45, 60, 75)
DECIMALS = 6
"""Made columns are rounded: another CPU adds in another order, and a last bit that differs can send
a row down another branch. A model verified on another machine must score the same to 1e-9."""


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


@dataclass(slots=True)
class GeoFeatures:
    """One of these feature sets, fitted on training rows; picklable (`features.FeatureSet`).

    Attributes:
        kind: geo, geo_context or geo_knn.
        neighbours: the training rows' look-up, for geo_context and geo_knn.
    """

    kind: str
    neighbours: Neighbours | None = field(default=None)

    @property
    def names(self) -> list[str]:
        """The columns of the matrix, in order."""
        return [*FEATURES, *geo_names(), *self._looked_up()]

    def fit_transform(self, frame: pd.DataFrame, y: Floats, fold: Rows) -> Floats:
        """Learn from training rows and return their matrix.

        Each fold looks up the others (checked: with permuted targets the test RMSE is the target's
        deviation).
        """
        if self.kind not in (CONTEXT, PRICES):
            return self._fixed(frame)
        self.neighbours = Neighbours.fit(frame, y)
        columns = np.empty((len(frame), len(self._looked_up())))
        for number in np.unique(fold):
            others, own = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            look_up = Neighbours.fit(frame.iloc[others], y[others])
            columns[own] = look_up.columns(frame.iloc[own], prices=self.kind == PRICES)
        return np.column_stack([self._fixed(frame), columns.round(DECIMALS)])

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Return the matrix of rows that were not trained on, shaped (n, len(names))."""
        if self.neighbours is None:
            return self._fixed(frame)
        columns = self.neighbours.columns(frame, prices=self.kind == PRICES)
        return np.column_stack([self._fixed(frame), columns.round(DECIMALS)])

    def prior(self, matrix: Floats) -> Prior | None:
        """Return None: nothing is expected without the estimator."""
        return None

    def _looked_up(self) -> list[str]:
        """Return the names of the columns that neighbours give."""
        if self.kind not in (CONTEXT, PRICES):
            return []
        prices = neighbours.price_names() if self.kind == PRICES else []
        return [*neighbours.context_names(), *prices]

    def _fixed(self, frame: pd.DataFrame) -> Floats:
        raw = frame[list(FEATURES)].to_numpy(dtype=float)
        return np.column_stack([raw, geo_columns(frame).round(DECIMALS)])
