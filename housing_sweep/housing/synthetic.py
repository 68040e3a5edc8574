"""A seeded stand-in with the real table's schema, for machines without any data.

Plausible, not true: prices rise with income, near the coast and the big cities, and share a smooth
local level that only neighbours tell. Nothing learnt from it says anything about California.
"""

import numpy as np
import pandas as pd

from housing_sweep.housing import geography
from housing_sweep.housing.problem import TARGET
from housing_sweep.tabular.arrays import Floats

SEED = 1990
ROWS = 20_640
CAP, FLOOR = 5.00001, 0.14999


def make(rows: int = ROWS, seed: int = SEED) -> pd.DataFrame:
    """Return a table of scikit-learn's 8 columns and `MedHouseVal`; equal arguments, equal bits."""
    rng = np.random.default_rng(seed)
    places = np.array(list(geography.CITIES.values()))
    weights = np.array([0.33, 0.17, 0.12, 0.12, 0.08, 0.05, 0.04, 0.03, 0.03, 0.03])
    city = rng.choice(len(places), rows, p=weights)
    spread = rng.gamma(1.3, 0.28, rows)
    angle = rng.uniform(0, 2 * np.pi, rows)
    latitude = np.clip(places[city, 0] + spread * np.sin(angle), 32.55, 41.95).round(2)
    longitude = np.clip(places[city, 1] + spread * np.cos(angle), -124.3, -114.4).round(2)
    xy = geography.to_km(latitude, longitude)
    coast = geography.distance_to_coast(xy)
    nearest = geography.distances_to_cities(xy).min(axis=1)
    local = _smooth_field(xy, rng)
    income = np.clip(np.exp(rng.normal(1.22, 0.42, rows) + 0.25 * local), 0.4999, 15.0001)
    age = np.clip(rng.normal(29, 12, rows) - 0.05 * nearest, 1, 52).round()
    rooms = np.clip(rng.normal(5.0, 0.9, rows) + 0.25 * (income - 3.8), 1.0, 40.0)
    bedrooms = np.clip(rooms * rng.normal(0.2, 0.02, rows), 0.4, 10.0)
    occupants = np.clip(rng.lognormal(1.05, 0.22, rows), 1.0, 20.0)
    population = np.clip(rng.lognormal(7.0, 0.7, rows), 3, 35_000).round()
    log_price = (
        0.20
        + 0.62 * np.log(income / 3.87)
        + 0.55 * np.exp(-coast / 35)
        + 0.30 * np.exp(-nearest / 25)
        + 0.28 * local
        + 0.004 * (age - 29)
        - 0.12 * (occupants - 3)
        + rng.normal(0.0, 0.17, rows)
    )
    return pd.DataFrame(
        {
            "MedInc": income.round(4),
            "HouseAge": age,
            "AveRooms": rooms,
            "AveBedrms": bedrooms,
            "Population": population,
            "AveOccup": occupants,
            "Latitude": latitude,
            "Longitude": longitude,
            TARGET: np.clip(1.35 * np.exp(log_price), FLOOR, CAP).round(5),
        }
    )


def _smooth_field(xy: Floats, rng: np.random.Generator) -> Floats:
    """Return a level per place, shaped (n,), standardised, that varies over about 15 km."""
    frequencies = rng.normal(0.0, 1 / 15.0, (60, 2))
    phases = rng.uniform(0, 2 * np.pi, 60)
    field: Floats = np.cos(xy @ frequencies.T + phases).sum(axis=1)
    standardised: Floats = (field - field.mean()) / field.std()
    return standardised
