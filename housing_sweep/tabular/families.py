"""The model families: hyperparameters, how an estimator is made, grown, cut back and refitted.

To add one, write its `Family` and enter it in `MODELS`; nothing else knows a family by name. One
whose estimator is of another class than those here needs its form in `estimator_parts` too.
scikit-learn is imported where an estimator is made: who only reads a config, as `promote` does in
its own process, need not load it (1.7 s of CPU).
"""

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from housing_sweep.tabular import metrics
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.prior import Prior

CHUNK_ENDS = (50, 100, 200, 400, 800, 1600, 3200, 6400)
"""Boosting iterations after which it is asked whether to go on. Restarting costs time that grows
with the trees so far, so the chunks grow too: a few percent in all."""

TREES_PER_CHUNK = 10

Hyperparameters = Mapping[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Number:
    """What a hyperparameter may be: a number of a kind, in a closed range, with a default."""

    whole: bool
    low: float
    high: float
    default: float | None
    optional: bool = False

    def parse(self, value: object) -> float | int | None:
        """Return the value; a whole float such as 12.0 (W&B's `q_*` kinds) becomes an int.

        Raises:
            ValueError: naming what it should be.
        """
        if value is None and self.optional:
            return None
        kind = "a whole number" if self.whole else "a number"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not {kind}")
        if isinstance(value, int) and abs(value) > sys.float_info.max:
            raise ValueError(f"a whole number of {value.bit_length()} bits is not {kind}")
        if not math.isfinite(value) or (self.whole and value != int(value)):
            raise ValueError(f"{value!r} is not {kind}")
        if not self.low <= value <= self.high:
            raise ValueError(f"{value!r} is outside {self.low:g} to {self.high:g}")
        return int(value) if self.whole else float(value)

    def unsaid(self) -> float | int | None:
        """Return the default."""
        if self.default is None:
            return None
        return int(self.default) if self.whole else self.default


@dataclass(frozen=True, slots=True)
class FitProgress:
    """Where a fit stands.

    Attributes:
        iteration: trees or boosting iterations so far, counted from 1.
        train_rmse: of the estimator alone on training rows, in the target's unit (boosting: on at
            most 10,000 of them).
        val_rmse: on the validation rows, as the model will predict them (up to the clip).
    """

    iteration: int
    train_rmse: float
    val_rmse: float


@dataclass(frozen=True, slots=True)
class FitData:
    """Matrices and targets of the training and the validation rows, and the latter's prior."""

    x: Floats
    y: Floats
    x_val: Floats
    y_val: Floats
    prior: Prior | None = None


Growth = Iterator[tuple[FitProgress, FitProgress]]
"""After each chunk: where the fit stands, and its best iteration so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of model.

    Attributes:
        numbers: its hyperparameters under their scikit-learn names.
        length: which of them counts iterations or trees; None: it is fitted at once.
        make: hyperparameters and seed -> an unfitted scikit-learn regressor.
        grow: fits it chunk by chunk, up to so many iterations.
        cut: keeps its first iterations only: what a fit that long gives, bit for bit.
        refitted: what else is set where the length is known before and nothing is held out.
    """

    numbers: Mapping[str, Number]
    length: str | None
    make: Callable[[Hyperparameters, int], Any]
    grow: Callable[[Any, FitData, int], Growth]
    cut: Callable[[Any, int], None]
    refitted: Mapping[str, object] = field(default_factory=dict)


def _boosting(hyperparameters: Hyperparameters, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        **hyperparameters,
        early_stopping=True,
        scoring="loss",
        tol=0.0,
        warm_start=True,
        random_state=seed,
    )


def _forest(kind: str, hyperparameters: Hyperparameters, seed: int) -> Any:
    """Return a forest that predicts with one thread: with two, four calls gave four sums."""
    from sklearn import ensemble

    return getattr(ensemble, kind)(
        **hyperparameters, warm_start=True, n_jobs=None, random_state=seed
    )


def _boost(estimator: Any, data: FitData, most: int) -> Growth:
    """Grow a histogram gradient boosting chunk by chunk.

    scikit-learn keeps the loss of every iteration on `X_val` for free; half the squared error, so
    the curve is exact (up to the clip) without predicting anything; with a prior, too: its weighted
    mean times the mean weight is the mean of the final squared errors.
    """
    checked: dict[str, Floats] = {"X_val": data.x_val, "y_val": data.y_val}
    mean_weight = 1.0
    if data.prior is not None:
        weight = data.prior.trust**2
        checked |= {"y_val": data.prior.goal(data.y_val), "sample_weight_val": weight}
        mean_weight = float(weight.mean())
    for end in (*(e for e in CHUNK_ENDS if e < most), most):
        estimator.set_params(max_iter=end)
        estimator.fit(data.x, data.y, **checked)
        done = int(estimator.n_iter_)
        validation = np.sqrt(-2 * mean_weight * np.asarray(estimator.validation_score_))
        training = np.sqrt(-2 * np.asarray(estimator.train_score_))
        best = 1 + int(np.argmin(validation[1:]))  # position 0 is the constant model
        yield _at(done, training, validation), _at(best, training, validation)
        if done < end:  # patience ran out
            return


def _at(iteration: int, training: Floats, validation: Floats) -> FitProgress:
    return FitProgress(iteration, float(training[iteration]), float(validation[iteration]))


def _plant(estimator: Any, data: FitData, most: int) -> Growth:
    """Grow a forest ten trees at a time; each tree predicts once."""
    sums = [np.zeros(len(data.y)), np.zeros(len(data.y_val))]
    best: FitProgress | None = None
    for end in (*range(TREES_PER_CHUNK, most, TREES_PER_CHUNK), most):
        before = len(getattr(estimator, "estimators_", ()))
        estimator.set_params(n_estimators=end).fit(data.x, data.y)
        for tree in estimator.estimators_[before:]:
            for total, rows in zip(sums, (data.x, data.x_val), strict=True):
                total += tree.predict(rows.astype(np.float32))
        train_rmse = metrics.rmse(data.y, sums[0] / end)
        predicted = sums[1] / end if data.prior is None else data.prior.settle(sums[1] / end)
        progress = FitProgress(end, train_rmse, metrics.rmse(data.y_val, predicted))
        best = progress if best is None or progress.val_rmse < best.val_rmse else best
        yield progress, best


def _cut_boosting(estimator: Any, iterations: int) -> None:
    """`_predictors` is private; `tests/tabular/test_fit.py` compares with a fit that long."""
    del estimator._predictors[iterations:]
    estimator.set_params(max_iter=iterations)
    for name in ("train_score_", "validation_score_"):
        setattr(estimator, name, getattr(estimator, name)[: iterations + 1])


def _cut_forest(estimator: Any, trees: int) -> None:
    del estimator.estimators_[trees:]
    estimator.set_params(n_estimators=trees)


_FOREST = {
    "n_estimators": Number(True, 1, 5000, 100),
    "max_features": Number(False, 0.01, 1.0, 0.5),
    "min_samples_leaf": Number(True, 1, 10_000, 1),
    "min_samples_split": Number(True, 2, 10_000, 2),
    "max_depth": Number(True, 1, 200, None, optional=True),
    "max_leaf_nodes": Number(True, 2, 100_000, None, optional=True),
}

MODELS: Mapping[str, Family] = {
    "hist_gradient_boosting": Family(
        numbers={
            "learning_rate": Number(False, 1e-4, 1.0, 0.06),
            "max_iter": Number(True, 1, 10_000, 1500),
            "max_leaf_nodes": Number(True, 2, 4096, 40),
            "min_samples_leaf": Number(True, 1, 10_000, 20),
            "l2_regularization": Number(False, 0.0, 1e6, 1.0),
            "max_features": Number(False, 0.01, 1.0, 0.4),
            "max_bins": Number(True, 2, 255, 255),
            "max_depth": Number(True, 1, 200, None, optional=True),
            "n_iter_no_change": Number(True, 1, 1000, 50),
        },
        length="max_iter",
        make=_boosting,
        grow=_boost,
        cut=_cut_boosting,
        refitted={"early_stopping": False},
    ),
    **{
        name: Family(
            numbers=_FOREST,
            length="n_estimators",
            make=partial(_forest, kind),
            grow=_plant,
            cut=_cut_forest,
        )
        for name, kind in (
            ("random_forest", "RandomForestRegressor"),
            ("extra_trees", "ExtraTreesRegressor"),
        )
    },
}
"""What a trial's `model` may be."""
