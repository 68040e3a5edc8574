"""How good are the models? RMSE on validation and test rows, mean of split seeds 0 to 4.

Our default spec, searched here by our own search (50 trials, split seed 0) and its best config then
fitted on every split; our features with fixed configs and the default forest on both splits;
XGBoost, LightGBM and CatBoost on the raw columns with the configs that 80 trials of TPE found for
them. The libraries live in an environment of their own below ~/.cache, made at the first run.

Differences of test RMSE are paired by split: the mean over the seeds with its 95 % interval
(Student's t, four degrees of freedom), against the default forest and against `geo_knn`, the
default before `geo_blend`. Splits overlap, so that the intervals are somewhat narrow.

    scripts/bench quality --csv housing.csv [--trials 50] [--no-libraries] [--only NAME ...]
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before anything loads OpenMP; two processes on two cores

import numpy as np

from housing_sweep.tabular.arrays import Floats

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "sweeps" / "hist_gradient_boosting.yaml"
SEEDS = range(5)
VENV = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "housing-sweep-bench"
LIBRARIES = {"xgboost": "xgboost-cpu", "lightgbm": "lightgbm", "catboost": "catboost"}
"""Module -> what is installed (the CPU build is 5 MB, the default one 200)."""

BOOSTING = {"max_iter": 3000, "n_iter_no_change": 50, "plots": "none"}
FIXED: dict[str, dict[str, object]] = {
    "raw": {
        **{"learning_rate": 0.03, "max_leaf_nodes": 52, "min_samples_leaf": 13},
        **{"l2_regularization": 0.1093, "max_features": 0.3465, "max_bins": 217, "max_depth": 9},
    },
    "geo": {
        **{"learning_rate": 0.0401, "max_leaf_nodes": 102, "min_samples_leaf": 2},
        **{"l2_regularization": 3.2802, "max_features": 0.2055, "max_bins": 226, "max_depth": 9},
    },
    "geo_context": {
        **{"learning_rate": 0.0401, "max_leaf_nodes": 102, "min_samples_leaf": 2},
        **{"l2_regularization": 3.2802, "max_features": 0.2055, "max_bins": 226, "max_depth": 9},
    },
}
"""Configs per feature set: found by 80 trials of TPE on split seed 0; `raw` is slower than
found (0.03 for 0.065)."""

PLACES: dict[str, object] = {
    **{"learning_rate": 0.03, "min_samples_leaf": 80, "l2_regularization": 10.0},
    "max_features": 0.2,
}
"""Shrunk hard, by hand: for places never seen, and for `geo_knn` anywhere."""
FIXED["geo_knn"] = PLACES
FIXED["geo_blend"] = {
    **{"learning_rate": 0.02, "max_leaf_nodes": 80, "min_samples_leaf": 40},
    **{"l2_regularization": 10.0, "max_features": 0.1},
}
"""By hand, on split seeds 0 to 2; the same on both splits."""
FOREST: dict[str, object] = {
    **{"model": "random_forest", "features": "raw", "n_estimators": 100, "max_features": 1.0},
    "plots": "none",
}
"""scikit-learn's default, which `sweeps/baseline.yaml` fits."""

REFERENCES = {"default forest": "default forest, raw", "geo_knn": "ours, geo_knn"}
"""What the others are compared with, by the beginning of its row's name."""

STUDENT = 2.776
"""Of 97.5 % at four degrees of freedom: five seeds."""

