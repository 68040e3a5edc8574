"""Neighbours near, the land far: one matrix, and what it is drawn towards."""

import io

import joblib
import numpy as np
import pytest

from housing_sweep.housing import geo_blend, synthetic
from housing_sweep.housing.geo_blend import DISTANCE, REACH_KM, TRUST, GeoBlend
from housing_sweep.housing.geo_features import GeoFeatures
from housing_sweep.housing.problem import FEATURES, PROBLEM, TARGET
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.features import folds
from housing_sweep.tabular.prior import Prior

FRAME = synthetic.make(700)
X, Y = FRAME[list(FEATURES)], FRAME[TARGET].to_numpy()
TRAIN, OTHER = X.iloc[:600], X.iloc[600:]
FOLD = folds(PROBLEM, TRAIN, "random", 0)


@pytest.fixture(scope="module")
def blend() -> GeoBlend:
    fitted = GeoBlend()
    fitted.fit_transform(TRAIN, Y[:600], FOLD)
    return fitted


def _prior(blend: GeoBlend, matrix: Floats) -> Prior:
    prior = blend.prior(matrix)
    assert prior is not None
    return prior


def test_the_estimator_sees_what_geo_knn_shows_it() -> None:
    blend, knn = GeoBlend(), GeoFeatures("geo_knn")
    matrix = blend.fit_transform(TRAIN, Y[:600], FOLD)
    assert np.array_equal(matrix, knn.fit_transform(TRAIN, Y[:600], FOLD))
    assert np.array_equal(blend.transform(OTHER), knn.transform(OTHER))
    assert blend.names == knn.names


def test_the_estimators_share_halves_with_distance_and_never_ends() -> None:
    km = np.array([0.0, REACH_KM, 30.0, 1e6])
    share = geo_blend.trust(km)
    assert share[:2].tolist() == pytest.approx([TRUST, TRUST / 2])
    assert 0 < share[3] < share[2] < share[1]


def test_far_from_every_neighbour_the_land_alone_decides(blend: GeoBlend) -> None:
    matrix = blend.transform(OTHER)
    near, far = matrix.copy(), matrix.copy()
    near[:, blend.names.index(DISTANCE)] = 0.0
    far[:, blend.names.index(DISTANCE)] = 1e4
    wild = np.full(len(OTHER), 1000.0)
    assert (_prior(blend, near).settle(wild) > 500).all()
    land = blend.land.predict(matrix[:, : geo_blend.LAND])
    assert _prior(blend, far).settle(wild) == pytest.approx(land, abs=1.0)


def test_what_the_land_says_needs_no_neighbour(blend: GeoBlend) -> None:
    matrix = blend.transform(OTHER)
    expected = _prior(blend, matrix).value
    matrix[:, geo_blend.LAND :] = 0.0
    assert np.array_equal(_prior(blend, matrix).value, expected)
    truth = Y[600:]
    assert np.mean((expected - truth) ** 2) < np.var(truth)


def test_a_copy_from_disk_expects_the_same(blend: GeoBlend) -> None:
    packed = io.BytesIO()
    joblib.dump(blend, packed)
    packed.seek(0)
    copy = joblib.load(packed)
    matrix = blend.transform(OTHER)
    assert np.array_equal(_prior(copy, copy.transform(OTHER)).value, _prior(blend, matrix).value)


def test_a_handful_of_rows_is_enough() -> None:
    blend = GeoBlend()
    assert np.isfinite(blend.fit_transform(X.iloc[:4], Y[:4], np.arange(4))).all()
    prior = _prior(blend, blend.transform(X.iloc[4:6]))
    assert np.isfinite(prior.settle(np.ones(2))).all()
