"""What California housing adds to its table; `pyproject.toml` registers `EXTRAS`.

Nothing heavy is imported before it is called: the command line lists sources and feature sets.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from housing_sweep.housing import statlib
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.extras import Extras, Outline, Words

if TYPE_CHECKING:
    import pandas as pd

    from housing_sweep.tabular.extras import FeatureSet, LoadedTable


def _features(kind: str) -> "FeatureSet":
    from housing_sweep.housing.geo_features import GeoFeatures

    return GeoFeatures(kind)


def _blend() -> "FeatureSet":
    from housing_sweep.housing.geo_blend import GeoBlend

    return GeoBlend()


def _types() -> Sequence[type]:
    from housing_sweep.housing.geo_blend import GeoBlend
    from housing_sweep.housing.geo_features import GeoFeatures
    from housing_sweep.housing.neighbours import Neighbours

    return (GeoBlend, GeoFeatures, Neighbours)


def _california() -> "LoadedTable":
    from housing_sweep.housing import sources

    return sources.california()


def _synthetic() -> "LoadedTable":
    from housing_sweep.housing import sources

    return sources.stand_in()


def _regions(frame: "pd.DataFrame") -> tuple[Sequence[str], Sequence[str]]:
    """Return the ten cities, and the nearest of them for each row."""
    from housing_sweep.housing.geography import CITIES, distances_to_cities
    from housing_sweep.housing.neighbours import position

    names = list(CITIES)
    return names, [names[at] for at in distances_to_cities(position(frame)).argmin(axis=1)]


def _outline() -> Outline:
    from housing_sweep.housing import outline

    return Outline("California", outline.outline(), tuple(outline.cities()))


EXTRAS = Extras(
    problem=PROBLEM,
    package="housing_sweep.housing",
    schema_version=1,
    feature_sets={
        **{kind: partial(_features, kind) for kind in ("geo", "geo_context", "geo_knn")},
        "geo_blend": _blend,
    },
    slices={"region": _regions},
    sources={"california": _california, "synthetic": _synthetic},
    layouts=(statlib.LAYOUT,),
    outline=_outline,
    words=Words(
        data="California housing data",
        target="price",
        unit="dollars of 1990",
        about_target="The census caps prices at 500,001 USD.",
        stand_in="California",
    ),
    defaults={"features": "geo_blend"},
    strong_error=1.0,
    types=_types,
)
