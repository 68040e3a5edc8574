"""What the nearest training rows tell."""

import numpy as np
import pandas as pd
import pytest

from housing_sweep.housing import neighbours, synthetic
from housing_sweep.housing.problem import FEATURES, TARGET

FRAME = synthetic.make(600)
X, Y = FRAME[list(FEATURES)], FRAME[TARGET].to_numpy()
NAMES = [*neighbours.context_names(), *neighbours.price_names()]


def _columns(train: pd.DataFrame, y: object, rows: pd.DataFrame) -> pd.DataFrame:
    look_up = neighbours.Neighbours.fit(train, np.asarray(y, dtype=float))
    return pd.DataFrame(look_up.columns(rows, prices=True), columns=NAMES)


def test_a_local_regression_finds_a_plane() -> None:
    frame = X.copy()
    y = 1.0 + 0.2 * frame["MedInc"].to_numpy()
    look_up = neighbours.Neighbours.fit(frame.iloc[:500], y[:500])
    columns = look_up.columns(frame.iloc[500:], prices=True)
    names = [*neighbours.context_names(), *neighbours.price_names()]
    regressed = columns[:, names.index("local100_price")]
    plain = columns[:, names.index("near30_price")]
    assert np.abs(regressed - y[500:]).mean() < 0.3 * np.abs(plain - y[500:]).mean()
    assert (columns[:, names.index("local100_income_slope")] > 0).all()


def test_every_column_has_one_name_and_prices_come_last() -> None:
    look_up = neighbours.Neighbours.fit(X.iloc[:300], Y[:300])
    with_prices = look_up.columns(X.iloc[300:], prices=True)
    without = look_up.columns(X.iloc[300:], prices=False)
    assert with_prices.shape == (300, len(NAMES))
    assert len(set(NAMES)) == len(NAMES)
    assert np.array_equal(with_prices[:, : len(neighbours.context_names())], without)


def test_the_nearest_price_is_that_of_the_row_at_the_same_place() -> None:
    columns = _columns(X.iloc[:300], Y[:300], X.iloc[:300])
    unique = ~X.iloc[:300].duplicated(["Latitude", "Longitude"], keep=False).to_numpy()
    assert unique.sum() > 100
    assert columns["nearest_price"].to_numpy()[unique].tolist() == Y[:300][unique].tolist()
    assert columns["km_to_1th"].to_numpy() == pytest.approx(0, abs=1e-6)


def test_means_are_over_so_many_nearest_rows() -> None:
    row = X.iloc[[400]]
    place = neighbours.position(row)
    distance = np.linalg.norm(neighbours.position(X.iloc[:300]) - place, axis=1)
    nearest = np.argsort(distance, kind="stable")
    columns = _columns(X.iloc[:300], Y[:300], row)
    for k in neighbours.NEAREST:
        assert columns[f"near{k}_price"][0] == pytest.approx(Y[:300][nearest[:k]].mean())
    assert columns["km_to_100th"][0] == pytest.approx(distance[nearest[99]])


def test_fewer_rows_than_neighbours_are_asked_for_are_enough() -> None:
    columns = _columns(X.iloc[:4], Y[:4], X.iloc[4:8])
    assert np.isfinite(columns.to_numpy()).all()
    assert columns["near30_price"].to_numpy() == pytest.approx(Y[:4].mean())
