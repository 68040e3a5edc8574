"""A fitted model as one object: raw columns in, predictions out. What a model artifact holds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.extras import FeatureSet
from housing_sweep.tabular.tables import check_inputs


@dataclass(slots=True)
class TabularModel:
    """Features, estimator, and the range of targets it was trained on.

    Attributes:
        inputs: names of the raw columns it needs.
        features: fitted on the training rows.
        estimator: a scikit-learn regressor.
        low: lowest training target; predictions are clipped to it.
        high: highest training target.
    """

    inputs: tuple[str, ...]
    features: FeatureSet
    estimator: Any
    low: float
    high: float

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Return predictions in the target's unit, shaped (n,), for rows of the raw columns.

        Raises:
            DataError: a column is missing.
        """
        rows = check_inputs(self.inputs, frame, "the table to predict on")
        return self.predict_matrix(self.features.transform(rows))

    def predict_matrix(self, matrix: Floats) -> Floats:
        """Return predictions for rows whose features are computed already."""
        predicted = np.asarray(self.estimator.predict(matrix), dtype=float)
        prior = self.features.prior(matrix)
        if prior is not None:
            predicted = prior.settle(predicted)
        clipped: Floats = np.clip(predicted, self.low, self.high)
        return clipped

    @property
    def feature_names(self) -> list[str]:
        """The estimator's inputs, in order."""
        return self.features.names
