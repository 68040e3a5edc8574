"""A fitted model as one object."""

import io

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from housing_sweep.errors import DataError
from housing_sweep.tabular import refit
from housing_sweep.tabular.features import RawColumns
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig
from tests.tabular.flats import FLATS, flats

ROWS = pd.DataFrame({"area": [10.0, 50.0, 90.0], "rooms": [1.0, 2.0, 3.0]})


def _model() -> TabularModel:
    features = RawColumns(("area", "rooms"))
    line = LinearRegression().fit(features.transform(ROWS), 2 * ROWS["area"])
    return TabularModel(("area", "rooms"), features, line, low=20.0, high=180.0)


def test_predictions_stay_in_the_range_of_the_training_targets() -> None:
    far = ROWS.assign(area=[-1000.0, 50.0, 1000.0])
    assert _model().predict(far).tolist() == pytest.approx([20.0, 100.0, 180.0])


def test_columns_are_taken_by_name_whatever_their_order_and_company() -> None:
    mixed = ROWS.assign(other="text")[["other", "rooms", "area"]]
    assert _model().predict(mixed).tolist() == _model().predict(ROWS).tolist()
    assert _model().feature_names == ["area", "rooms"]


def test_a_model_on_disk_needs_its_inputs_only() -> None:
    frame = flats(400)
    config = TrialConfig.from_sweep({"max_iter": 20}, FLATS)
    split = make_split(FLATS, frame, "random", 0)
    result = refit.refit(FLATS, config, frame, split, 20)
    buffer = io.BytesIO()
    joblib.dump(result.model, buffer)
    buffer.seek(0)
    model = joblib.load(buffer)
    rows = frame.iloc[split.validation].drop(columns=FLATS.target.name)
    assert np.array_equal(model.predict(rows), result.predictions)
    with pytest.raises(DataError, match="column lon is missing"):
        model.predict(rows.drop(columns="lon"))
