"""California on a plane: kilometres, the coast, ten cities. Good to a few kilometres."""

import itertools

import numpy as np

from housing_sweep.tabular.arrays import Floats

KM_PER_DEGREE = 111.2
ORIGIN = (37.0, -119.5)
"""(latitude, longitude) of the plane's zero; also where its scale is exact."""

CITIES: dict[str, tuple[float, float]] = {
    "los_angeles": (34.05, -118.24),
    "san_francisco": (37.77, -122.42),
    "san_diego": (32.72, -117.16),
    "san_jose": (37.34, -121.89),
    "sacramento": (38.58, -121.49),
    "fresno": (36.74, -119.79),
    "bakersfield": (35.37, -119.02),
    "santa_barbara": (34.42, -119.70),
    "monterey": (36.60, -121.89),
    "palm_springs": (33.83, -116.55),
}

COAST = np.array(
    [
        *[(41.99, -124.21), (41.75, -124.20), (41.06, -124.15), (40.80, -124.18)],
        *[(40.44, -124.41), (40.03, -124.08), (39.43, -123.82), (38.95, -123.73)],
        *[(38.51, -123.24), (38.32, -123.07), (38.00, -123.02), (37.90, -122.70)],
        *[(37.82, -122.53), (37.60, -122.50), (37.18, -122.40), (36.96, -122.05)],
        *[(36.80, -121.79), (36.62, -121.93), (36.27, -121.85), (35.67, -121.28)],
        *[(35.37, -120.87), (35.15, -120.67), (34.90, -120.65), (34.57, -120.64)],
        *[(34.45, -120.47), (34.41, -119.85), (34.27, -119.29), (34.10, -119.10)],
        *[(34.03, -118.68), (34.00, -118.50), (33.77, -118.42), (33.73, -118.10)],
        *[(33.60, -117.90), (33.20, -117.39), (32.85, -117.27), (32.54, -117.12)],
    ]
)
"""(36, 2) latitude and longitude along the shore, north to south."""


def to_km(latitude: Floats, longitude: Floats) -> Floats:
    """Return positions on the plane, shaped (n, 2): kilometres east and north of `ORIGIN`."""
    east = (longitude - ORIGIN[1]) * KM_PER_DEGREE * np.cos(np.radians(ORIGIN[0]))
    north = (latitude - ORIGIN[0]) * KM_PER_DEGREE
    return np.column_stack([east, north])


def distance_to_coast(xy: Floats) -> Floats:
    """Return distances to the shore line in km, shaped (n,), for positions (n, 2)."""
    shore = to_km(COAST[:, 0], COAST[:, 1])
    best = np.full(len(xy), np.inf)
    for a, b in itertools.pairwise(shore):
        along = b - a
        t = np.clip((xy - a) @ along / (along @ along), 0.0, 1.0)
        best = np.minimum(best, np.linalg.norm(xy - (a + t[:, None] * along), axis=1))
    return best


def distances_to_cities(xy: Floats) -> Floats:
    """Return distances to the ten cities in km, shaped (n, 10), for positions (n, 2)."""
    places = np.array(list(CITIES.values()))
    cities = to_km(places[:, 0], places[:, 1])
    distances: Floats = np.linalg.norm(xy[:, None, :] - cities[None, :, :], axis=2)
    return distances
