"""What a trial shows of itself, as plain frames, from predictions that are made already."""

import numpy as np
import pandas as pd

from housing_sweep.housing import metrics
from housing_sweep.housing.fit import FitResult
from housing_sweep.housing.geography import Floats
from housing_sweep.housing.schema import FEATURES, TARGET

WORST = 25
SCATTER = 500
IMPORTANT = 15
PERMUTED_ROWS = 200
"""1 s of a trial with 120 inputs; every further 200 rows cost another."""


def worst(validation: pd.DataFrame, predicted: Floats) -> pd.DataFrame:
    """Return the rows with the largest errors, worst first."""
    error = predicted - validation[TARGET].to_numpy(dtype=float)
    shown = validation[list(FEATURES)].assign(
        actual=validation[TARGET], predicted=predicted, error=error
    )
    order = np.argsort(-np.abs(error), kind="stable")[:WORST]
    return shown.iloc[order].reset_index(drop=True)


def residuals(validation: pd.DataFrame, predicted: Floats) -> pd.DataFrame:
    """Return predictions and their errors, evenly thinned, in order of prediction."""
    error = validation[TARGET].to_numpy(dtype=float) - predicted
    order = np.argsort(predicted, kind="stable")
    keep = order[np.unique(np.linspace(0, len(order) - 1, SCATTER).round().astype(int))]
    return pd.DataFrame({"predicted": predicted[keep], "residual": error[keep]})


def summary(scores: dict[str, float]) -> pd.DataFrame:
    """Return the validation scores, one a row."""
    return pd.DataFrame({"metric": list(scores), "value": list(scores.values())})


def importances(result: FitResult, validation: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return how much each input matters, most important first.

    Forests know; of boosting it is how much the validation RMSE rises when one input is shuffled.
    """
    estimator = result.model.estimator
    if hasattr(estimator, "feature_importances_"):
        values = np.asarray(estimator.feature_importances_)
    else:
        values = _permuted(result, validation, np.random.default_rng(seed))
    frame = pd.DataFrame({"feature": result.model.feature_names, "importance": values})
    return frame.nlargest(IMPORTANT, "importance").reset_index(drop=True)


def _permuted(result: FitResult, validation: pd.DataFrame, rng: np.random.Generator) -> Floats:
    rows = validation.iloc[:PERMUTED_ROWS]
    y = rows[TARGET].to_numpy(dtype=float)
    matrix = result.model.features.transform(rows[list(FEATURES)])
    base = metrics.rmse(y, result.model.predict_matrix(matrix))
    shuffled = np.repeat(matrix[None, :, :], matrix.shape[1], axis=0)
    for column in range(matrix.shape[1]):
        shuffled[column, :, column] = rng.permutation(matrix[:, column])
    flat = shuffled.reshape(-1, matrix.shape[1])
    predicted = result.model.predict_matrix(flat).reshape(matrix.shape[1], -1)
    return np.array([metrics.rmse(y, row) - base for row in predicted])
