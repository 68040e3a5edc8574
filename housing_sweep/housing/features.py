"""Feature sets: raw columns in, a matrix out. What is learnt is learnt from training rows only.

`raw`: the 8 columns. `geo`: plus rotated coordinates, distances to coast and cities, and ratios.
`geo_context`: plus how the nearest training rows live, which needs no price. `geo_knn`: plus what
they cost (`neighbours.py`). `scripts/bench quality` measures all four.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from housing_sweep.housing import geography, neighbours
from housing_sweep.housing.geography import Floats
from housing_sweep.housing.neighbours import Neighbours, position
from housing_sweep.housing.schema import FEATURES
from housing_sweep.housing.split import Rows, cells

CONTEXT, PRICES = "geo_context", "geo_knn"
KINDS = ("raw", "geo", CONTEXT, PRICES)
ANGLES = (15, 30, 45, 60, 75)
FOLDS = 10
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
class FeatureBuilder:
    """One feature set, fitted on training rows; picklable.

    Attributes:
        kind: raw, geo, geo_context or geo_knn.
        blocked: places, not rows, are what is new when the model is used (the spatial split).
        neighbours: the training rows' look-up, for geo_context and geo_knn.
    """

    kind: str
    blocked: bool = False
    neighbours: Neighbours | None = field(default=None)

    @property
    def names(self) -> list[str]:
        """The columns of the matrix, in order."""
        names = list(FEATURES)
        if self.kind != "raw":
            names += geo_names()
        return names + self._looked_up()

    def fit_transform(self, frame: pd.DataFrame, y: Floats, seed: int) -> Floats:
        """Learn from training rows and return their matrix.

        A row's own target must not reach its features: each of ten seeded folds looks up the other
        nine (checked: with permuted targets the test RMSE is the target's deviation). Neighbours
        must be as far from training rows as they will be later: where whole cells are held out,
        folds are made of whole cells too (test RMSE on the spatial split, 10 seeds: 0.641 with
        random folds, 0.561 with blocked ones).
        """
        if self.kind not in (CONTEXT, PRICES):
            return self._fixed(frame)
        self.neighbours = Neighbours.fit(frame, y)
        columns = np.empty((len(frame), len(self._looked_up())))
        fold = self._folds(frame, np.random.default_rng([seed, 1]))
        for number in np.unique(fold):
            others, own = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            look_up = Neighbours.fit(frame.iloc[others], y[others])
            columns[own] = look_up.columns(frame.iloc[own], prices=self.kind == PRICES)
        return np.column_stack([self._fixed(frame), columns.round(DECIMALS)])

    def _folds(self, frame: pd.DataFrame, rng: np.random.Generator) -> Rows:
        """Return the number of each row's fold, shaped (n,)."""
        groups = cells(frame) if self.blocked else np.arange(len(frame))
        count = int(groups.max()) + 1
        drawn = rng.permutation(count) % min(FOLDS, count)
        return drawn[groups]

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Return the matrix of rows that were not trained on, shaped (n, len(names))."""
        if self.neighbours is None:
            return self._fixed(frame)
        looked_up = self.neighbours.columns(frame, prices=self.kind == PRICES)
        return np.column_stack([self._fixed(frame), looked_up.round(DECIMALS)])

    def _looked_up(self) -> list[str]:
        """Return the names of the columns that neighbours give."""
        if self.kind not in (CONTEXT, PRICES):
            return []
        prices = neighbours.price_names() if self.kind == PRICES else []
        return [*neighbours.context_names(), *prices]

    def _fixed(self, frame: pd.DataFrame) -> Floats:
        raw = frame[list(FEATURES)].to_numpy(dtype=float)
        if self.kind == "raw":
            return raw
        return np.column_stack([raw, geo_columns(frame).round(DECIMALS)])
