import numpy as np
import pytest

from housing_sweep.housing import geography, synthetic
from housing_sweep.housing.features import KINDS, FeatureBuilder
from housing_sweep.housing.schema import FEATURES, TARGET

FRAME = synthetic.make(600)
X, Y = FRAME[list(FEATURES)], FRAME[TARGET].to_numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_names_match_columns_and_nothing_is_missing(kind: str) -> None:
    builder = FeatureBuilder(kind)
    matrix = builder.fit_transform(X, Y, 0)
    assert matrix.shape == (600, len(builder.names))
    assert len(set(builder.names)) == len(builder.names)
    assert np.isfinite(matrix).all()
    assert np.isfinite(builder.transform(X.iloc[:5])).all()


def test_a_training_rows_own_target_does_not_reach_its_features() -> None:
    base = FeatureBuilder("geo_knn").fit_transform(X, Y, 0)
    changed = Y.copy()
    changed[17] += 100.0
    after = FeatureBuilder("geo_knn").fit_transform(X, changed, 0)
    assert np.array_equal(base[17], after[17])
    assert not np.array_equal(base, after)  # its neighbours do see it


def test_validation_targets_are_never_asked_for() -> None:
    builder = FeatureBuilder("geo_knn")
    builder.fit_transform(X.iloc[:400], Y[:400], 0)
    one = builder.transform(X.iloc[400:])
    alone = np.vstack([builder.transform(X.iloc[[i]]) for i in range(400, 410)])
    assert np.array_equal(one[:10], alone)


def test_distances_are_kilometres() -> None:
    los_angeles = geography.to_km(np.array([34.05]), np.array([-118.24]))
    cities = dict(zip(geography.CITIES, geography.distances_to_cities(los_angeles)[0], strict=True))
    assert cities["los_angeles"] == pytest.approx(0.0, abs=1e-9)
    assert cities["san_francisco"] == pytest.approx(559, rel=0.03)
    assert 10 < geography.distance_to_coast(los_angeles)[0] < 35
