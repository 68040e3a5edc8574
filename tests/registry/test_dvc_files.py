"""The files that DVC reads."""

from typing import Any

import yaml

from housing_sweep.registry.dvc_files import Tracked, dvc_file, lock, pipeline

DATA = Tracked("data/housing.csv", "0f" * 16, 10)
MODEL = Tracked("model/model.joblib", "a1" * 16, 20)
FIGURES = Tracked("model/model.json", "b2" * 16, 30)
REQUEST: dict[str, object] = {
    "config": {"max_iter": 10},
    "iterations": 7,
    "refit_of": "",
    "folder": "model",
}


def _stage(text: str) -> dict[str, Any]:
    stage: dict[str, Any] = yaml.safe_load(text)["stages"]["train"]
    return stage


def test_a_file_lies_in_the_cache_under_its_md5() -> None:
    assert DATA.cache_path == f"files/md5/0f/{'0f' * 15}"


def test_the_file_beside_a_tracked_one_names_it_without_its_folder() -> None:
    (out,) = yaml.safe_load(dvc_file(DATA))["outs"]
    assert out == {"path": "housing.csv", "hash": "md5", "md5": DATA.md5, "size": 10}


def test_an_md5_of_digits_alone_stays_a_word() -> None:
    (out,) = yaml.safe_load(dvc_file(Tracked("x.csv", "12345678" * 4, 1)))["outs"]
    assert out["md5"] == "12345678" * 4


def test_the_lock_says_of_the_stage_what_the_pipeline_asks_so_nothing_is_to_do() -> None:
    command = "python -m housing_sweep.pipeline.child rebuild train.json model.json"
    stage = _stage(pipeline(command, DATA, [MODEL], FIGURES))
    locked = _stage(lock(command, DATA, REQUEST, [MODEL], FIGURES))
    assert locked["cmd"] == stage["cmd"] == command
    assert [one["path"] for one in locked["deps"]] == stage["deps"] == [DATA.path]
    ((file, names),) = stage["params"][0].items()
    assert list(locked["params"][file]) == names
    metrics = [name for metric in stage["metrics"] for name in metric]
    assert {one["path"] for one in locked["outs"]} == {*stage["outs"], *metrics}


def test_only_what_makes_the_model_is_a_parameter() -> None:
    locked = _stage(lock("x", DATA, REQUEST, [MODEL], FIGURES))
    assert locked["params"]["train.json"] == {
        "config": {"max_iter": 10},
        "iterations": 7,
        "refit_of": "",
    }


def test_outs_are_sorted_as_dvc_sorts_them() -> None:
    locked = _stage(lock("x", DATA, REQUEST, [FIGURES], MODEL))
    assert [one["path"] for one in locked["outs"]] == [MODEL.path, FIGURES.path]
