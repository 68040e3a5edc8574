"""Models that a released version wrote: this one loads them, and they predict the same bits."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from housing_sweep.pipeline import child
from housing_sweep.pipeline.train import model_files
from housing_sweep.tabular import metrics, tables
from housing_sweep.tabular.dataset_files import problem_of
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig

HERE = Path(__file__).parent
MODELS = sorted(path.parent for path in HERE.glob("model-*/*/model.json"))


def _facts(model: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((model / "model.json").read_text("utf-8"))
    return facts


def _problem(model: Path) -> Problem:
    return problem_of((model.parent / "schema.json").read_bytes())


def _id(model: Path) -> str:
    return model.relative_to(HERE).as_posix()


def test_there_are_some() -> None:
    assert len(MODELS) >= 2


@pytest.mark.parametrize("model", MODELS, ids=_id)
def test_what_is_written_down_about_a_model_is_read_again(model: Path) -> None:
    facts, problem = _facts(model), _problem(model)
    assert Problem.parse(facts["problem"], "model.json").same_table(problem)
    config = TrialConfig.from_sweep(facts["config"], problem)
    assert config.as_dict() == facts["config"]
    frame = tables.read_csv(problem, model.parent / problem.file)
    split = make_split(problem, frame, config.split, config.split_seed)
    assert split.fingerprint == facts["split_fingerprint"]
    predictions = np.load(model / "predictions.npy", allow_pickle=False)
    assert metrics.predictions_sha256(predictions) == facts["predictions_sha256"]
    truth = frame[problem.target.name].to_numpy()[split.validation]
    assert metrics.scores(truth, predictions) == pytest.approx(facts["scores"], rel=1e-9)


@pytest.mark.parametrize("model", MODELS, ids=_id)
def test_a_model_on_disk_predicts_what_it_predicted_then(model: Path) -> None:
    facts, problem = _facts(model), _problem(model)
    wrote, here = facts["libraries"]["scikit-learn"], version("scikit-learn")
    if wrote != here:
        pytest.skip(f"written by scikit-learn {wrote}, here is {here}: it promises nothing")
    frame = tables.read_csv(problem, model.parent / problem.file)
    config = TrialConfig.from_sweep(facts["config"], problem)
    rows = make_split(problem, frame, config.split, config.split_seed).validation
    loaded = joblib.load(model / "model.joblib")  # our own
    predicted = loaded.predict(frame.iloc[rows])
    assert metrics.predictions_sha256(predicted) == facts["predictions_sha256"]


@pytest.mark.parametrize("model", MODELS, ids=_id)
def test_the_safe_file_predicts_what_the_model_predicted_then(model: Path) -> None:
    facts, problem = _facts(model), _problem(model)
    if facts["libraries"]["scikit-learn"] != version("scikit-learn"):
        pytest.skip("written by another scikit-learn: it promises nothing")
    sha256 = hashlib.sha256((model / "model.skops").read_bytes()).hexdigest()
    assert facts.get("skops_sha256", sha256) == sha256
    loaded = model_files.load(model / "model.skops", sha256)
    frame = tables.read_csv(problem, model.parent / problem.file)
    config = TrialConfig.from_sweep(facts["config"], problem)
    split = make_split(problem, frame, config.split, config.split_seed)
    predicted = loaded.predict(frame.iloc[split.validation])
    assert metrics.predictions_sha256(predicted) == facts["predictions_sha256"]


@pytest.mark.parametrize("model", MODELS, ids=_id)
def test_a_request_that_names_no_problem_means_the_first_one(model: Path) -> None:
    facts = _facts(model)
    request = {"csv": str(model.parent / "housing.csv"), "config": facts["config"]}
    table = child._Table.of(request)
    assert table.problem == _problem(model)
    assert table.rows.fingerprint == facts["split_fingerprint"]
