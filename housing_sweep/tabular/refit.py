"""Fit a config again without anything left to choose: for promotion, and as a yardstick."""

import time

import numpy as np
import pandas as pd

from housing_sweep.tabular import metrics
from housing_sweep.tabular.arrays import Rows
from housing_sweep.tabular.features import RAW, folds, make_features
from housing_sweep.tabular.fit import FitResult, fit
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.split import Split, make_split
from housing_sweep.tabular.trial_config import TrialConfig


def baseline(problem: Problem) -> TrialConfig:
    """Return our default forest on the raw columns: what a first promotion must beat."""
    plain = {"model": "random_forest", "features": RAW, "split": "random", "plots": "none"}
    return TrialConfig.from_sweep(plain, problem)


def refit(
    problem: Problem, config: TrialConfig, frame: pd.DataFrame, split: Split, iterations: int
) -> FitResult:
    """Return a model of training and validation rows together; equal arguments give equal bits.

    Args:
        problem: what the table is about.
        config: what to fit.
        frame: the whole table.
        split: its rows; test rows are not touched.
        iterations: boosting iterations or trees, those of the model that was validated.

    The scores are empty: no row is left that the model has not seen, apart from the test rows. The
    predictions are those of the validation rows, for comparing two refits.
    """
    began = time.perf_counter()
    rows = np.sort(np.concatenate([split.train, split.validation]))
    known = frame.iloc[rows]
    y = known[problem.target.name].to_numpy(dtype=float)
    features = make_features(problem, config.features)
    fold = folds(problem, known, split.kind, config.seed)
    x = features.fit_transform(known[list(problem.inputs)], y, fold)
    family = config.family
    estimator = family.make(config.hyperparameters, config.seed)
    grown = {family.length: iterations} if family.length else {}
    estimator.set_params(**grown, **family.refitted)
    estimator.fit(x, y)
    model = TabularModel(problem.inputs, features, estimator, float(y.min()), float(y.max()))
    predictions = model.predict(frame.iloc[split.validation])
    return FitResult(model, {}, predictions, iterations, time.perf_counter() - began, False)


def hard_split_score(problem: Problem, config: TrialConfig, frame: pd.DataFrame) -> float | None:
    """Return the test RMSE of a config where what is really new is held out, such as places.

    In the target's unit; None where the table has no such split.
    """
    if problem.hard_split is None:
        return None
    split = make_split(problem, frame, problem.hard_split, config.split_seed)
    model = fit(problem, config, frame, split, lambda _: False).model
    test = frame.iloc[split.test]
    return metrics.rmse(test[problem.target.name].to_numpy(dtype=float), model.predict(test))


def mean_rmse(problem: Problem, frame: pd.DataFrame, split: Split, rows: Rows) -> float:
    """Return the RMSE on some rows of the mean training target, in its unit."""
    truth = frame[problem.target.name].to_numpy(dtype=float)
    return metrics.rmse(truth[rows], np.full(len(rows), truth[split.train].mean()))
