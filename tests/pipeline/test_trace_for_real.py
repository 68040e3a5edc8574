"""Reproduce, lineage, predict: through the real CLI, against the real server."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.dataset_files import csv_bytes
from tests.support.local_server import ROOT, LocalServer

pytestmark = pytest.mark.slow

PROJECT = "traced"
TRIAL = ("-m", "housing_sweep.pipeline.trial", "--max_iter=40", "--features=geo", "--plots=none")
NEWEST = """
import json, wandb
run = next(iter(wandb.Api().runs("traced", {"jobType": "trial"}, order="-created_at", lazy=False)))
print(json.dumps(run.id))
"""


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git checkout of the package whose work tree has a change that is not committed."""
    folder = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "housing_sweep", folder / "housing_sweep", ignore=ignored)
    _git(folder, "init", "--quiet")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "-m", "all")
    with (folder / "housing_sweep/tabular/metrics.py").open("a") as file:
        file.write("\n# not committed\n")
    return folder


@pytest.fixture(scope="module")
def run(local_server: LocalServer, checkout: Path) -> str:
    """A finished trial, started in the checkout."""
    csv = checkout.parent / "housing.csv"
    csv.write_bytes(csv_bytes(PROBLEM, synthetic.make(2500)))
    local_server.cli("housing-sweep", "data", "publish", "--csv", str(csv), "--project", PROJECT)
    _in(local_server, checkout, *TRIAL)
    return str(local_server.sdk(NEWEST))


def _in(
    server: LocalServer, folder: Path, *arguments: str, code: int = 0
) -> "subprocess.CompletedProcess[str]":
    env = server.env | {"WANDB_PROJECT": PROJECT, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


def _cli(server: LocalServer, folder: Path, *arguments: str, code: int = 0) -> Any:
    done = _in(server, folder, "-m", "housing_sweep.cli.main", *arguments, code=code)
    return json.loads(done.stdout)


def test_a_model_is_built_again_from_its_record(
    local_server: LocalServer, checkout: Path, run: str
) -> None:
    """With the uncommitted change, from a checkout that has lost it."""
    changed = checkout / "housing_sweep/tabular/metrics.py"
    held = changed.read_text()
    _git(checkout, "checkout", "--quiet", ".")
    try:
        installed = _cli(local_server, checkout, "reproduce", run, "--json")
        recorded = ("reproduce", run, "--json", "--run-recorded-code")
        done = _in(local_server, checkout, "-m", "housing_sweep.cli.main", *recorded)
    finally:
        changed.write_text(held)
    assert (installed["code"], installed["same_code"]) == ("installed here", False)
    assert "+# not committed" in done.stderr  # what runs is shown first
    found = json.loads(done.stdout)
    assert found["outcome"] == "identical"
    assert found["code"].endswith("with its uncommitted changes")
    assert found["same_code"]
    assert found["libraries"] == []
    assert {fact["name"] for fact in found["facts"]} >= {"val_rmse", "model_sha256"}


def test_other_code_is_told_from_a_record_that_is_not_true(
    local_server: LocalServer, checkout: Path, run: str, tmp_path: Path
) -> None:
    broken = tmp_path / "no-git"
    shutil.copytree(checkout, broken, ignore=shutil.ignore_patterns(".git"))
    source = broken / "housing_sweep/housing/geography.py"
    source.write_text(source.read_text().replace("= 111.2", "= 100.0"))
    recorded = ("reproduce", run, "--json", "--run-recorded-code")
    found = _cli(local_server, broken, *recorded, code=4)
    assert found["outcome"] == "code differs"
    assert not found["same_code"]
    assert "no checkout here holds commit" in found["code"]


def test_lineage_goes_both_ways(local_server: LocalServer, checkout: Path, run: str) -> None:
    tree = _cli(local_server, checkout, "lineage", run, "--json")
    assert tree["kind"] == "model"
    made = {child["kind"]: child for child in tree["children"]}["run"]
    below = {child["kind"]: child for child in made["children"]}
    assert below["dataset"]["facts"]["source"] == "csv"
    assert below["dataset"]["facts"]["rows"] == "2500"
    assert len(below["code"]["name"]) == 40
    assert "scikit-learn" in below["environment"]["name"]
    assert made["facts"]["by"] == local_server.user

    down = _cli(local_server, checkout, "lineage", "california-housing:v0", "--json")
    assert [child["name"] for child in down["children"]] == [tree["name"]]
    assert down["children"][0]["facts"]["registry"] == "not promoted"
    drawn = _in(
        local_server, checkout, "-m", "housing_sweep.cli.main", "lineage", run, "--mermaid"
    ).stdout
    assert drawn.startswith("flowchart LR\n")
    assert drawn.count("-->") == 4


def test_lineage_of_a_bare_run_id_with_a_model_without_one_and_of_nothing(
    local_server: LocalServer, checkout: Path, run: str
) -> None:
    name = run.rsplit("/", 1)[-1]
    tree = _cli(local_server, checkout, "lineage", name, "--json")
    assert tree == _cli(local_server, checkout, "lineage", run, "--json")
    note = f"""
import json, wandb
with wandb.init(project="{PROJECT}", id="just-a-note") as run:
    pass
print(json.dumps(run.id))
"""
    assert local_server.sdk(note) == "just-a-note"
    alone = _cli(local_server, checkout, "lineage", "just-a-note", "--json")
    assert (alone["kind"], alone["name"].rsplit("/", 1)[-1]) == ("run", "just-a-note")
    missing = _in(
        local_server, checkout, "-m", "housing_sweep.cli.main", "lineage", "nobody", code=3
    )
    assert "neither an alias nor a run" in missing.stderr


def test_predictions_come_with_intervals_or_a_clear_error(
    local_server: LocalServer, checkout: Path, run: str, tmp_path: Path
) -> None:
    table, out = tmp_path / "in.csv", tmp_path / "out.csv"
    frame = synthetic.make(60)
    frame.to_csv(table, index=False)
    command = ("-m", "housing_sweep.cli.main", "predict", run, "--csv", str(table))
    _in(local_server, checkout, *command, "--out", str(out))
    found = pd.read_csv(out)
    assert list(found.columns) == [*frame.columns, "predicted", "low90", "high90"]
    inside = found["MedHouseVal"].between(found["low90"], found["high90"]).mean()
    assert 0.75 <= inside <= 1.0
    assert (found["predicted"] - found["MedHouseVal"]).abs().mean() < 0.6

    frame.drop(columns="MedInc").assign(Latitude=99).to_csv(table, index=False)
    out.unlink()
    refused = _in(local_server, checkout, *command, "--out", str(out), code=2)
    assert "column MedInc is missing" in refused.stderr
    assert list(tmp_path.glob("*out*")) == []


def test_a_model_can_be_loaded_by_name(local_server: LocalServer, checkout: Path, run: str) -> None:
    code = (
        "import sys, housing_sweep; model = housing_sweep.load_model(sys.argv[1]);"
        "print(len(model.feature_names))"
    )
    assert _in(local_server, checkout, "-c", code, run).stdout.strip() == "39"
    gone = _in(
        local_server, checkout, "-m", "housing_sweep.cli.main", "reproduce", "nowhere", code=3
    )
    assert "nowhere is neither an alias nor a run" in gone.stderr
