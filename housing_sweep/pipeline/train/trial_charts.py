"""What a trial shows of itself, as plain frames, from predictions that are made already."""

import numpy as np
import pandas as pd

from housing_sweep.tabular import metrics
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.fit import FitResult
from housing_sweep.tabular.problem import Problem

WORST = 25
SCATTER = 500
IMPORTANT = 15
PERMUTED_ROWS = 200
"""1 s of a trial with 120 inputs; every further 200 rows cost another."""

BYTES_AT_ONCE = 32_000_000
"""Of shuffled copies that are predicted together; all of 1,000 inputs took 1.6 GB."""


def worst(problem: Problem, validation: pd.DataFrame, predicted: Floats) -> pd.DataFrame:
    """Return the rows with the largest errors, worst first."""
    truth = validation[problem.target.name]
    error = predicted - truth.to_numpy(dtype=float)
    order = np.argsort(-np.abs(error), kind="stable")[:WORST]
    rows = validation[list(problem.inputs)].assign(actual=truth, predicted=predicted, error=error)
    return rows.iloc[order].reset_index(drop=True)


def residuals(problem: Problem, validation: pd.DataFrame, predicted: Floats) -> pd.DataFrame:
    """Return predictions and their errors, evenly thinned, in order of prediction."""
    error = validation[problem.target.name].to_numpy(dtype=float) - predicted
    order = np.argsort(predicted, kind="stable")
    keep = order[np.unique(np.linspace(0, len(order) - 1, SCATTER).round().astype(int))]
    return pd.DataFrame({"predicted": predicted[keep], "residual": error[keep]})


def summary(scores: dict[str, float]) -> pd.DataFrame:
    """Return the validation scores, one a row."""
    return pd.DataFrame({"metric": list(scores), "value": list(scores.values())})


def importances(
    problem: Problem, result: FitResult, validation: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Return how much each input matters, most important first.

    Forests know; of boosting it is how much the validation RMSE rises when one input is shuffled.
    """
    estimator = result.model.estimator
    if hasattr(estimator, "feature_importances_"):
        values = np.asarray(estimator.feature_importances_)
    else:
        values = _permuted(problem, result, validation, np.random.default_rng(seed))
    frame = pd.DataFrame({"feature": result.model.feature_names, "importance": values})
    return frame.nlargest(IMPORTANT, "importance").reset_index(drop=True)


def _permuted(
    problem: Problem, result: FitResult, validation: pd.DataFrame, rng: np.random.Generator
) -> Floats:
    """Return how much the RMSE rises when one input is shuffled, shaped (n_inputs,)."""
    rows = validation.iloc[:PERMUTED_ROWS]
    y = rows[problem.target.name].to_numpy(dtype=float)
    matrix = result.model.features.transform(rows[list(problem.inputs)])
    base = metrics.rmse(y, result.model.predict_matrix(matrix))
    inputs = np.arange(matrix.shape[1])
    rises = np.empty(len(inputs))
    at_once = max(1, BYTES_AT_ONCE // max(1, matrix.nbytes))
    for some in np.split(inputs, inputs[at_once::at_once]):
        shuffled = np.repeat(matrix[None, :, :], len(some), axis=0)
        for number, column in enumerate(some):
            shuffled[number, :, column] = rng.permutation(matrix[:, column])
        predicted = result.model.predict_matrix(shuffled.reshape(-1, len(inputs)))
        rises[some] = [metrics.rmse(y, row) - base for row in predicted.reshape(len(some), -1)]
    return rises
