"""The state's outline: the coast that the features know, and the land border. Good to a few km."""

from collections.abc import Iterator

from housing_sweep.housing.geography import CITIES, COAST

LAND_BORDER = (
    *((32.54, -117.12), (32.72, -114.72), (33.03, -114.52), (33.41, -114.72), (33.90, -114.50)),
    *((34.17, -114.23), (34.46, -114.37), (35.00, -114.63), (39.00, -120.00), (42.00, -120.00)),
    (42.00, -124.21),
)
"""(latitude, longitude): Mexico, the Colorado, the diagonal to Lake Tahoe, Oregon."""

LABELLED = ("los_angeles", "san_francisco", "san_diego", "sacramento", "fresno", "monterey")


def outline() -> list[tuple[float, float]]:
    """Return the closed outline as (latitude, longitude)."""
    return [*((float(a), float(b)) for a, b in COAST), *LAND_BORDER]


def cities() -> Iterator[tuple[str, float, float]]:
    """Yield (name, latitude, longitude) of the cities that a map names."""
    for key in LABELLED:
        latitude, longitude = CITIES[key]
        yield key.replace("_", " ").title(), latitude, longitude
