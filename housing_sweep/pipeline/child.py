"""What `pipeline.fresh` runs: one command, a request file in, an answer file out.

Requests are flat JSON. `csv` is the dataset, `config` a trial's, `model` a path to `model.joblib`
with its `sha256`. Arrays travel as .npy files whose paths the request names.
"""

import hashlib
import io
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import numpy as np
import pandas as pd

from housing_sweep.errors import HousingSweepError, Refused
from housing_sweep.housing import evaluation, metrics, refit, schema, split
from housing_sweep.housing.fit import FitResult, fit
from housing_sweep.housing.model import HousingModel
from housing_sweep.housing.trial_config import TrialConfig
from housing_sweep.pipeline.train import model_files
from housing_sweep.pipeline.values import DatasetVersion

LATENCY_CALLS = 25


def main() -> None:
    """Run the command in `argv`: NAME REQUEST ANSWER."""
    name, question, answer = sys.argv[1:4]
    try:
        found = COMMANDS[name](json.loads(Path(question).read_text()))
    except HousingSweepError as error:
        print(f"error: {error.what}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    Path(answer).write_text(json.dumps(found))


def load(path: str, sha256: str) -> HousingModel:
    """Return the model of a file that has this SHA-256, checked on the very bytes that are loaded.

    Raises:
        Refused: it has another one, or holds something else.
    """
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Refused("model.joblib changed while it was being verified")
    try:
        found = joblib.load(io.BytesIO(content))
    except Exception as error:  # noqa: BLE001  a pickle may raise anything
        what = f"model.joblib cannot be loaded: {type(error).__name__}: {error}"
        raise Refused(" ".join(what.split())) from None
    if not isinstance(found, HousingModel):
        raise Refused(f"model.joblib holds a {type(found).__name__}, not a HousingModel")
    return found


def _table(request: Mapping[str, Any]) -> tuple[pd.DataFrame, TrialConfig, split.Split]:
    frame = schema.read_csv(Path(request["csv"]))
    config = TrialConfig.from_sweep(request["config"])
    return frame, config, split.make_split(frame, config.split, config.split_seed)


def verify(request: Mapping[str, Any]) -> dict[str, object]:
    """Predict the validation rows again: their scores, and the distance from `predictions`."""
    frame, _, rows = _table(request)
    if rows.fingerprint != request["fingerprint"]:
        raise Refused(
            f"the split of the dataset has fingerprint {rows.fingerprint}, the model's had"
            f" {request['fingerprint']}"
        )
    validation = frame.iloc[rows.validation]
    predicted = load(request["model"], request["sha256"]).predict(validation)
    differ = None
    if request.get("predictions"):
        saved = np.load(request["predictions"], allow_pickle=False)
        same = saved.shape == predicted.shape
        differ = float(np.max(np.abs(saved - predicted))) if same else float("inf")
    return {
        "scores": metrics.scores(validation[schema.TARGET].to_numpy(dtype=float), predicted),
        "predictions_sha256": metrics.predictions_sha256(predicted),
        "differ": differ,
    }


def evaluate(request: Mapping[str, Any]) -> dict[str, object]:
    """Predict the rows that `rows` names, into `out`: figures, latency, spatial test RMSE."""
    frame, config, _ = _table(request)
    model = load(request["model"], request["sha256"])
    return _judge(model, config, frame, request)


def baseline(request: Mapping[str, Any]) -> dict[str, object]:
    """Fit the default forest on the training rows and judge it like `evaluate`."""
    frame, _, rows = _table(request)
    model = fit(refit.BASELINE, frame, rows, lambda _: False).model
    return _judge(model, refit.BASELINE, frame, request)


def _judge(
    model: HousingModel, config: TrialConfig, frame: pd.DataFrame, request: Mapping[str, Any]
) -> dict[str, object]:
    chosen = frame.iloc[np.load(request["rows"], allow_pickle=False)]
    predicted = model.predict(chosen)
    np.save(request["out"], predicted, allow_pickle=False)
    spatial = refit.spatial_rmse(config, frame) if request["spatial"] else None
    return {**evaluation.figures(chosen, predicted), **_speed(model, chosen), "spatial": spatial}


def _speed(model: HousingModel, rows: pd.DataFrame) -> dict[str, float]:
    """Return the median time for one row in ms, and rows per second when all are predicted."""
    took = []
    for number in range(LATENCY_CALLS):
        one = rows.iloc[[number % len(rows)]]
        began = time.perf_counter()
        model.predict(one)
        took.append(time.perf_counter() - began)
    began = time.perf_counter()
    model.predict(rows)
    whole = time.perf_counter() - began
    return {"latency_ms": 1000 * float(np.median(took)), "rows_per_second": len(rows) / whole}


def retrain(request: Mapping[str, Any]) -> dict[str, object]:
    """Fit on training and validation rows together, and write the model artifact's files."""
    frame, config, rows = _table(request)
    result = refit.refit(config, frame, rows, int(request["iterations"]))
    # Its own errors on rows it has seen say nothing: the winner's interval stays.
    return _written(request, config, result, rows, request["interval90"])


def rebuild(request: Mapping[str, Any]) -> dict[str, object]:
    """Fit a trial again, as it was fitted, and write the model artifact's files."""
    frame, config, rows = _table(request)
    result = fit(config, frame, rows, lambda _: False)
    truth = frame[schema.TARGET].to_numpy(dtype=float)[rows.validation]
    half = evaluation.interval(truth, result.predictions)
    return _written(request, config, result, rows, half)


def _written(
    request: Mapping[str, Any],
    config: TrialConfig,
    result: FitResult,
    rows: split.Split,
    interval90: float | None,
) -> dict[str, object]:
    data = DatasetVersion(**{**request["data"], "csv": Path(request["csv"])})
    folder = Path(request["folder"])
    refit_of = request.get("refit_of", "")
    return model_files.write(folder, config, result, rows, data, refit_of, interval90)


def predict(request: Mapping[str, Any]) -> dict[str, object]:
    """Predict the rows of a CSV with the eight raw columns, into `out`."""
    frame = schema.read_features(Path(request["csv"]))
    predicted = load(request["model"], request["sha256"]).predict(frame)
    np.save(request["out"], predicted, allow_pickle=False)
    return {"rows": len(frame)}


COMMANDS = {
    "verify": verify,
    "evaluate": evaluate,
    "baseline": baseline,
    "retrain": retrain,
    "rebuild": rebuild,
    "predict": predict,
}

if __name__ == "__main__":
    main()
