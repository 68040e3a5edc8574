"""A small table that has nothing of California: what any table must be able to do."""

import numpy as np
import pandas as pd

from housing_sweep.tabular.problem import Column, Problem

FLATS = Problem(
    name="flats",
    target=Column("price, EUR", "EUR", low=0),
    columns=(
        Column("area", "m2", low=5, high=1000, meaning="inside"),
        Column("rooms", low=1),
        Column("lat", "degrees"),
        Column("lon", "degrees"),
    ),
    margin=900.0,
    place=("lat", "lon"),
    metric="mae",
    file="flats.csv",
)


def flats(rows: int, seed: int = 7) -> pd.DataFrame:
    """Return seeded flats whose price follows from area and place, with some noise."""
    rng = np.random.default_rng(seed)
    area = rng.uniform(20, 200, rows).round(1)
    lat, lon = rng.uniform(47, 55, rows).round(3), rng.uniform(6, 15, rows).round(3)
    noise = rng.normal(0, 8_000, rows)
    price = (3_000 * area + 20_000 * (55 - lat) + noise).clip(min=10_000).round(2)
    rooms = np.maximum(1, (area / 28).round())
    return pd.DataFrame({"area": area, "rooms": rooms, "lat": lat, "lon": lon, "price, EUR": price})