Scores = tuple[float, float, float]
"""RMSE on validation and test rows, and seconds."""


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--csv", type=Path, default=os.environ.get("HOUSING_SWEEP_CSV"))
    parser.add_argument("--trials", type=int, default=50, help="of the search (default: 50)")
    parser.add_argument("--no-libraries", action="store_true", help="ours only")
    parser.add_argument("--only", nargs="*", default=[""], help="rows that hold one of these words")
    parser.add_argument("--processes", type=int, default=2, help="fits at once (default: 2)")
    parser.add_argument("--library", choices=LIBRARIES, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.library:
        print(json.dumps(fit_library(options.library, options.rows)))
        return 0
    if options.csv is None:
        parser.error("give the California housing data: --csv PATH, or HOUSING_SWEEP_CSV")
    began = time.monotonic()
    versus = "".join(f"{f'vs {name}':>30}" for name in REFERENCES)
    print(f"{'':44}{'val RMSE':>18}{'test RMSE':>18}{'fit':>8}{versus}")
    rows: dict[str, list[Scores]] = {}
    with ProcessPoolExecutor(options.processes) as pool:
        for name, config in rows_of_ours(options, pool):
            if chosen(options, name):
                rows[name] = list(pool.map(fit_ours, [options.csv] * 5, [config] * 5, SEEDS))
                show(name, rows)
    if not options.no_libraries:
        libraries(options, rows)
    print(f"{time.monotonic() - began:.0f} s in all; 100,000 USD; mean of split seeds 0-4 ± sd")
    return 0


def chosen(options: argparse.Namespace, name: str) -> bool:
    """Return whether a row is asked for."""
    return any(word in name for word in options.only)


def rows_of_ours(
    options: argparse.Namespace, pool: ProcessPoolExecutor
) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the rows of our models: name and trial config."""
    for split in ("random", "spatial"):
        yield f"default forest, raw, {split}", {**FOREST, "split": split}
    for kind, config in FIXED.items():
        yield f"ours, {kind}, random", {**BOOSTING, **config, "features": kind}
    for kind in FIXED:
        config = FIXED[kind] if kind == "geo_blend" else PLACES
        yield f"ours, {kind}, spatial", {**BOOSTING, **config, "features": kind, "split": "spatial"}
    name = f"default spec, best of {options.trials} trials"
    parts: dict[str, dict[str, object]] = {
        "random": {},
        "spatial": {"split": "spatial"},
        "random, refit": {"_refit": True},
    }
    if any(chosen(options, f"{name}, {part}") for part in parts):
        config = search(options, pool)
        for part, more in parts.items():
            yield f"{name}, {part}", {**config, **more}


def search(options: argparse.Namespace, pool: ProcessPoolExecutor) -> dict[str, object]:
    """Return the best config found for the default spec on split seed 0, a trial a process."""
    from concurrent.futures import FIRST_COMPLETED, Future, wait

    from housing_sweep.search import bayes
    from housing_sweep.search.score import Goal
    from housing_sweep.search.spec import parse_yaml
    from housing_sweep.search.trial import Trial, TrialState

    spec = parse_yaml(SPEC.read_text())
    began, number, trials = time.monotonic(), 0, options.trials
    finished: list[Trial] = []
    running: dict[Future[Scores], Trial] = {}
    while number < trials or running:
        while number < trials and len(running) < options.processes:
            params = bayes.suggest(spec, finished, list(running.values()), 0, number)
            trial = Trial(number=number, params=params, state=TrialState.RUNNING, value=None)
            running[pool.submit(fit_ours, options.csv, {**params, "plots": "none"}, 0)] = trial
            number += 1
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            trial = running.pop(done)
            finished.append(
                Trial(trial.number, trial.params, TrialState.FINISHED, done.result()[0])
            )
    best = min(finished, key=lambda t: (t.loss(Goal.MINIMIZE) or 0.0, t.number))
    print(f"  searched {trials} trials in {time.monotonic() - began:.0f} s: {best.params}")
    return {**best.params, "plots": "none"}


def fit_ours(csv: Path, config: Mapping[str, object], seed: int) -> Scores:
    """Return the scores of one fit."""
    from housing_sweep.housing.problem import PROBLEM, TARGET
    from housing_sweep.tabular import metrics, tables
    from housing_sweep.tabular.fit import fit
    from housing_sweep.tabular.refit import refit
    from housing_sweep.tabular.split import make_split
    from housing_sweep.tabular.trial_config import TrialConfig

    frame = tables.read_csv(PROBLEM, csv)
    again = bool(config.get("_refit"))
    trial = TrialConfig.from_sweep({**config, "split_seed": seed}, PROBLEM)
    split = make_split(PROBLEM, frame, trial.split, seed)
    began = time.perf_counter()
    result = fit(PROBLEM, trial, frame, split, lambda _: False)
    model, val = result.model, result.scores["val_rmse"]
    if again:
        model, val = refit(PROBLEM, trial, frame, split, result.best_iteration).model, float("nan")
    took = time.perf_counter() - began
    test = frame.iloc[split.test]
    return val, metrics.rmse(test[TARGET].to_numpy(dtype=float), model.predict(test)), took


def show(name: str, rows: Mapping[str, list[Scores]]) -> None:
    """Print one row of the table, compared with the references that are there already."""
    val, test, took = (np.array(column) for column in zip(*rows[name], strict=True))
    spread = [
        "-" if np.isnan(x).any() else f"{x.mean():.4f} ± {x.std(ddof=1):.4f}" for x in (val, test)
    ]
    split = "spatial" if "spatial" in name else "random"
    versus = "".join(
        f"{difference(test, rows.get(f'{start}, {split}')):>30}" for start in REFERENCES.values()
    )
    print(f"{name:44}{spread[0]:>18}{spread[1]:>18}{took.mean():6.1f} s{versus}", flush=True)


def difference(test: Floats, reference: list[Scores] | None) -> str:
    """Return the mean difference to a reference on the same splits, with its interval."""
    if reference is None:
        return "-"
    less = test - np.array([scores[1] for scores in reference])
    half = STUDENT * less.std(ddof=1) / np.sqrt(len(less))
    return f"{less.mean():+.4f} [{less.mean() - half:+.4f}, {less.mean() + half:+.4f}]"


def libraries(options: argparse.Namespace, rows: dict[str, list[Scores]]) -> None:
    """Fit the three libraries on raw columns in their own environment, and print their rows."""
    from housing_sweep.housing.problem import FEATURES, PROBLEM, TARGET
    from housing_sweep.tabular import tables
    from housing_sweep.tabular.split import make_split

    names = [name for name in LIBRARIES if chosen(options, f"{name}, raw, random")]
    python = library_python() if names else Path()
    frame = tables.read_csv(PROBLEM, options.csv)
    for name in names:
        results: list[Scores] = []
        for seed in SEEDS:
            split = make_split(PROBLEM, frame, "random", seed)
            with tempfile.TemporaryDirectory() as scratch:
                arrays = Path(scratch) / "rows.npz"
                np.savez(
                    arrays,
                    x=frame[list(FEATURES)].to_numpy(dtype=float),
                    y=frame[TARGET].to_numpy(dtype=float),
                    **{part: getattr(split, part) for part in ("train", "validation", "test")},
                )
                command = [str(python), __file__, "--library", name, "--rows", str(arrays)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
            results.append(tuple(json.loads(done.stdout.splitlines()[-1])))
        rows[f"{name}, raw, random"] = results
        show(f"{name}, raw, random", rows)


def library_python() -> Path:
    """Return the Python of the libraries' environment, made if it is not there."""
    python = VENV / "bin" / "python"
    if not (VENV / "made").exists():
        print(f"  making {VENV} (once)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, *LIBRARIES.values(), "scikit-learn"], check=True)
        (VENV / "made").touch()
    return python


def fit_library(name: str, rows: Path) -> Scores:
    """Return the scores of a library with its tuned config."""
    with np.load(rows) as held:
        x, y = held["x"], held["y"]
        train, validation, test = held["train"], held["validation"], held["test"]
    began = time.perf_counter()
    model = globals()[f"_{name}"](x[train], y[train], x[validation], y[validation])
    took = time.perf_counter() - began
    low, high = y[train].min(), y[train].max()

    def rmse(part: Any) -> float:
        predicted = np.clip(model.predict(x[part]), low, high)
        return float(np.sqrt(np.mean((predicted - y[part]) ** 2)))

    return rmse(validation), rmse(test), took


def _xgboost(x: Any, y: Any, x_val: Any, y_val: Any) -> Any:
    xgboost = importlib.import_module("xgboost")

    model = xgboost.XGBRegressor(
        n_estimators=3000, learning_rate=0.0253, max_depth=6, min_child_weight=3.0411,
        reg_lambda=1.2467, colsample_bynode=0.6219, subsample=0.9577, gamma=0.0002,
        early_stopping_rounds=50, n_jobs=1, random_state=0,
    )  # fmt: skip
    return model.fit(x, y, eval_set=[(x_val, y_val)], verbose=False)


def _lightgbm(x: Any, y: Any, x_val: Any, y_val: Any) -> Any:
    lightgbm = importlib.import_module("lightgbm")

    model = lightgbm.LGBMRegressor(
        n_estimators=3000, learning_rate=0.0216, num_leaves=42, min_child_samples=12,
        reg_lambda=0.9807, colsample_bytree=0.7968, feature_fraction_bynode=0.5206,
        subsample=0.7489, subsample_freq=1, n_jobs=1, random_state=0, verbose=-1,
    )  # fmt: skip
    stop = lightgbm.early_stopping(50, verbose=False)
    return model.fit(x, y, eval_set=[(x_val, y_val)], callbacks=[stop])


def _catboost(x: Any, y: Any, x_val: Any, y_val: Any) -> Any:
    catboost = importlib.import_module("catboost")

    model = catboost.CatBoostRegressor(
        iterations=3000, learning_rate=0.0579, depth=7, l2_leaf_reg=1.2611, random_strength=0.936,
        bagging_temperature=0.1776, rsm=0.4964, min_data_in_leaf=1, early_stopping_rounds=50,
        thread_count=1, random_seed=0, verbose=False, allow_writing_files=False,
    )  # fmt: skip
    return model.fit(x, y, eval_set=(x_val, y_val))


if __name__ == "__main__":
    sys.exit(main())
