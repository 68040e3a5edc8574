"""Models in files that cannot run code: the same bits, or a refusal."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from housing_sweep.errors import BadInput, Refused
from housing_sweep.housing import synthetic
from housing_sweep.housing.neighbours import Neighbours
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular import model_file, refit, skops_file
from housing_sweep.tabular.features import RawColumns
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.split import make_split
from housing_sweep.tabular.trial_config import TrialConfig
from tests.support.local_server import ROOT
from tests.tabular.tampered import FRAME, MODELS, file_of, model_of

HOUSES = synthetic.make(400)


def _housing(features: str) -> TabularModel:
    config = TrialConfig.from_sweep({"features": features, "max_iter": 3}, PROBLEM)
    split = make_split(PROBLEM, HOUSES, "random", 0)
    return refit.refit(PROBLEM, config, HOUSES, split, 3).model


@pytest.fixture(scope="module")
def near() -> TabularModel:
    """A model that looks up its neighbours."""
    return _housing("geo_knn")


@pytest.mark.parametrize("family", MODELS)
def test_every_family_comes_back_with_the_same_bits(family: str) -> None:
    model, other = model_of(family), model_file.load(file_of(family), "model.skops")
    assert np.array_equal(other.predict(FRAME), model.predict(FRAME))
    assert (other.inputs, other.low, other.high) == (model.inputs, model.low, model.high)
    assert model_file.dump(other) == file_of(family)


def test_neighbours_come_back_with_the_same_bits(near: TabularModel) -> None:
    content = model_file.dump(near)
    other = model_file.load(content, "model.skops")
    assert np.array_equal(other.predict(HOUSES), near.predict(HOUSES))
    assert model_file.dump(other) == content


def test_a_fixed_feature_set_comes_back(near: TabularModel) -> None:
    model = _housing("geo")
    other = model_file.load(model_file.dump(model), "model.skops")
    assert np.array_equal(other.predict(HOUSES), model.predict(HOUSES))


def test_the_list_of_types_is_closed() -> None:
    assert model_file.type_names() == (
        "builtins.dict",
        "builtins.list",
        "builtins.str",
        "builtins.tuple",
        "estimator extra_trees",
        "estimator hist_gradient_boosting",
        "estimator random_forest",
        "housing_sweep.housing.geo_blend.GeoBlend",
        "housing_sweep.housing.geo_features.GeoFeatures",
        "housing_sweep.housing.neighbours.Neighbours",
        "housing_sweep.tabular.features.RawColumns",
        "housing_sweep.tabular.model.TabularModel",
        "numpy.ndarray",
        "sklearn.neighbors.KDTree",
    )


@dataclass(slots=True)
class _Undeclared(RawColumns):
    """A feature set that no problem declares."""


def test_features_that_no_problem_declares_are_refused_when_they_are_written() -> None:
    model = model_of("extra_trees")
    other = TabularModel(
        model.inputs, _Undeclared(model.inputs), model.estimator, model.low, model.high
    )
    with pytest.raises(BadInput, match="cannot hold this _Undeclared") as caught:
        model_file.dump(other)
    assert "Extras.types" in caught.value.fix


def _packed(model: TabularModel) -> dict[str, Any]:
    packed = skops_file.read(model_file.dump(model))
    assert isinstance(packed, dict)
    return packed


def _refusal(packed: object) -> str:
    with pytest.raises(Refused) as caught:
        model_file.load(skops_file.write(packed), "model.skops")
    assert caught.value.what.startswith("model.skops is not loaded: ")
    return caught.value.what


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "builtins.eval"}, "no type of an installed problem"),
        ({"type": None}, "no type of an installed problem"),
        ({"more": 1}, "has other fields"),
        ({"low": 9.0, "high": 1.0}, "lowest target is above"),
        ({"low": 1}, "low of its TabularModel is of another kind"),
        ({"inputs": ["area"]}, "inputs of its TabularModel is of another kind"),
        ({"inputs": ("area",)}, "its features cannot be made: KeyError"),
        ({"features": None}, "features of its TabularModel"),
        ({"features": {"type": "mapping"}}, "features of its TabularModel"),
        ({"estimator": "text"}, "estimator of its TabularModel"),
        ({"estimator": np.zeros(2)}, "estimator of its TabularModel"),
    ],
)
def test_a_model_that_is_none_is_refused(change: dict[str, Any], why: str) -> None:
    assert why in _refusal({**_packed(model_of("extra_trees")), **change})


def test_features_that_do_not_fit_the_trees_are_refused() -> None:
    packed = _packed(model_of("extra_trees"))
    packed["features"]["columns"] = ("area",)
    assert "its features are (1,) columns, its trees compare 4" in _refusal(packed)
    packed = _packed(model_of("extra_trees"))
    assert "no model" in _refusal(packed["features"])
    assert "no model" in _refusal("text")
    packed["features"] = [packed["estimator"]] * 5
    assert "more than 4 estimators" in _refusal(packed)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("target", np.zeros(3), "different lengths"),
        ("income", np.zeros((3, 3)), "different lengths"),
        ("people", np.full(400, np.nan), "people of its Neighbours is of another kind"),
        ("traits", np.zeros((3, 6)), "traits are shaped"),
        ("traits", np.zeros((3, 6), dtype=np.float32), "traits of its Neighbours"),
        ("middle", np.zeros(5), "different lengths"),
        ("tree", None, "tree of its Neighbours"),
        ("tree", {"type": "sklearn.neighbors.KDTree", "points": np.zeros((0, 2))}, "something"),
    ],
)
def test_neighbours_that_point_elsewhere_are_refused(
    near: TabularModel, name: str, value: object, why: str
) -> None:
    packed = _packed(near)
    packed["features"]["neighbours"][name] = value
    assert why in _refusal(packed)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"points": np.zeros((0, 2))}, "has no points"),
        ({"points": np.zeros(3)}, "has no points"),
        ({"points": np.full((3, 2), np.inf)}, "has no points"),
        ({"points": np.zeros((3, 3))}, "different lengths"),
        ({"points": [1.0]}, "made of something else"),
        ({"leaf_size": 0}, "leaves of another size"),
        ({"leaf_size": 2**62}, "leaves of another size"),
    ],
)
def test_a_tree_of_places_is_made_again_or_refused(
    near: TabularModel, change: dict[str, Any], why: str
) -> None:
    packed = _packed(near)
    packed["features"]["neighbours"]["tree"].update(change)
    assert why in _refusal(packed)


def test_a_lookup_says_itself_that_its_arrays_do_not_fit() -> None:
    frame = HOUSES.iloc[:50]
    sound = Neighbours.fit(frame, frame[PROBLEM.target.name].to_numpy())
    parts = {name: getattr(sound, name) for name in Neighbours.__dataclass_fields__}
    with pytest.raises(ValueError, match="different lengths"):
        Neighbours(**{**parts, "people": sound.people[1:]})


def test_a_missing_neighbourhood_is_noticed_before_anything_is_predicted(
    near: TabularModel,
) -> None:
    packed = _packed(near)
    packed["features"]["neighbours"] = None
    assert "columns, its trees compare" in _refusal(packed)


def test_values_that_are_missing_are_no_trouble() -> None:
    rows = pd.DataFrame(np.nan, index=range(2), columns=list(model_of(MODELS[0]).inputs))
    other = model_file.load(file_of(MODELS[0]), "model.skops")
    assert np.array_equal(other.predict(rows), model_of(MODELS[0]).predict(rows))


DUMP = """
import hashlib
from tests.tabular.test_model_file import _housing
from housing_sweep.tabular import model_file
from tests.tabular.tampered import MODELS, file_of
for content in [*map(file_of, MODELS), model_file.dump(_housing("geo_knn"))]:
    print(hashlib.sha256(content).hexdigest())
"""

FUZZ = """
import numpy as np
from housing_sweep.errors import Refused
from housing_sweep.tabular import model_file
from tests.tabular import tampered
for seed, family in enumerate(tampered.MODELS):
    for what, content in tampered.mutations(tampered.file_of(family), 80, seed):
        try:
            model = model_file.load(content, "model.skops")
        except Refused:
            print("refused")
        else:
            assert np.isfinite(model.predict(tampered.FRAME)).all(), what
            print("predicts")
"""


def _child(code: str, **env: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.split()


@pytest.mark.slow
def test_equal_models_give_equal_bytes_in_every_process(near: TabularModel) -> None:
    contents = [*map(file_of, MODELS), model_file.dump(near)]
    here = [hashlib.sha256(content).hexdigest() for content in contents]
    assert _child(DUMP, PYTHONHASHSEED="1") == here
    assert _child(DUMP, PYTHONHASHSEED="2") == here


@pytest.mark.slow
def test_a_changed_file_is_refused_or_predicts_and_never_crashes() -> None:
    outcomes = _child(FUZZ)
    assert len(outcomes) == 240
    assert outcomes.count("refused") > 120
    assert outcomes.count("predicts") > 20
