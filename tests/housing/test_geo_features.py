import numpy as np
import pytest

from housing_sweep.housing import geo_features, neighbours, synthetic
from housing_sweep.housing.geo_features import GeoFeatures
from housing_sweep.housing.problem import FEATURES, PROBLEM, TARGET
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.features import folds, make_features
from housing_sweep.tabular.split import units

FRAME = synthetic.make(600)
X, Y = FRAME[list(FEATURES)], FRAME[TARGET].to_numpy()
KINDS = ("geo", "geo_context", "geo_knn", "geo_blend")
FOLD = folds(PROBLEM, X, "random", 0)
BLOCKED = folds(PROBLEM, X, "spatial", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_names_match_columns_and_nothing_is_missing(kind: str) -> None:
    builder = make_features(PROBLEM, kind)
    matrix = builder.fit_transform(X, Y, FOLD)
    assert matrix.shape == (600, len(builder.names))
    assert len(set(builder.names)) == len(builder.names)
    assert np.isfinite(matrix).all()
    assert np.isfinite(builder.transform(X.iloc[:5])).all()


def test_a_training_rows_own_target_does_not_reach_its_features() -> None:
    base = GeoFeatures("geo_knn").fit_transform(X, Y, FOLD)
    changed = Y.copy()
    changed[17] += 100.0
    after = GeoFeatures("geo_knn").fit_transform(X, changed, FOLD)
    assert np.array_equal(base[17], after[17])
    assert not np.array_equal(base, after)  # its neighbours do see it


def test_where_places_are_new_no_row_of_the_same_cell_is_looked_up() -> None:
    base = GeoFeatures("geo_knn").fit_transform(X, Y, BLOCKED)
    changed = Y.copy()
    changed[17] += 100.0
    after = GeoFeatures("geo_knn").fit_transform(X, changed, BLOCKED)
    mine = units(PROBLEM, X, "spatial") == units(PROBLEM, X, "spatial")[17]
    assert mine.sum() > 1
    assert np.array_equal(base[mine], after[mine])
    assert not np.array_equal(base, after)


def test_the_context_of_a_row_knows_no_price() -> None:
    base = GeoFeatures("geo_context").fit_transform(X, Y, FOLD)
    assert np.array_equal(base, GeoFeatures("geo_context").fit_transform(X, Y[::-1], FOLD))
    assert base.shape[1] > GeoFeatures("geo").fit_transform(X, Y, FOLD).shape[1]


def test_a_handful_of_rows_has_neighbours_too() -> None:
    builder = GeoFeatures("geo_knn")
    assert np.isfinite(builder.fit_transform(X.iloc[:4], Y[:4], np.arange(4))).all()
    assert np.isfinite(builder.transform(X.iloc[4:6])).all()


def test_validation_targets_are_never_asked_for() -> None:
    builder = GeoFeatures("geo_knn")
    builder.fit_transform(X.iloc[:400], Y[:400], FOLD[:400])
    one = builder.transform(X.iloc[400:])
    alone = np.vstack([builder.transform(X.iloc[[i]]) for i in range(400, 410)])
    assert np.array_equal(one[:10], alone)


def test_the_last_bits_of_another_machine_do_not_reach_the_matrix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = synthetic.make(1200)
    train, other = frame.iloc[:900], frame.iloc[900:]
    builder = GeoFeatures("geo_knn")
    fold = folds(PROBLEM, train, "random", 0)
    builder.fit_transform(train[list(FEATURES)], train[TARGET].to_numpy(), fold)
    here = builder.transform(other[list(FEATURES)])
    rng = np.random.default_rng(0)
    places, looked_up = geo_features.geo_columns, neighbours.Neighbours.columns

    def shake(columns: Floats) -> Floats:
        shaken: Floats = columns * (1 + 1e-14 * rng.standard_normal(columns.shape))
        return shaken

    monkeypatch.setattr(geo_features, "geo_columns", lambda rows: shake(places(rows)))
    monkeypatch.setattr(
        neighbours.Neighbours,
        "columns",
        lambda self, rows, prices: shake(looked_up(self, rows, prices=prices)),
    )
    assert (builder.transform(other[list(FEATURES)]) == here).all()
