"""A fitted model as one object: raw columns in, prices out. What `model.joblib` holds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)

from housing_sweep.housing.features import FeatureBuilder
from housing_sweep.housing.geography import Floats
from housing_sweep.housing.schema import check_features
from housing_sweep.housing.trial_config import TrialConfig

FORESTS = {"random_forest": RandomForestRegressor, "extra_trees": ExtraTreesRegressor}


@dataclass(slots=True)
class HousingModel:
    """Features, estimator, and the range of prices it was trained on.

    Attributes:
        features: fitted on the training rows.
        estimator: a scikit-learn regressor.
        low: lowest training price, in 100,000 USD; predictions are clipped to it.
        high: highest training price (the census caps at 5.00001).
    """

    features: FeatureBuilder
    estimator: Any
    low: float
    high: float

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Return prices in 100,000 USD, shaped (n,), for rows of the eight raw columns.

        Raises:
            DataError: a column is missing.
        """
        rows = check_features(frame, "the table to predict on")
        return self.predict_matrix(self.features.transform(rows))

    def predict_matrix(self, matrix: Floats) -> Floats:
        """Return prices for rows whose features are computed already."""
        predicted = np.asarray(self.estimator.predict(matrix), dtype=float)
        clipped: Floats = np.clip(predicted, self.low, self.high)
        return clipped

    @property
    def feature_names(self) -> list[str]:
        """The estimator's inputs, in order."""
        return self.features.names


def make_estimator(config: TrialConfig) -> Any:
    """Return an unfitted scikit-learn regressor; it grows by `warm_start`.

    Forests predict with one thread: with two, four calls gave four different sums.
    """
    given = dict(config.hyperparameters)
    if config.model == "hist_gradient_boosting":
        return HistGradientBoostingRegressor(
            **given,
            early_stopping=True,
            scoring="loss",
            tol=0.0,
            warm_start=True,
            random_state=config.seed,
        )
    return FORESTS[config.model](**given, warm_start=True, n_jobs=None, random_state=config.seed)
