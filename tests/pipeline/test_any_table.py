"""A table that has nothing of California, through the real commands: from a trial to a registry."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.support.local_server import LocalServer
from tests.tabular.flats import FLATS, flats

pytestmark = pytest.mark.slow

SWEEP = """
import json, os, wandb
from housing_sweep.pipeline import trial
from housing_sweep.pipeline.train.publish import publish
from housing_sweep.tabular.data_findings import DataPolicy, examine
from housing_sweep.tabular.extras import LoadedTable
from tests.tabular.flats import FLATS, flats
table, policy = LoadedTable(FLATS, flats(1500), "csv", "made up"), DataPolicy()
published = publish(table, examine(FLATS, table.frame, policy), policy)
project = os.environ["WANDB_PROJECT"] = FLATS.name
sweep = wandb.sweep({
    "method": "grid", "metric": {"name": "val_rmse", "goal": "minimize"},
    "parameters": {
        "dataset": {"value": "flats:latest"}, "max_iter": {"value": 80},
        "learning_rate": {"values": [0.1, 0.2]}, "split": {"value": "spatial"},
    },
}, project=project)
wandb.agent(sweep, function=trial.run, project=project, count=2)
runs = wandb.Api().runs(project, filters={"sweep": sweep}, lazy=False)
artifact = wandb.Api().artifact("flats/flats:latest")
print(json.dumps([
    sweep, published.path, [[r.id, r.state, r.summary.get("val_rmse")] for r in runs],
    sorted(artifact.manifest.entries),
]))
"""


@dataclass(frozen=True)
class Flats:
    """A finished sweep over flats: its path, its best run, and what its dataset holds."""

    sweep: str
    best: str
    entries: list[str]


@pytest.fixture(scope="module")
def swept(local_server: LocalServer) -> Flats:
    sweep, published, runs, entries = local_server.sdk(SWEEP)
    assert published.endswith("/flats/flats:v0")
    assert [state for _, state, _ in runs] == ["finished"] * 2
    best = min(runs, key=lambda run: run[2])[0]
    return Flats(f"flats/{sweep}", f"flats/{best}", entries)


def test_its_dataset_has_the_files_that_it_names(swept: Flats) -> None:
    assert swept.entries == ["flats.csv", "schema.json"]


def test_its_best_model_goes_to_the_collection_of_its_name(
    local_server: LocalServer, swept: Flats
) -> None:
    done = local_server.cli("housing-sweep", "promote", swept.sweep, "--json")
    decision = json.loads(done.stdout)
    assert decision["verdict"] == "promote"
    assert decision["target"] == "wandb-registry-model/flats:staging"
    compared = decision["comparison"]
    assert (compared["metric"], compared["unit"], compared["margin"]) == ("mae", "EUR", 900.0)
    assert compared["challenger"]["mae"] - compared["champion"]["mae"] == pytest.approx(
        compared["difference"]
    )
    assert compared["challenger"]["slices"] == ["decile"]
    assert compared["challenger"]["hard_split"]["kind"] == "spatial"
    table = local_server.cli("housing-sweep", "promote", swept.sweep, "--dry-run").stdout
    assert "Decision: unchanged" in table, table
    assert "wandb-registry-model/flats:v0" in table, table


def test_it_predicts_its_own_columns(
    local_server: LocalServer, swept: Flats, tmp_path: Path
) -> None:
    rows, out = tmp_path / "new.csv", tmp_path / "out.csv"
    flats(12, seed=8).drop(columns=FLATS.target.name).to_csv(rows, index=False)
    command = ("housing-sweep", "predict", swept.best, "--csv", str(rows), "--out", str(out))
    local_server.cli(*command)
    predicted = pd.read_csv(out)
    assert list(predicted.columns) == [*FLATS.inputs, "predicted", "low90", "high90"]
    truth = flats(12, seed=8)[FLATS.target.name]
    assert (predicted["predicted"] - truth).abs().mean() < truth.std() / 2
    pd.read_csv(rows).drop(columns="area").to_csv(rows, index=False)
    done = local_server.cli(*command, check=False)
    assert done.returncode == 2
    assert "column area is missing" in done.stderr


def test_it_is_built_again_bit_for_bit(local_server: LocalServer, swept: Flats) -> None:
    done = local_server.cli("housing-sweep", "reproduce", swept.best, "--json", check=False)
    assert json.loads(done.stdout)["outcome"] == "identical", done.stdout


def test_its_report_speaks_of_its_target(
    local_server: LocalServer, swept: Flats, tmp_path: Path
) -> None:
    out = tmp_path / "flats.html"
    local_server.cli("housing-sweep", "report", swept.sweep, "--out", str(out), "--no-log")
    text = out.read_text("utf-8")
    assert "Predicted over actual price, EUR" in text
    assert "Validation rows at their places" in text
    for theirs in ("USD", "California", "dollars"):
        assert theirs not in text


def test_it_is_handed_to_dvc_under_its_own_file_name(
    local_server: LocalServer, swept: Flats, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    local_server.cli("housing-sweep", "export", swept.best, "--to", "dvc", str(folder))
    assert (folder / "data" / "flats.csv").is_file()
    request = json.loads((folder / "train.json").read_text())
    assert request["problem"] == json.loads(json.dumps(FLATS.as_document()))
