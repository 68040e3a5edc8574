"""What a model artifact says of itself."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from housing_sweep.errors import Refused
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.train import model_files
from housing_sweep.pipeline.values import FetchedDataset
from housing_sweep.tabular.fit import fit
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig
from tests.tabular.flats import FLATS
from tests.tabular.tampered import FRAME, file_of, model_of


def test_the_code_of_a_problem_is_part_of_what_decides_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = model_files.code_sha256(PROBLEM), model_files.code_sha256(FLATS)
    assert ours != theirs
    assert ours == model_files.code_sha256(PROBLEM)
    (tmp_path / "fit.py").write_text("changed = True\n")
    modules = model_files._modules
    assert [path.name for path in modules("housing_sweep.housing")].count("geo_features.py") == 1
    monkeypatch.setattr(
        model_files,
        "_modules",
        lambda package: [tmp_path / "fit.py"] if package.endswith("housing") else modules(package),
    )
    assert model_files.code_sha256(PROBLEM) != ours
    assert model_files.code_sha256(FLATS) == theirs


def test_a_model_names_its_problem_whole(tmp_path: Path) -> None:
    frame = synthetic.make(300)
    config = TrialConfig.from_sweep({"features": "raw", "max_iter": 5}, PROBLEM)
    split = make_split(PROBLEM, frame, "random", 0)
    result = fit(PROBLEM, config, frame, split, lambda _: False)
    dataset = FetchedDataset("e/p/d:v0", "digest", tmp_path / "d.csv", "sha", "csv", PROBLEM)
    told = model_files.write(tmp_path, config, result, split, dataset)
    written = json.loads((tmp_path / "model.json").read_text())
    assert written == json.loads(json.dumps(told))
    assert Problem.parse(written["problem"], "model.json") == PROBLEM
    assert str(tmp_path) not in json.dumps(written)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(model_files.paths(tmp_path))


def test_the_safe_file_is_loaded_by_its_hash_alone(tmp_path: Path) -> None:
    safe = tmp_path / "model.skops"
    safe.write_bytes(file_of("extra_trees"))
    sha256 = hashlib.sha256(safe.read_bytes()).hexdigest()
    model = model_files.load(safe, sha256)
    assert np.array_equal(model.predict(FRAME), model_of("extra_trees").predict(FRAME))
    for changed in (safe.read_bytes() + b"x", b""):
        safe.write_bytes(changed)
        with pytest.raises(Refused, match=r"model\.skops is not the recorded one"):
            model_files.load(safe, sha256)
