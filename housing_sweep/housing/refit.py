"""Fit a config again without anything left to choose: for promotion, and as a yardstick."""

import time

import numpy as np
import pandas as pd

from housing_sweep.housing import metrics
from housing_sweep.housing.features import FeatureBuilder
from housing_sweep.housing.fit import FitResult, fit
from housing_sweep.housing.model import HousingModel, make_estimator
from housing_sweep.housing.schema import FEATURES, TARGET
from housing_sweep.housing.split import Rows, Split, make_split
from housing_sweep.housing.trial_config import TrialConfig

BASELINE = TrialConfig.from_sweep({"model": "random_forest", "features": "raw", "plots": "none"})
"""scikit-learn's forest on the raw columns: what a first promotion must beat."""


def refit(config: TrialConfig, frame: pd.DataFrame, split: Split, iterations: int) -> FitResult:
    """Return a model of training and validation rows together; equal arguments give equal bits.

    Args:
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
    y = known[TARGET].to_numpy(dtype=float)
    builder = FeatureBuilder(config.features, blocked=split.kind == "spatial")
    x = builder.fit_transform(known[list(FEATURES)], y, config.seed)
    estimator = make_estimator(config)
    if config.model == "hist_gradient_boosting":
        estimator.set_params(max_iter=iterations, early_stopping=False)
    else:
        estimator.set_params(n_estimators=iterations)
    estimator.fit(x, y)
    model = HousingModel(builder, estimator, float(y.min()), float(y.max()))
    predictions = model.predict(frame.iloc[split.validation])
    return FitResult(model, {}, predictions, iterations, time.perf_counter() - began, False)


def spatial_rmse(config: TrialConfig, frame: pd.DataFrame) -> float:
    """Return the test RMSE of a config where whole regions are held out, in 100,000 USD."""
    split = make_split(frame, "spatial", config.split_seed)
    model = fit(config, frame, split, lambda _: False).model
    test = frame.iloc[split.test]
    return metrics.rmse(test[TARGET].to_numpy(dtype=float), model.predict(test))


def mean_rmse(frame: pd.DataFrame, split: Split, rows: Rows) -> float:
    """Return the RMSE on some rows of the mean training price, in 100,000 USD."""
    truth = frame[TARGET].to_numpy(dtype=float)
    return metrics.rmse(truth[rows], np.full(len(rows), truth[split.train].mean()))
