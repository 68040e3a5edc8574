"""What `judge.fresh_process` runs: one command, a request file in, an answer file out.

Requests are flat JSON. `csv` is the dataset, `problem` what it is about (absent in requests that
were written down before there was more than one), `config` a trial's, `model` a path to
`model.joblib` with its `sha256` (for `predict`: to `model.skops`). Arrays travel as .npy files
whose paths the request names.
"""

import hashlib
import io
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

os.environ.setdefault("OMP_NUM_THREADS", "1")

import joblib
import numpy as np
import pandas as pd

from housing_sweep.errors import HousingSweepError, Refused
from housing_sweep.pipeline.train import model_files
from housing_sweep.pipeline.values import FetchedDataset
from housing_sweep.tabular import evaluation, metrics, refit, split, tables
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.extras import first_problem
from housing_sweep.tabular.fit import FitResult, fit
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.trial_config import TrialConfig

LATENCY_CALLS = 25


def main() -> None:
    """Run the command in `argv`: NAME REQUEST ANSWER."""
    name, question, answer = sys.argv[1:4]
    try:
        result = COMMANDS[name](json.loads(Path(question).read_text()))
    except HousingSweepError as error:
        print(f"error: {error.what}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    Path(answer).write_text(json.dumps(result))


def load(path: str, sha256: str) -> TabularModel:
    """Return the model of a file that has this SHA-256, checked on the very bytes that are loaded.

    Raises:
        Refused: it has another one, or holds something else.
    """
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Refused("model.joblib changed while it was being verified")
    try:
        model = joblib.load(io.BytesIO(content))
    except Exception as error:  # noqa: BLE001  a pickle may raise anything
        what = f"model.joblib cannot be loaded: {type(error).__name__}: {error}"
        raise Refused(" ".join(what.split())) from None
    if not isinstance(model, TabularModel):
        raise Refused(f"model.joblib holds a {type(model).__name__}, not a TabularModel")
    return model


@dataclass(frozen=True, slots=True)
class _Table:
    """What a request is about: its problem, table, config, and the split of both."""

    problem: Problem
    frame: pd.DataFrame
    config: TrialConfig
    rows: split.Split

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Self:
        problem = _problem(request)
        frame = tables.read_csv(problem, Path(request["csv"]))
        config = TrialConfig.from_sweep(request["config"], problem)
        rows = split.make_split(problem, frame, config.split, config.split_seed)
        return cls(problem, frame, config, rows)

    @property
    def truth(self) -> Floats:
        return self.frame[self.problem.target.name].to_numpy(dtype=float)


def _problem(request: Mapping[str, Any]) -> Problem:
    document = request.get("problem")
    return first_problem() if document is None else Problem.parse(document, "the request")


def verify(request: Mapping[str, Any]) -> dict[str, object]:
    """Predict the validation rows again: their scores, and the distance from `predictions`."""
    table = _Table.of(request)
    rows = table.rows
    if rows.fingerprint != request["fingerprint"]:
        raise Refused(
            f"the split of the dataset has fingerprint {rows.fingerprint}, the model's had"
            f" {request['fingerprint']}"
        )
    model = load(request["model"], request["sha256"])
    predicted = model.predict(table.frame.iloc[rows.validation])
    differ = None
    if request.get("predictions"):
        saved = np.load(request["predictions"], allow_pickle=False)
        same = saved.shape == predicted.shape
        differ = float(np.max(np.abs(saved - predicted))) if same else float("inf")
    return {
        "scores": metrics.scores(table.truth[rows.validation], predicted),
        "predictions_sha256": metrics.predictions_sha256(predicted),
        "differ": differ,
    }


def evaluate(request: Mapping[str, Any]) -> dict[str, object]:
    """Predict the rows that `rows` names, into `out`: figures, latency, RMSE of the hard split."""
    table = _Table.of(request)
    model = load(request["model"], request["sha256"])
    return _judge(model, table.config, table, request)


def baseline(request: Mapping[str, Any]) -> dict[str, object]:
    """Fit the default forest on the training rows and judge it like `evaluate`."""
    table = _Table.of(request)
    config = refit.baseline(table.problem)
    model = fit(table.problem, config, table.frame, table.rows, lambda _: False).model
    return _judge(model, config, table, request)


def _judge(
    model: TabularModel, config: TrialConfig, table: _Table, request: Mapping[str, Any]
) -> dict[str, object]:
    chosen = table.frame.iloc[np.load(request["rows"], allow_pickle=False)]
    predicted = model.predict(chosen)
    np.save(request["out"], predicted, allow_pickle=False)
    problem = table.problem
    hard = refit.hard_split_score(problem, config, table.frame) if request["spatial"] else None
    figures = evaluation.figures(problem, chosen, predicted)
    return {**figures, **_speed(model, chosen), "hard": hard}


def _speed(model: TabularModel, rows: pd.DataFrame) -> dict[str, float]:
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
    table = _Table.of(request)
    iterations = int(request["iterations"])
    result = refit.refit(table.problem, table.config, table.frame, table.rows, iterations)
    # Its own errors on rows it has seen say nothing: the winner's interval stays.
    return _written(request, table, result, request["interval90"])


def rebuild(request: Mapping[str, Any]) -> dict[str, object]:
    """Fit a trial again, as it was fitted, and write the model artifact's files."""
    table = _Table.of(request)
    result = fit(table.problem, table.config, table.frame, table.rows, lambda _: False)
    half = evaluation.interval(table.truth[table.rows.validation], result.predictions)
    return _written(request, table, result, half)


def _written(
    request: Mapping[str, Any], table: _Table, result: FitResult, interval90: float | None
) -> dict[str, object]:
    data = {**request["data"], "csv": Path(request["csv"]), "problem": table.problem}
    dataset, folder = FetchedDataset(**data), Path(request["folder"])
    refit_of = request.get("refit_of", "")
    return model_files.write(
        folder, table.config, result, table.rows, dataset, refit_of, interval90
    )


def predict(request: Mapping[str, Any]) -> dict[str, object]:
    """Predict the rows of a CSV that has the inputs, into `out`."""
    frame = tables.read_inputs(_problem(request), Path(request["csv"]))
    predicted = model_files.load(Path(request["model"]), request["sha256"]).predict(frame)
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
