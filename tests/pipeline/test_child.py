"""The commands that run in a fresh process, called here."""

import hashlib
from pathlib import Path

import joblib
import numpy as np
import pytest

from housing_sweep.errors import DataError, Refused
from housing_sweep.pipeline import child
from housing_sweep.tabular import tables
from housing_sweep.tabular.dataset_files import csv_bytes
from tests.tabular.flats import FLATS, flats

CONFIG: dict[str, object] = {"max_iter": 15, "split": "spatial"}


@pytest.fixture
def request_(tmp_path: Path) -> dict[str, object]:
    """A request about flats, with a model of them."""
    csv = tmp_path / "flats.csv"
    csv.write_bytes(csv_bytes(FLATS, flats(300)))
    data = {"path": "e/p/flats:v0", "digest": "d", "csv": "", "sha256": "s", "source": "csv"}
    request = {
        "csv": str(csv),
        "problem": FLATS.as_document(),
        "config": CONFIG,
        "folder": str(tmp_path),
        "data": data,
    }
    facts = child.rebuild(request)
    model = {"model": str(tmp_path / "model.joblib"), "sha256": facts["model_sha256"]}
    return {**request, **model, "fingerprint": facts["split_fingerprint"], "out": str(csv) + ".npy"}


def test_a_model_is_verified_on_the_table_that_the_request_names(
    request_: dict[str, object], tmp_path: Path
) -> None:
    answer = child.verify({**request_, "predictions": str(tmp_path / "predictions.npy")})
    assert answer["differ"] == 0.0
    with pytest.raises(Refused, match="has fingerprint"):
        child.verify({**request_, "fingerprint": "other"})


def test_rows_are_predicted_from_the_inputs_alone(
    request_: dict[str, object], tmp_path: Path
) -> None:
    rows = flats(7, seed=9).drop(columns=FLATS.target.name)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    model = child.load(str(request_["model"]), str(request_["sha256"]))
    safe = tmp_path / "model.skops"
    asking = {**request_, "csv": str(tmp_path / "rows.csv"), "model": str(safe)}
    asking["sha256"] = hashlib.sha256(safe.read_bytes()).hexdigest()
    assert child.predict(asking) == {"rows": 7}
    assert np.array_equal(np.load(str(request_["out"])), model.predict(rows))
    with pytest.raises(Refused, match="is not loaded: it is no sound zip"):
        child.predict({**asking, "model": request_["model"], "sha256": request_["sha256"]})


def test_without_a_problem_a_request_is_about_the_first_one(request_: dict[str, object]) -> None:
    del request_["problem"]
    with pytest.raises(DataError, match="is not California housing data"):
        child.verify(request_)


def test_a_model_and_the_baseline_are_judged_alike(
    request_: dict[str, object], tmp_path: Path
) -> None:
    np.save(tmp_path / "rows.npy", np.arange(40))
    asking = {**request_, "rows": str(tmp_path / "rows.npy"), "spatial": True}
    for answer in (child.evaluate(asking), child.baseline(asking)):
        assert answer["rows"] == 40
        assert isinstance(answer["hard"], float)
        assert isinstance(answer["slices"], dict)
    assert child.evaluate({**asking, "spatial": False})["hard"] is None


def test_what_is_no_model_of_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump({"not": "a model"}, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(Refused, match="holds a dict, not a TabularModel"):
        child.load(str(path), sha256)
    with pytest.raises(Refused, match="changed"):
        child.load(str(path), "0" * 64)


def test_a_table_is_read_back_as_it_was_written(request_: dict[str, object]) -> None:
    assert tables.read_csv(FLATS, Path(str(request_["csv"]))).equals(flats(300))
