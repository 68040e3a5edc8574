"""What California housing adds: the names that sweeps and command lines use, and what they make."""

import pandas as pd
import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.extras import EXTRAS
from housing_sweep.housing.geography import CITIES
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.features import feature_sets


def test_the_names_that_sweeps_and_commands_use_stay() -> None:
    assert feature_sets(PROBLEM) == ("raw", "geo", "geo_context", "geo_knn", "geo_blend")
    assert list(EXTRAS.sources) == ["california", "synthetic"]
    assert list(EXTRAS.slices) == ["region"]
    assert EXTRAS.defaults["features"] in feature_sets(PROBLEM)


def test_each_feature_set_is_made_anew_and_each_knows_more_than_the_one_before() -> None:
    names = [EXTRAS.feature_sets[kind]().names for kind in EXTRAS.feature_sets]
    assert set(names[0]) < set(names[1]) < set(names[2]) == set(names[3])
    assert EXTRAS.feature_sets["geo"]() is not EXTRAS.feature_sets["geo"]()


def test_the_region_of_a_row_is_its_nearest_city() -> None:
    rows = pd.DataFrame(CITIES.values(), columns=["Latitude", "Longitude"])
    names, regions = EXTRAS.slices["region"](rows)
    assert list(regions) == list(CITIES) == list(names)


def test_the_stand_in_says_that_it_is_one() -> None:
    table = EXTRAS.sources["synthetic"]()
    assert (table.source, table.problem) == ("synthetic", PROBLEM)
    assert EXTRAS.words.stand_in == "California"


@pytest.mark.parametrize("layout", EXTRAS.layouts)
def test_other_layouts_have_other_columns_than_the_table_itself(layout: object) -> None:
    assert set(layout.columns) != set(PROBLEM.inputs)  # type: ignore[attr-defined]


def test_a_map_of_it_has_an_outline_and_towns_within_its_bounds() -> None:
    assert EXTRAS.outline is not None
    land = EXTRAS.outline()
    latitudes, longitudes = zip(*land.line, strict=True)
    for _, latitude, longitude in land.towns:
        assert min(latitudes) < latitude < max(latitudes)
        assert min(longitudes) < longitude < max(longitudes)
    frame = synthetic.make(200)
    assert frame["Latitude"].between(min(latitudes), max(latitudes)).mean() > 0.99
