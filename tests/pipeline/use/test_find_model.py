"""A model by any of its names; fetched, and not believed before its hashes agree."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from housing_sweep.errors import BadInput, DataError, HousingSweepError, NotFound, Refused
from housing_sweep.pipeline.train import model_files
from housing_sweep.pipeline.use.find_model import (
    AGAIN,
    checked_model,
    find_model,
    predict_csv,
    problem_of_model,
    safe_file,
)
from housing_sweep.pipeline.values import FetchedModel
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.tabular.metrics import predictions_sha256
from tests.support.fakes import FACTS, FakeBackend, Record, candidate

CONTENT = b"a model file"
SAFE = b"a safe one"
PREDICTED = np.array([1.0, 2.0])
SOUND = replace(
    FACTS,
    model_sha256=hashlib.sha256(CONTENT).hexdigest(),
    model_bytes=len(CONTENT),
    skops_sha256=hashlib.sha256(SAFE).hexdigest(),
    predictions_sha256=predictions_sha256(PREDICTED),
    libraries=model_files.installed(),
)


def _backend(
    facts: ModelFacts = SOUND, content: bytes = CONTENT, safe: bytes | None = SAFE
) -> FakeBackend:
    """Return a backend where run `a` logged a model, which was promoted to staging as v0.

    The record says that it was built again, whoever wrote it.
    """
    name, predictions = "e/p/model-a:v0", io.BytesIO()
    np.save(predictions, PREDICTED)
    files = {
        "model.joblib": content,
        "model.json": json.dumps(facts.document()).encode(),
        "predictions.npy": predictions.getvalue(),
    }
    built = {"model_sha256": facts.model_sha256, "skops_sha256": facts.skops_sha256}
    proof = {"how": "identical", "built": built}
    record = {"alias": "staging", "challenger": {"artifact_id": "id-a"}, "proof": proof}
    if safe is not None:
        files["model.skops"] = safe
    return FakeBackend(
        [candidate("a", 0.4)],
        links=[name],
        aliases={"staging": name},
        files={name: files},
        records=[Record("1", record, summary={"applied": True, "promoted": "r/c:v0"})],
    )


@pytest.mark.parametrize(
    "reference",
    [
        "staging",
        "registry:staging",
        "registry:v0",
        "v0",
        "model-a:v0",
        "e/p/model-a:v0",
        "a",
        "p/a",
    ],
)
def test_every_name_of_a_model_finds_it(reference: str) -> None:
    assert find_model(_backend(), reference).name == "e/p/model-a:v0"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("registry:production", "has no version production"),
        ("production", "production is neither an alias nor a run"),
        ("e/p/nobody", "e/p/nobody is neither an alias nor a run"),
        ("e/p/model-b:v0", "no model e/p/model-b:v0"),
    ],
)
def test_a_name_that_nothing_bears_is_not_found(reference: str, why: str) -> None:
    with pytest.raises(NotFound, match=why):
        find_model(_backend(), reference)


def test_a_run_without_a_model_says_so() -> None:
    backend = replace(_backend(), without_model=frozenset({"a"}))
    with pytest.raises(NotFound, match="run e/p/a logged no model"):
        find_model(backend, "p/a")


def test_what_no_model_can_be_called_is_bad_input() -> None:
    with pytest.raises(BadInput, match="is not a model"):
        find_model(_backend(), "a model")


def test_a_checked_model_is_deleted_when_it_is_not_needed_any_more() -> None:
    with checked_model(_backend(), "staging") as (model, files):
        assert model.name == "e/p/model-a:v0"
        assert safe_file(files).read_bytes() == SAFE
    assert not files.path.parent.exists()


def test_a_file_that_is_not_the_recorded_one_is_refused() -> None:
    with (
        pytest.raises(Refused, match=r"is not loaded: model\.joblib was changed"),
        checked_model(_backend(content=b"evil"), "staging"),
    ):
        pytest.fail("it was handed out")


@pytest.mark.parametrize(
    ("facts", "safe", "why", "fix"),
    [
        (SOUND, None, "it has no model.skops", AGAIN),
        (replace(SOUND, skops_sha256=""), SAFE, "it has no model.skops", AGAIN),
        (SOUND, b"another", "model.skops was changed", "name another version"),
    ],
)
def test_a_model_without_a_file_that_cannot_run_code_is_refused(
    facts: ModelFacts, safe: bytes | None, why: str, fix: str
) -> None:
    with (
        pytest.raises(Refused, match=f"is not loaded: {why}") as caught,
        checked_model(_backend(facts, safe=safe), "staging"),
    ):
        pytest.fail("it was handed out")
    assert caught.value.fix == fix


MARK = b"cposix\nmkdir\n(S'%s'\ntR."


def test_no_pickle_is_loaded_for_a_prediction_whatever_is_said_of_it(tmp_path: Path) -> None:
    from housing_sweep.housing import synthetic

    pickle = MARK % str(tmp_path / "mark").encode()
    sha256 = hashlib.sha256(pickle).hexdigest()
    facts = replace(SOUND, model_sha256=sha256, skops_sha256=sha256)
    synthetic.make(3).to_csv(tmp_path / "in.csv", index=False)
    table, out = tmp_path / "in.csv", tmp_path / "out.csv"
    with pytest.raises(Refused, match=r"cannot predict: model\.skops is not loaded"):
        predict_csv(_backend(facts, pickle, pickle), "staging", table, out, print)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_model_of_other_libraries_is_refused_with_their_versions() -> None:
    old = replace(SOUND, libraries={**model_files.installed(), "scikit-learn": "0.24.0"})
    with (
        pytest.raises(Refused, match=r"scikit-learn 0\.24\.0, installed is"),
        checked_model(_backend(old), "staging"),
    ):
        pytest.fail("it was handed out")


def test_a_table_that_cannot_be_used_leaves_no_output(tmp_path: Path) -> None:
    table, out = tmp_path / "in.csv", tmp_path / "out.csv"
    table.write_text("MedInc,Latitude\n1,2\n")
    with pytest.raises(DataError, match="column HouseAge is missing"):
        predict_csv(_backend(), "staging", table, out, print)
    assert list(tmp_path.iterdir()) == [table]


def test_an_output_that_cannot_be_written_is_told_before_the_model_runs(tmp_path: Path) -> None:
    from housing_sweep.housing import synthetic

    synthetic.make(3).to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(HousingSweepError, match="cannot write") as caught:
        predict_csv(_backend(), "staging", tmp_path / "in.csv", tmp_path / "no" / "out.csv", print)
    assert caught.value.fix == "name another --out"


def test_a_model_that_bears_a_known_name_and_has_another_table_is_refused() -> None:
    document = {**SOUND.problem, "columns": [{"name": "other"}], "place": None}
    files = FetchedModel(Path("m"), "", replace(SOUND, problem=document), None)
    with pytest.raises(DataError, match="problem with other columns"):
        problem_of_model(files)
