import io
import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import FEATURES, PROBLEM, TARGET
from housing_sweep.tabular import metrics
from housing_sweep.tabular.families import MODELS, FitProgress
from housing_sweep.tabular.fit import FitResult, fit
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig
from tests.support.local_server import ROOT

FRAME = synthetic.make(1200)
SPLIT = make_split(PROBLEM, FRAME, "random", 0)
SMALL: dict[str, dict[str, object]] = {
    "hist_gradient_boosting": {"max_iter": 120, "n_iter_no_change": 15, "learning_rate": 0.2},
    "random_forest": {"model": "random_forest", "n_estimators": 15},
    "extra_trees": {"model": "extra_trees", "n_estimators": 15},
}


def _fit(name: str, **more: object) -> tuple[FitResult, list[FitProgress]]:
    seen: list[FitProgress] = []
    config = TrialConfig.from_sweep({"features": "raw", **SMALL[name], **more}, PROBLEM)

    def report(progress: FitProgress) -> bool:
        seen.append(progress)
        return False

    with threadpool_limits(1):
        return fit(PROBLEM, config, FRAME, SPLIT, report), seen


def test_every_family_is_fitted_here() -> None:
    assert set(SMALL) == set(MODELS)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_scores_are_those_of_the_model_that_is_returned(name: str) -> None:
    result, seen = _fit(name)
    validation = FRAME.iloc[SPLIT.validation]
    predicted = result.model.predict(validation)
    assert metrics.predictions_sha256(predicted) == metrics.predictions_sha256(result.predictions)
    truth = validation[TARGET].to_numpy()
    assert result.scores["val_rmse"] == metrics.rmse(truth, predicted)
    assert result.scores["val_rmse"] <= min(p.val_rmse for p in seen) + 1e-9
    assert [p.iteration for p in seen] == sorted({p.iteration for p in seen})


@pytest.mark.parametrize("name", sorted(SMALL))
def test_equal_configs_give_equal_bits_also_on_disk(name: str) -> None:
    def packed() -> bytes:
        buffer = io.BytesIO()
        joblib.dump(_fit(name, features="geo_blend")[0].model, buffer)
        return buffer.getvalue()

    assert packed() == packed()


def test_the_kept_boosting_is_what_a_fit_of_that_length_gives() -> None:
    result, _ = _fit("hist_gradient_boosting")
    assert result.stopped_early
    assert 0 < result.best_iteration < 120
    train = FRAME.iloc[SPLIT.train]
    given = {k: v for k, v in result.model.estimator.get_params().items() if k != "warm_start"}
    single = HistGradientBoostingRegressor(**{**given, "early_stopping": False})
    single.fit(train[list(FEATURES)].to_numpy(), train[TARGET].to_numpy())
    x_val = FRAME.iloc[SPLIT.validation][list(FEATURES)].to_numpy()
    assert np.array_equal(single.predict(x_val), result.model.estimator.predict(x_val))


def test_the_reported_curve_is_exact() -> None:
    result, seen = _fit("hist_gradient_boosting", n_iter_no_change=1000)
    x_val = FRAME.iloc[SPLIT.validation][list(FEATURES)].to_numpy()
    y_val = FRAME.iloc[SPLIT.validation][TARGET].to_numpy()
    stages = list(result.model.estimator.staged_predict(x_val))
    for progress in (p for p in seen if p.iteration <= len(stages)):
        staged = metrics.rmse(y_val, stages[progress.iteration - 1])
        assert progress.val_rmse == pytest.approx(staged, abs=1e-9)


def test_a_report_that_says_stop_ends_the_fit() -> None:
    config = TrialConfig.from_sweep({**SMALL["random_forest"], "features": "raw"}, PROBLEM)
    result = fit(PROBLEM, config, FRAME, SPLIT, lambda progress: progress.iteration >= 10)
    assert result.stopped_early
    assert result.best_iteration == 10


def test_test_rows_are_not_looked_at() -> None:
    changed = FRAME.copy()
    changed.loc[changed.index[SPLIT.test], TARGET] = 5.0
    config = TrialConfig.from_sweep({**SMALL["extra_trees"], "features": "geo_knn"}, PROBLEM)
    one = fit(PROBLEM, config, FRAME, SPLIT, lambda _: False)
    two = fit(PROBLEM, config, changed, SPLIT, lambda _: False)
    assert np.array_equal(one.predictions, two.predictions)


def test_predictions_stay_in_the_range_of_training_prices() -> None:
    result, _ = _fit("hist_gradient_boosting")
    assert result.predictions.min() >= FRAME.iloc[SPLIT.train][TARGET].min()
    assert result.predictions.max() <= FRAME.iloc[SPLIT.train][TARGET].max()


@pytest.mark.slow
def test_two_processes_agree_to_the_last_bit_on_the_real_data(real_csv: Path) -> None:
    code = """
import json, sys
from pathlib import Path
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular import fit, metrics, split, tables, trial_config
frame = tables.read_csv(PROBLEM, Path(sys.argv[1]))
config = trial_config.TrialConfig.from_sweep({"max_iter": 150}, PROBLEM)
rows = split.make_split(PROBLEM, frame, "random", 0)
result = fit.fit(PROBLEM, config, frame, rows, lambda _: False)
print(json.dumps([result.scores["val_rmse"], metrics.predictions_sha256(result.predictions)]))
"""

    def run(hash_seed: str) -> list[object]:
        env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", code, str(real_csv)],
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        answer: list[object] = json.loads(done.stdout)
        return answer

    one, two = run("1"), run("2")
    assert one == two
    assert isinstance(one[0], float)
    assert one[0] < 0.42
