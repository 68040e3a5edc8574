"""How big and how fast `model.skops` is beside `model.joblib`: bytes, and seconds of CPU.

Run by `scripts/bench model_file`. Data: 20,640 synthetic rows.
"""

import argparse
import io
import sys
import time
import zipfile
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.train.model_files import COMPRESSION
from housing_sweep.tabular import model_file
from housing_sweep.tabular.fit import fit
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig

CONFIGS: dict[str, dict[str, object]] = {
    "boosting, defaults": {},
    "boosting, 1,500 small trees": {"max_iter": 1500, "max_leaf_nodes": 4, "features": "raw"},
    "random forest, 60 trees": {"model": "random_forest", "n_estimators": 60, "features": "geo"},
    "extra trees, 60 trees": {"model": "extra_trees", "n_estimators": 60, "features": "geo"},
}


T = TypeVar("T")


def _timed(act: Callable[[], T]) -> tuple[T, float]:
    began = time.process_time()
    return act(), time.process_time() - began


def _joblib(model: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=COMPRESSION)
    return buffer.getvalue()


def main() -> int:
    """Print a row per config."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    model_file.dump(_fitted({"max_iter": 2}))  # imports
    table = synthetic.make()
    print(f"{'':30}{'fit':>8}{'':4}{'skops MB':>10}{'write':>8}{'load':>8}{'inflated':>10}", end="")
    print(f"{'joblib MB':>14}{'write':>8}{'load':>8}")
    for name, config in CONFIGS.items():
        model, fitting = _timed(partial(_fitted, config))
        content, writing = _timed(partial(model_file.dump, model))
        read, reading = _timed(partial(model_file.load, content, name))
        pickled, pickling = _timed(partial(_joblib, model))
        _, unpickling = _timed(partial(joblib.load, io.BytesIO(pickled)))
        if not np.array_equal(read.predict(table), model.predict(table)):
            sys.exit(f"{name}: other predictions")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inflated = sum(entry.file_size for entry in archive.infolist()) / len(content)
        print(f"{name:30}{fitting:8.1f}{'':4}{len(content) / 1e6:10.2f}{writing:8.2f}", end="")
        print(f"{reading:8.2f}{inflated:9.1f}x{len(pickled) / 1e6:14.2f}", end="")
        print(f"{pickling:8.2f}{unpickling:8.2f}", flush=True)
    return 0


def _fitted(raw: dict[str, object]) -> TabularModel:
    table = synthetic.make()
    config = TrialConfig.from_sweep(raw, PROBLEM)
    split = make_split(PROBLEM, table, config.split, config.split_seed)
    return fit(PROBLEM, config, table, split, lambda _: False).model


if __name__ == "__main__":
    with threadpool_limits(1):
        sys.exit(main())
