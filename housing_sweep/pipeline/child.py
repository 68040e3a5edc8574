"""What `judge.fresh_process` runs: one command, a request file in, an answer file out.

Requests are flat JSON. `csv` is the dataset, `problem` what it is about (absent in requests that
were written down before there was more than one), `config` a trial's, `model` a path to
`model.joblib` with its `sha256` (for `predict`: to `model.skops`). Arrays travel as .npy files
whose paths the request names.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from housing_sweep.errors import HousingSweepError, Refused
from housing_sweep.pipeline.train import model_files
from housing_sweep.pipeline.values import FetchedDataset
from housing_sweep.tabular import data_findings, evaluation, refit, split, tables
from housing_sweep.tabular.arrays import Floats
from housing_sweep.tabular.data_findings import DataPolicy
from housing_sweep.tabular.extras import first_problem
from housing_sweep.tabular.fit import FitResult, fit
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.trial_config import TrialConfig

LATENCY_CALLS = 5
"""Predictions of one row, timed: each is a call per tree, of which the default has 900."""


def main() -> None:
    """Run the command in `argv`: NAME REQUEST ANSWER."""
    name, question, answer = sys.argv[1:4]
    try:
        result = COMMANDS[name](json.loads(Path(question).read_text()))
    except HousingSweepError as error:
        print(f"error: {error.what}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    Path(answer).write_text(json.dumps(result))


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


def baseline(request: Mapping[str, Any]) -> dict[str, object]:
    """Fit the default forest on the training rows of a trial's split; predict every row."""
    table = _Table.of(request)
    config = refit.baseline(table.problem)
    result = fit(table.problem, config, table.frame, table.rows, lambda _: False)
    return {"fit_seconds": result.fit_seconds, **_predicted(request, table, result.model)}


def hard_split(request: Mapping[str, Any]) -> dict[str, object]:
    """Fit a config where what is really new is held out; predict the test rows there, into `out`.

    The config's split seed draws which rows those are.
    """
    table = _Table.of(request)
    began = time.perf_counter()
    hard = refit.hard_test(table.problem, table.frame, table.config.split_seed)
    if hard is None:
        raise Refused(f"{table.problem.name} has no hard split")
    predicted = refit.predict_hard(table.problem, table.config, table.frame, hard)
    np.save(request["out"], predicted, allow_pickle=False)
    return {"fit_seconds": time.perf_counter() - began}


def _predicted(request: Mapping[str, Any], table: _Table, model: TabularModel) -> dict[str, object]:
    """Write predictions for every row to `rows_out`, if it is asked for; return the speed."""
    if not request.get("rows_out"):
        return {}
    began = time.perf_counter()
    predicted = model.predict(table.frame)
    seconds = time.perf_counter() - began
    np.save(request["rows_out"], predicted, allow_pickle=False)
    speed = {"latency_ms": _latency(model, table), "rows_per_second": len(predicted) / seconds}
    return {"speed": speed}


def _latency(model: TabularModel, table: _Table) -> float:
    """Return the median time of a prediction of one test row, ms."""
    took = []
    for row in table.rows.test[:LATENCY_CALLS]:
        one = table.frame.iloc[[row]]
        began = time.perf_counter()
        model.predict(one)
        took.append(time.perf_counter() - began)
    return 1000 * float(np.median(took))


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
    facts = model_files.write(
        folder, table.config, result, table.rows, dataset, refit_of, interval90
    )
    extra = _predicted(request, table, result.model)
    return {**facts, **extra, "fit_seconds": result.fit_seconds} if extra else facts


def predict(request: Mapping[str, Any]) -> dict[str, object]:
    """Predict the rows of a CSV that has the inputs, into `out`."""
    frame = tables.read_inputs(_problem(request), Path(request["csv"]))
    predicted = model_files.load(Path(request["model"]), request["sha256"]).predict(frame)
    np.save(request["out"], predicted, allow_pickle=False)
    return {"rows": len(frame)}


def examine_data(request: Mapping[str, Any]) -> dict[str, object]:
    """Return what is wrong with the dataset as the config splits it, judged by `policy`."""
    table, policy = _Table.of(request), DataPolicy.of(request["policy"])
    findings = data_findings.findings(table.problem, table.frame, table.rows, policy)
    return {"findings": [finding.as_json() for finding in findings]}


COMMANDS = {
    "baseline": baseline,
    "examine_data": examine_data,
    "hard_split": hard_split,
    "predict": predict,
    "rebuild": rebuild,
    "retrain": retrain,
}

if __name__ == "__main__":
    main()
