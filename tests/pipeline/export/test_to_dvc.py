"""A DVC project, whole or not at all."""

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from housing_sweep.errors import BadInput, Conflict, Refused
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.export.checked_export import Export
from housing_sweep.pipeline.export.to_dvc import to_dvc
from housing_sweep.pipeline.values import FetchedDataset, FetchedModel
from tests.support.fakes import FACTS, candidate, model_of


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """A model of three small files, and its data."""
    files = tmp_path / "fetched"
    files.mkdir()
    for name in ("model.joblib", "model.skops", "model.json", "predictions.npy", "cached.csv"):
        (files / name).write_text(f"content of {name}")
    return Export(
        model=model_of("a"),
        files=FetchedModel(
            *(files / "model.joblib", "a" * 64, FACTS, files / "predictions.npy"),
            safe_path=files / "model.skops",
        ),
        dataset=FetchedDataset("e/p/d:v0", "d", files / "cached.csv", "5" * 64, "csv", PROBLEM),
        run=candidate("a", 0.4),
    )


def _parts(files: FetchedModel) -> dict[str, Any]:
    return {item.name: getattr(files, item.name) for item in fields(files)}


def test_what_dvc_is_told_of_lies_there_and_in_the_projects_own_cache(
    export: Export, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    for one in to_dvc(export, folder):
        content = (folder / one.path).read_bytes()
        assert hashlib.md5(content).hexdigest() == one.md5
        assert (folder / ".dvc" / "cache" / one.cache_path).read_bytes() == content
    assert (folder / "data" / "housing.csv").is_file()
    assert json.loads((folder / "lineage.json").read_text())["artifact"] == "e/p/model-a:v0"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fetched", "project"]


def test_inside_a_project_of_yours_its_cache_is_used(export: Export, tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    to_dvc(export, tmp_path / "models")
    assert not (tmp_path / "models" / ".dvc").exists()


def test_a_refit_is_made_by_training_again(export: Export, tmp_path: Path) -> None:
    for refit_of, command in (("", "rebuild"), ("e/p/model-a:v0", "retrain")):
        facts = replace(FACTS, refit_of=refit_of)
        folder = tmp_path / command
        to_dvc(replace(export, files=replace(export.files, facts=facts)), folder)
        stage = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]["train"]
        assert stage["cmd"].split()[3] == command


def test_a_folder_with_something_in_it_is_left_alone(export: Export, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="is not empty"):
        to_dvc(export, tmp_path / "fetched")
    with pytest.raises(BadInput, match="there is no folder"):
        to_dvc(export, tmp_path / "none" / "project")
    assert [path.name for path in tmp_path.iterdir()] == ["fetched"]


def test_a_model_that_lacks_a_file_leaves_no_half_project(export: Export, tmp_path: Path) -> None:
    for part, name in (("predictions", "predictions.npy"), ("safe_path", "model.skops")):
        files = FetchedModel(**{**_parts(export.files), part: None})
        with pytest.raises(Refused, match=f"e/p/model-a:v0 has no {name}"):
            to_dvc(replace(export, files=files), tmp_path / "project")
    export.files.path.unlink()
    with pytest.raises(FileNotFoundError):
        to_dvc(export, tmp_path / "project")
    assert [path.name for path in tmp_path.iterdir()] == ["fetched"]
