"""Names that others wrote down: in sweep YAMLs, scripts, registries, models. They do not move.

A renaming that breaks one of these breaks somebody's stored sweep, `dvc.yaml` or promoted model.
"""

import importlib
from importlib.metadata import entry_points

import numpy as np
import pytest
import yaml

from housing_sweep import errors
from housing_sweep.cli.main import COMMANDS
from housing_sweep.registry import promotion, references
from housing_sweep.tabular import metrics
from housing_sweep.tabular.extras import registered_problem
from housing_sweep.tabular.families import MODELS
from housing_sweep.tabular.features import feature_sets
from housing_sweep.tabular.problem import SPLITS
from tests.support.local_server import ROOT

WHO_WROTE_IT = {
    ("housing_sweep.pipeline.trial", "run"): "function agents and notebooks",
    ("housing_sweep.pipeline.trial", "main"): "`command:` of every stored sweep",
    ("housing_sweep.pipeline.child", "main"): "`cmd:` of exported dvc.yaml files",
    ("housing_sweep.pipeline.child", "retrain"): "the same",
    ("housing_sweep.pipeline.child", "rebuild"): "the same",
    ("housing_sweep.pipeline.mlflow_loader", "_load_pyfunc"): "MLflow models",
    ("housing_sweep.tabular.model", "TabularModel"): "every pickle in a registry",
    ("housing_sweep.tabular.features", "RawColumns"): "the same",
    ("housing_sweep.housing.geo_features", "GeoFeatures"): "the same",
    ("housing_sweep.housing.neighbours", "Neighbours"): "the same",
    ("housing_sweep", "load_model"): "people's scripts",
}


@pytest.mark.parametrize(("module", "name"), WHO_WROTE_IT, ids=".".join)
def test_what_others_import_is_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name), WHO_WROTE_IT[module, name]


def test_every_spec_starts_the_trial_by_its_name() -> None:
    specs = [yaml.safe_load(path.read_text()) for path in (ROOT / "sweeps").glob("*.yaml")]
    assert len(specs) >= 9
    for spec in specs:
        assert "housing_sweep.pipeline.trial" in spec["command"]


def test_artifacts_aliases_and_records_keep_their_names() -> None:
    problem = registered_problem("california-housing")
    assert (problem.name, problem.file) == ("california-housing", "housing.csv")
    target = references.Target("production")
    assert str(target) == "wandb-registry-model/california-housing:production"
    assert (promotion.JOB_TYPE, promotion.RECORD_VERSION) == ("promote", 1)
    (entry,) = entry_points(group="housing_sweep.problems", name="california-housing")
    assert entry.value == "housing_sweep.housing.extras:EXTRAS"


def test_what_a_spec_may_say_keeps_its_names() -> None:
    assert set(MODELS) >= {"hist_gradient_boosting", "random_forest", "extra_trees"}
    housing = registered_problem("california-housing")
    assert set(feature_sets(housing)) >= {"raw", "geo", "geo_context", "geo_knn", "geo_blend"}
    assert SPLITS[:2] == ("random", "spatial"), "their order seeds the rows: new ones go to the end"
    scores = metrics.scores(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert set(scores) == {"val_rmse", "val_mae", "val_r2"}


def test_commands_and_exit_codes_keep_their_names() -> None:
    assert set(COMMANDS) >= {
        *("server", "env", "data", "sweeps", "promote", "rollback", "reproduce", "lineage"),
        *("predict", "report", "compare", "prune", "export", "model", "users", "orgs", "teams"),
    }
    codes = {errors.BadInput: 2, errors.NotFound: 3, errors.Conflict: 4, errors.Refused: 4}
    for error, code in codes.items():
        assert error("x").exit_code == code
