"""The inputs as they are, and the folds that keep a target out of its own row."""

import numpy as np
import pytest

from housing_sweep.errors import SpecError
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.features import FOLDS, RawColumns, feature_sets, folds, make_features
from housing_sweep.tabular.split import units
from tests.tabular.flats import FLATS, flats

FRAME = flats(300)


def test_any_table_has_its_columns_and_housing_has_more() -> None:
    assert feature_sets(FLATS) == ("raw",)
    assert feature_sets(PROBLEM) == ("raw", "geo", "geo_context", "geo_knn", "geo_blend")
    with pytest.raises(SpecError, match=r"features: 'geo' is unknown.*\n.*raw"):
        make_features(FLATS, "geo")


def test_raw_is_the_inputs_in_order() -> None:
    features = make_features(FLATS, "raw")
    assert features == RawColumns(FLATS.inputs)
    matrix = features.transform(FRAME[list(reversed(FRAME.columns))])
    assert np.array_equal(matrix, FRAME[list(FLATS.inputs)].to_numpy())
    assert features.names == list(FLATS.inputs)


def test_folds_are_seeded_and_tear_no_unit() -> None:
    fold = folds(FLATS, FRAME, "spatial", 3)
    assert set(fold) == set(range(FOLDS))
    assert np.array_equal(fold, folds(FLATS, FRAME, "spatial", 3))
    assert not np.array_equal(fold, folds(FLATS, FRAME, "spatial", 4))
    cell = units(FLATS, FRAME, "spatial")
    assert all(len(set(fold[cell == number])) == 1 for number in np.unique(cell))
