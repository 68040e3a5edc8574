"""Fit a config again without anything left to choose: for promotion, and as a yardstick."""

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from housing_sweep.tabular import metrics
from housing_sweep.tabular.arrays import Floats, Rows
from housing_sweep.tabular.features import RAW, folds, make_features
from housing_sweep.tabular.fit import FitResult, fit
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.split import Split, make_split, units
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


@dataclass(frozen=True, slots=True)
class HardTest:
    """Rows where what is really new is held out, such as places, all with their truth.

    Attributes:
        kind: of the split: spatial.
        split: its rows.
        truth: (n_test,) targets of its test rows, in their unit.
        units: (n_test,) what each of them belongs to, such as its cell.
    """

    kind: str
    split: Split
    truth: Floats
    units: Rows


def hard_test(problem: Problem, frame: pd.DataFrame, split_seed: int) -> HardTest | None:
    """Return the hard split of a table, or None where it has none."""
    kind = problem.hard_split
    if kind is None:
        return None
    split = make_split(problem, frame, kind, split_seed)
    truth = frame[problem.target.name].to_numpy(dtype=float)[split.test]
    return HardTest(kind, split, truth, units(problem, frame, kind)[split.test])


def predict_hard(
    problem: Problem, config: TrialConfig, frame: pd.DataFrame, hard: HardTest
) -> Floats:
    """Return predictions of the test rows, in the target's unit, of a config fitted there."""
    model = fit(problem, config, frame, hard.split, lambda _: False).model
    return model.predict(frame.iloc[hard.split.test])


def mean_rmse(problem: Problem, frame: pd.DataFrame, split: Split, rows: Rows) -> float:
    """Return the RMSE on some rows of the mean training target, in its unit."""
    truth = frame[problem.target.name].to_numpy(dtype=float)
    return metrics.rmse(truth[rows], np.full(len(rows), truth[split.train].mean()))
