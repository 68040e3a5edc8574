"""Fit one trial: in growing chunks, with an exact validation curve, keeping the best iteration."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from housing_sweep.housing import metrics
from housing_sweep.housing.features import FeatureBuilder
from housing_sweep.housing.geography import Floats
from housing_sweep.housing.model import HousingModel, make_estimator
from housing_sweep.housing.schema import FEATURES, TARGET
from housing_sweep.housing.split import Split
from housing_sweep.housing.trial_config import TrialConfig

CHUNK_ENDS = (50, 100, 200, 400, 800, 1600, 3200, 6400)
"""Boosting iterations after which it is asked whether to go on. Restarting costs time that grows
with the trees so far, so the chunks grow too: a few percent in all."""

TREES_PER_CHUNK = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a fit stands.

    Attributes:
        iteration: trees or boosting iterations so far, counted from 1.
        train_rmse: on training rows, in 100,000 USD (boosting: on at most 10,000 of them).
        val_rmse: on the validation rows.
    """

    iteration: int
    train_rmse: float
    val_rmse: float


Report = Callable[[Progress], bool]
"""Told after each chunk; answers whether to stop."""


@dataclass(frozen=True, slots=True)
class FitResult:
    """A fitted trial.

    Attributes:
        model: the best iteration's.
        scores: val_rmse, val_mae, val_r2 of `model`.
        predictions: (n_validation,) of `model`, in 100,000 USD.
        best_iteration: trees or iterations that `model` has.
        fit_seconds: features and fit, wall time.
        stopped_early: ended before its last iteration, by patience or because it was asked to.
    """

    model: HousingModel
    scores: dict[str, float]
    predictions: Floats
    best_iteration: int
    fit_seconds: float
    stopped_early: bool


@dataclass(frozen=True, slots=True)
class _Data:
    x: Floats
    y: Floats
    x_val: Floats
    y_val: Floats


def fit(config: TrialConfig, frame: pd.DataFrame, split: Split, report: Report) -> FitResult:
    """Return the best model of one trial; equal arguments give equal bits.

    Args:
        config: what to fit.
        frame: the whole table.
        split: its rows; test rows are not touched.
        report: called after every chunk.
    """
    began = time.perf_counter()
    train, validation = frame.iloc[split.train], frame.iloc[split.validation]
    y, y_val = train[TARGET].to_numpy(dtype=float), validation[TARGET].to_numpy(dtype=float)
    builder = FeatureBuilder(config.features, blocked=split.kind == "spatial")
    x = builder.fit_transform(train[list(FEATURES)], y, config.seed)
    x_val = builder.transform(validation[list(FEATURES)])
    model = HousingModel(builder, make_estimator(config), float(y.min()), float(y.max()))
    boosting = config.model == "hist_gradient_boosting"
    grow = _boost if boosting else _plant
    stopped, best = False, Progress(0, float("inf"), float("inf"))
    last = 0
    for progress, best_so_far in grow(model, _Data(x, y, x_val, y_val), config):
        best, last = best_so_far, progress.iteration
        if report(progress):
            stopped = True
            break
    target = int(config.hyperparameters["max_iter" if boosting else "n_estimators"] or 0)
    _cut(model, best.iteration, boosting)
    predictions = model.predict_matrix(x_val)
    return FitResult(
        model=model,
        scores=metrics.scores(y_val, predictions),
        predictions=predictions,
        best_iteration=best.iteration,
        fit_seconds=time.perf_counter() - began,
        stopped_early=stopped or last < target,
    )


def _boost(
    model: HousingModel, data: _Data, config: TrialConfig
) -> Iterator[tuple[Progress, Progress]]:
    """Grow a histogram gradient boosting chunk by chunk.

    scikit-learn keeps the loss of every iteration on `X_val` for free; half the squared error, so
    the curve is exact (up to the clip) without predicting anything.
    """
    estimator, most = model.estimator, int(config.hyperparameters["max_iter"] or 0)
    for end in (*(e for e in CHUNK_ENDS if e < most), most):
        estimator.set_params(max_iter=end)
        estimator.fit(data.x, data.y, X_val=data.x_val, y_val=data.y_val)
        done = int(estimator.n_iter_)
        validation = np.sqrt(-2 * np.asarray(estimator.validation_score_))
        training = np.sqrt(-2 * np.asarray(estimator.train_score_))
        best = 1 + int(np.argmin(validation[1:]))  # position 0 is the constant model
        yield _at(done, training, validation), _at(best, training, validation)
        if done < end:  # patience ran out
            return


def _at(iteration: int, training: Floats, validation: Floats) -> Progress:
    return Progress(iteration, float(training[iteration]), float(validation[iteration]))


def _plant(
    model: HousingModel, data: _Data, config: TrialConfig
) -> Iterator[tuple[Progress, Progress]]:
    """Grow a forest ten trees at a time; each tree predicts once."""
    estimator, most = model.estimator, int(config.hyperparameters["n_estimators"] or 0)
    sums = [np.zeros(len(data.y)), np.zeros(len(data.y_val))]
    best: Progress | None = None
    for end in (*range(TREES_PER_CHUNK, most, TREES_PER_CHUNK), most):
        before = len(getattr(estimator, "estimators_", ()))
        estimator.set_params(n_estimators=end).fit(data.x, data.y)
        for tree in estimator.estimators_[before:]:
            for total, rows in zip(sums, (data.x, data.x_val), strict=True):
                total += tree.predict(rows.astype(np.float32))
        train_rmse = metrics.rmse(data.y, sums[0] / end)
        progress = Progress(end, train_rmse, metrics.rmse(data.y_val, sums[1] / end))
        best = progress if best is None or progress.val_rmse < best.val_rmse else best
        yield progress, best


def _cut(model: HousingModel, iterations: int, boosting: bool) -> None:
    """Keep the first iterations only: what a fit that long would have given, bit for bit.

    `_predictors` is private; `tests/housing/test_fit.py` compares with such a fit.
    """
    estimator = model.estimator
    if boosting:
        del estimator._predictors[iterations:]
        estimator.set_params(max_iter=iterations)
        for name in ("train_score_", "validation_score_"):
            setattr(estimator, name, getattr(estimator, name)[: iterations + 1])
    else:
        del estimator.estimators_[iterations:]
        estimator.set_params(n_estimators=iterations)
