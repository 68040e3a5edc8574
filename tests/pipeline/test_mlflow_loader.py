"""What MLflow calls to load an exported model."""

import hashlib
import json
from pathlib import Path

import joblib
import numpy as np
import pytest

from housing_sweep.errors import HousingSweepError
from housing_sweep.pipeline.mlflow_loader import _load_pyfunc
from housing_sweep.tabular import refit
from housing_sweep.tabular.fit import FitResult
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig
from tests.tabular.flats import FLATS, flats


def _export(folder: Path) -> FitResult:
    frame = flats(200)
    split = make_split(FLATS, frame, "random", 0)
    result = refit.refit(FLATS, TrialConfig.from_sweep({"max_iter": 5}, FLATS), frame, split, 5)
    joblib.dump(result.model, folder / "model.joblib")
    sha256 = hashlib.sha256((folder / "model.joblib").read_bytes()).hexdigest()
    (folder / "model.json").write_text(json.dumps({"model_sha256": sha256}))
    return result


def test_the_loaded_model_predicts_the_same(tmp_path: Path) -> None:
    result = _export(tmp_path)
    rows = flats(50, seed=9)
    predicted = _load_pyfunc(str(tmp_path)).predict(rows)
    assert np.array_equal(predicted, result.model.predict(rows))


def test_a_file_that_was_changed_is_never_unpickled(tmp_path: Path) -> None:
    _export(tmp_path)
    (tmp_path / "model.joblib").write_bytes(b"cposix\nsystem\n(S'false'\ntR.")
    with pytest.raises(HousingSweepError, match="changed while it was being verified"):
        _load_pyfunc(str(tmp_path))
