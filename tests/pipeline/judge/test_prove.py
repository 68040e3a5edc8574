"""Models proved by building them again: what is built, what is not, and what is found out."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from housing_sweep.pipeline.judge.build_cache import BuildCache
from housing_sweep.pipeline.judge.builder import Builder
from housing_sweep.pipeline.judge.prove import Proved, Prover
from housing_sweep.registry.proof import How
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.search.score import score_of
from tests.support.real_trials import RealTrials, SameProcess

RMSE = score_of({})


class Evil:
    """Runs code when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a stranger's pickle was loaded",))


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> BuildCache:
    """What the tests of this file built: each fit once."""
    return BuildCache(tmp_path_factory.mktemp("cache") / "builds")


@pytest.fixture
def trials(tmp_path: Path) -> RealTrials:
    return RealTrials(tmp_path)


@pytest.fixture
def prover(trials: RealTrials, builds: BuildCache) -> Iterator[Prover]:
    builder = Builder(builds, lambda _: None, SameProcess())
    backend = trials.backend
    yield Prover(
        backend.runs, backend.artifacts, builder, lambda _: None, lambda: trials.expectation
    )
    builder.close()


def _model(prover: Prover, run: str) -> Model:
    return prover.artifacts.model(f"e/p/model-{run}:v0")


def _why(prover: Prover, run: Candidate) -> str:
    verdict = prover.examine(run, RMSE)
    assert isinstance(verdict, str)
    return verdict


def test_an_honest_trial_is_proved_bit_for_bit(trials: RealTrials, prover: Prover) -> None:
    run = trials.add("a")
    model = prover.examine(run, RMSE)
    assert isinstance(model, Model)
    proved = prover.get(model)
    assert proved.proof.how is How.IDENTICAL
    assert proved.facts == proved.looked.files.facts


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"config": {"max_iter": 11}}, "val_rmse is "),
        ({"config": {"learning_rate": 7.0}}, "learning_rate: 7.0 is outside"),
        ({"split_fingerprint": "beef"}, "split_fingerprint is beef in model.json, "),
        ({"best_iteration": 3}, "best_iteration is 3 in model.json, built again it is 12"),
        ({"interval90": 0.001}, "interval90 is 0.001 in model.json, built again it is "),
        ({"refit_of": "e/p/model-a:v0"}, "it says that it is a refit"),
        ({"dataset_digest": "x"}, "that of its sweep digest"),
        ({"predictions_sha256": "0" * 64}, "predictions.npy was changed"),
    ],
)
def test_a_false_fact_is_named(
    trials: RealTrials, prover: Prover, facts: dict[str, Any], why: str
) -> None:
    run = trials.add("a")
    recorded = json.loads(trials.backend.files["e/p/model-a:v0"]["model.json"])
    if "config" in facts:
        facts = {"config": {**recorded["config"], **facts["config"]}}
    trials.change("a", **facts)
    trials.backend.candidates[0].summary.pop("split_fingerprint")  # type: ignore[attr-defined]
    assert why in _why(prover, run)


def test_a_pickle_is_never_loaded(trials: RealTrials, prover: Prover) -> None:
    run = trials.add("a")
    content = io.BytesIO()
    joblib.dump(Evil(), content)
    files = trials.backend.files["e/p/model-a:v0"]
    files["model.joblib"] = content.getvalue()
    assert "model.joblib was changed" in _why(prover, run)


def test_predictions_that_are_no_numbers_are_no_reason_to_stop(
    trials: RealTrials, prover: Prover
) -> None:
    run = trials.add("a")
    content = io.BytesIO()
    np.save(content, np.array([Evil()], dtype=object), allow_pickle=True)
    trials.backend.files["e/p/model-a:v0"]["predictions.npy"] = content.getvalue()
    assert "predictions.npy does not hold the numbers" in _why(prover, run)


def test_a_refit_is_proved_with_its_origin(trials: RealTrials, prover: Prover) -> None:
    trials.add("a")
    _refit(trials, "a", iterations=12)
    proved = prover.version(_model(prover, "a-refit"))
    assert isinstance(proved, Proved)
    assert proved.facts.refit_of == "e/p/model-a:v0"


def test_a_refit_of_another_length_than_its_origin_is_rejected(
    trials: RealTrials, prover: Prover
) -> None:
    trials.add("a")
    _refit(trials, "a", iterations=3)
    why = prover.version(_model(prover, "a-refit"))
    assert isinstance(why, str)
    assert why.startswith(("best_iteration is 3", "predictions_sha256 is"))


@pytest.mark.parametrize("origin", ["a-refit", "nobody"])
def test_a_refit_of_itself_or_of_nothing_is_rejected(
    trials: RealTrials, prover: Prover, origin: str
) -> None:
    trials.add("a")
    _refit(trials, "a", iterations=12)
    trials.change("a-refit", refit_of=f"e/p/model-{origin}:v0")
    why = prover.version(_model(prover, "a-refit"))
    assert isinstance(why, str)
    assert f"it says that it is a refit of e/p/model-{origin}:v0" in why


def _refit(trials: RealTrials, run: str, iterations: int) -> None:
    """Log the refit of a trial, with a number of iterations of somebody's choice."""
    from housing_sweep.housing.problem import PROBLEM
    from housing_sweep.pipeline import child
    from housing_sweep.registry.model_facts import ModelFacts

    recorded = json.loads(trials.backend.files[f"e/p/model-{run}:v0"]["model.json"])
    folder = trials.folder / f"{run}-refit"
    folder.mkdir()
    request = {
        "csv": str(trials.dataset.csv),
        "problem": PROBLEM.as_document(),
        "config": recorded["config"],
        "folder": str(folder),
        "data": trials.dataset.as_data(),
        "iterations": iterations,
        "refit_of": f"e/p/model-{run}:v0",
        "interval90": recorded["interval90"],
    }
    trials.log(f"{run}-refit", folder, ModelFacts.parse(child.retrain(request), "a refit"))
