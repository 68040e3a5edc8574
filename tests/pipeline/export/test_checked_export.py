"""Models in MLflow and DVC, from the command line, with the real tools."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pipeline.conftest import Swept
from tests.support.local_server import PATIENCE, LocalServer, warm

pytestmark = pytest.mark.slow

# MLflow keeps its file store for those who ask for it; nothing smaller needs no database.
FILE_STORE = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}

LOAD = """
import json, sys
import mlflow
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import FEATURES, PROBLEM
from housing_sweep.tabular import metrics, split
mlflow.set_tracking_uri(sys.argv[1])
(run,) = mlflow.search_runs(experiment_names=["california-housing"], output_format="list")
model = mlflow.pyfunc.load_model(run.data.tags["housing_sweep.model_uri"])
frame = synthetic.make(1500)
rows = split.make_split(PROBLEM, frame, "random", 0)
predicted = model.predict(frame.iloc[rows.validation][list(FEATURES)])
print(json.dumps([metrics.predictions_sha256(predicted), run.data.params, run.data.metrics,
                  run.data.tags, run.info.status]))
"""

FACTS = """
import json, sys, wandb
run = wandb.Api().run(sys.argv[1])
print(json.dumps([dict(run.summary_metrics), run.config]))
"""


@pytest.fixture(scope="module")
def best(swept: Swept) -> str:
    """Path of the best trial."""
    return f"{swept.project}/{swept.best_first[0]}"


def test_mlflow_holds_a_model_that_predicts_the_same(
    local_server: LocalServer, best: str, tmp_path: Path
) -> None:
    uri = f"file://{tmp_path / 'store'}"
    command = ("housing-sweep", "export", best, "--to", "mlflow", uri)
    first = local_server.cli(*command, env=FILE_STORE).stdout
    again = local_server.cli(*command, env=FILE_STORE).stdout
    assert "was there already" in again
    assert "was there already" not in first
    held, params, metrics, tags, status = local_server.sdk(LOAD, uri, env=FILE_STORE)
    summary, config = local_server.sdk(FACTS, best)
    assert held == summary["predictions_sha256"]
    assert metrics["val_rmse"] == summary["val_rmse"]
    assert params["learning_rate"] == str(config["learning_rate"])
    assert tags["housing_sweep.run"].endswith(best)
    assert tags["housing_sweep.dataset_digest"] == summary["dataset_digest"]
    assert status == "FINISHED"


def test_dvc_tracks_data_and_model_and_makes_the_same_bytes_again(
    local_server: LocalServer, best: str, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    local_server.cli("housing-sweep", "export", best, "--to", "dvc", str(folder))
    locked = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]["train"]
    told = yaml.safe_load((folder / "data" / "housing.csv.dvc").read_text())["outs"][0]
    for entry in (*locked["deps"], *locked["outs"], {**told, "path": "data/housing.csv"}):
        content = (folder / entry["path"]).read_bytes()
        assert hashlib.md5(content).hexdigest() == entry["md5"], entry
        assert len(content) == entry["size"]
        if entry["path"] != "model/model.json":
            cached = folder / ".dvc/cache/files/md5" / entry["md5"][:2] / entry["md5"][2:]
            assert cached.read_bytes() == content
    stage = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]["train"]
    assert stage["cmd"] == locked["cmd"]

    names = ("model.joblib", "model.skops", "model.json", "predictions.npy")
    made = {name: (folder / "model" / name).read_bytes() for name in names}
    shutil.rmtree(folder / "model")
    (folder / "model").mkdir()
    python, *arguments = stage["cmd"].split()
    assert python == "python"
    subprocess.run(
        [warm(sys.executable), *arguments],
        cwd=folder,
        env=local_server.env,
        check=True,
        timeout=PATIENCE,
    )
    assert {name: (folder / "model" / name).read_bytes() for name in made} == made
    _dvc_agrees(folder)


def _dvc_agrees(folder: Path) -> None:
    """Ask DVC itself, where it is installed (`HOUSING_SWEEP_DVC` names it): nothing is to do."""
    dvc = os.environ.get("HOUSING_SWEEP_DVC") or shutil.which("dvc")
    if dvc is None:
        return
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    def ask(*arguments: str) -> str:
        done = subprocess.run(
            [dvc, *arguments], cwd=folder, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert json.loads(ask("status", "--json")) == {}
    assert "didn't change" in ask("repro")
    ask("repro", "--force")
    assert json.loads(ask("status", "--json")) == {}


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        (("dvc", "{full}"), 4, "is not empty"),
        (("mlflow", "nonsense://place"), 2, "MLflow at nonsense://place refuses"),
    ],
)
def test_an_export_that_cannot_be_made_says_why(
    local_server: LocalServer,
    best: str,
    tmp_path: Path,
    target: tuple[str, str],
    code: int,
    said: str,
) -> None:
    (tmp_path / "theirs").write_text("mine")
    tool, place = target
    command = ("housing-sweep", "export", best, "--to", tool, place.format(full=tmp_path))
    done = local_server.cli(*command, check=False, env=FILE_STORE)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]
