"""Fit one trial: in growing chunks, with an exact validation curve, keeping the best iteration."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from housing_sweep.tabular import metrics
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.families import FitData, FitProgress
from housing_sweep.tabular.features import folds, make_features
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.split import Split
from housing_sweep.tabular.trial_config import TrialConfig

Report = Callable[[FitProgress], bool]
"""Told after each chunk; answers whether to stop."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """A fitted trial.

    Attributes:
        model: the best iteration's.
        scores: val_rmse, val_mae, val_r2 of `model`.
        predictions: (n_validation,) of `model`, in the target's unit.
        best_iteration: trees or iterations that `model` has.
        fit_seconds: features and fit, wall time.
        stopped_early: ended before its last iteration, by patience or because it was asked to.
    """

    model: TabularModel
    scores: dict[str, float]
    predictions: Floats
    best_iteration: int
    fit_seconds: float
    stopped_early: bool


def fit(
    problem: Problem, config: TrialConfig, frame: pd.DataFrame, split: Split, report: Report
) -> FitResult:
    """Return the best model of one trial; equal arguments give equal bits.

    Args:
        problem: what the table is about.
        config: what to fit.
        frame: the whole table.
        split: its rows; test rows are not touched.
        report: called after every chunk.
    """
    began = time.perf_counter()
    inputs, target = list(problem.inputs), problem.target.name
    train, validation = frame.iloc[split.train], frame.iloc[split.validation]
    y, y_val = train[target].to_numpy(dtype=float), validation[target].to_numpy(dtype=float)
    features = make_features(problem, config.features)
    fold = folds(problem, train, split.kind, config.seed)
    x = features.fit_transform(train[inputs], y, fold)
    x_val = features.transform(validation[inputs])
    family = config.family
    estimator = family.make(config.hyperparameters, config.seed)
    model = TabularModel(problem.inputs, features, estimator, float(y.min()), float(y.max()))
    length = int(config.hyperparameters[family.length] or 0) if family.length else 1
    stopped, best = False, FitProgress(0, float("inf"), float("inf"))
    last = 0
    data = FitData(x, y, x_val, y_val, features.prior(x_val))
    for progress, best_so_far in family.grow(estimator, data, length):
        best, last = best_so_far, progress.iteration
        if report(progress):
            stopped = True
            break
    family.cut(estimator, best.iteration)
    predictions = model.predict_matrix(x_val)
    return FitResult(
        model=model,
        scores=metrics.scores(y_val, predictions),
        predictions=predictions,
        best_iteration=best.iteration,
        fit_seconds=time.perf_counter() - began,
        stopped_early=stopped or last < length,
    )
