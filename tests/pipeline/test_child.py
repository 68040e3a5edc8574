"""The commands that run in a fresh process, called here."""

import hashlib
import json
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from housing_sweep.errors import DataError, Refused
from housing_sweep.pipeline import child
from housing_sweep.tabular import refit, tables
from housing_sweep.tabular.data_findings import DataPolicy, Finding, Severity
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


def test_a_trial_is_built_again_to_the_bit_with_predictions_for_every_row(
    request_: dict[str, object], tmp_path: Path
) -> None:
    again = tmp_path / "again"
    again.mkdir()
    rows = str(tmp_path / "rows.npy")
    answer = child.rebuild({**request_, "folder": str(again), "rows_out": rows})
    assert answer["model_sha256"] == request_["sha256"]
    assert {"speed", "fit_seconds"} <= answer.keys()
    model = joblib.load(str(request_["model"]))  # our own
    assert np.array_equal(np.load(rows), model.predict(flats(300)))


def test_rows_are_predicted_from_the_inputs_alone(
    request_: dict[str, object], tmp_path: Path
) -> None:
    rows = flats(7, seed=9).drop(columns=FLATS.target.name)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    model = joblib.load(str(request_["model"]))
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
        child.hard_split(request_)


def test_a_config_is_fitted_where_whole_cells_are_held_out(request_: dict[str, object]) -> None:
    hard = refit.hard_test(FLATS, flats(300), 4)
    assert hard is not None
    child.hard_split({**request_, "config": {**CONFIG, "split": "random", "split_seed": 4}})
    assert np.load(str(request_["out"])).shape == hard.truth.shape
    plain = {**FLATS.as_document(), "place": None}
    with pytest.raises(Refused, match="flats has no hard split"):
        child.hard_split({**request_, "problem": plain, "config": {**CONFIG, "split": "random"}})


def test_the_baseline_is_fitted_on_the_trials_own_split(
    request_: dict[str, object], tmp_path: Path
) -> None:
    rows = tmp_path / "rows.npy"
    config = {**refit.baseline(FLATS).as_dict(), "split": "spatial"}
    answer = child.baseline({**request_, "config": config, "rows_out": str(rows)})
    assert np.load(rows).shape == (300,)
    assert isinstance(answer["fit_seconds"], float)


def test_the_data_is_examined_as_the_config_splits_it(request_: dict[str, object]) -> None:
    policy = DataPolicy().as_json()
    assert child.examine_data({**request_, "policy": policy}) == {"findings": []}
    twice = pd.concat([flats(300)] * 2, ignore_index=True)
    Path(str(request_["csv"])).write_bytes(csv_bytes(FLATS, twice))
    config = {**CONFIG, "split": "random"}
    answer = child.examine_data({**request_, "config": config, "policy": policy})
    (document,) = json.loads(json.dumps(answer))["findings"]
    finding = Finding.parse(document)
    assert (finding.kind, finding.severity) == ("copied_rows", Severity.REFUSED)


def test_a_table_is_read_back_as_it_was_written(request_: dict[str, object]) -> None:
    assert tables.read_csv(FLATS, Path(str(request_["csv"]))).equals(flats(300))
