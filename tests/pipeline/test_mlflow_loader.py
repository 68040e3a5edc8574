"""What MLflow calls to load an exported model."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from housing_sweep.errors import Refused
from housing_sweep.pipeline.mlflow_loader import _load_pyfunc
from housing_sweep.tabular import model_file, refit
from housing_sweep.tabular.fit import FitResult
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig
from tests.tabular.flats import FLATS, flats


def _export(folder: Path) -> FitResult:
    frame = flats(200)
    split = make_split(FLATS, frame, "random", 0)
    result = refit.refit(FLATS, TrialConfig.from_sweep({"max_iter": 5}, FLATS), frame, split, 5)
    content = model_file.dump(result.model)
    (folder / "model.skops").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    (folder / "model.json").write_text(json.dumps({"skops_sha256": sha256}))
    return result


def test_the_loaded_model_predicts_the_same(tmp_path: Path) -> None:
    result = _export(tmp_path)
    rows = flats(50, seed=9)
    predicted = _load_pyfunc(str(tmp_path)).predict(rows)
    assert np.array_equal(predicted, result.model.predict(rows))


EVIL = b"cposix\nsystem\n(S'false'\ntR."


def test_a_file_that_was_changed_is_not_loaded(tmp_path: Path) -> None:
    _export(tmp_path)
    with (tmp_path / "model.skops").open("ab") as file:
        file.write(b"more")
    with pytest.raises(Refused, match="is not the recorded one"):
        _load_pyfunc(str(tmp_path))


def test_a_pickle_is_never_loaded_whatever_is_written_about_it(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(EVIL).hexdigest()
    (tmp_path / "model.joblib").write_bytes(EVIL)
    (tmp_path / "model.json").write_text(json.dumps({"model_sha256": sha256}))
    with pytest.raises(Refused, match=r"has no model\.skops"):
        _load_pyfunc(str(tmp_path))
    (tmp_path / "model.skops").write_bytes(EVIL)
    (tmp_path / "model.json").write_text(json.dumps({"skops_sha256": sha256}))
    with pytest.raises(Refused, match="is not loaded: it is no sound zip"):
        _load_pyfunc(str(tmp_path))
