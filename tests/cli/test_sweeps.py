"""`housing-sweep sweeps`: offline checks in this process, the rest on a real server."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.cli.main import cli, run
from tests.support.local_server import ROOT, LocalServer, warm

SPEC = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}},
}


def test_our_own_specs_are_good(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(path) for path in sorted((ROOT / "sweeps").glob("*.yaml"))]
    assert run(cli, ["sweeps", "check", *files, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {len(report["violations"]) for report in found.values()} == {0}
    (smoke,) = [report for name, report in found.items() if "smoke" in name]
    assert smoke["expected"] == 6


def test_a_bad_spec_exits_2_and_names_place_and_fix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.yaml"
    text = (ROOT / "sweeps" / "hist_gradient_boosting.yaml").read_text()
    file.write_text(text.replace("min_samples_leaf", "min_samples_leef"))
    line = (
        file.read_text()
        .splitlines()
        .index(next(row for row in file.read_text().splitlines() if "leef" in row))
    )
    assert run(cli, ["sweeps", "check", str(file)]) == 2
    said = capsys.readouterr().out
    assert f"bad.yaml:{line + 1}:" in said
    assert "did you mean min_samples_leaf?" in said
    assert run(cli, ["sweeps", "check", str(tmp_path / "none.yaml")]) == 2


OURS = """
program: housing_sweep.pipeline.trial
method: grid
metric: {name: val_rmse, goal: minimize}
command: [python, -m, housing_sweep.pipeline.trial, "${args}"]
parameters:
  dataset: {value: "DATASET:latest"}
  features: {values: [calendar]}
  LEARNING: {values: [0.1]}
"""


def test_of_a_table_that_is_not_installed_only_the_names_are_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spec.yaml"
    spec = OURS.replace("LEARNING", "learning_rate")
    file.write_text(spec.replace("DATASET", "flats"))
    assert run(cli, ["sweeps", "check", str(file)]) == 0
    file.write_text(spec.replace("DATASET", "california-housing"))
    assert run(cli, ["sweeps", "check", str(file)]) == 2
    assert "features: 'calendar' is unknown" in capsys.readouterr().out
    file.write_text(OURS.replace("LEARNING", "learning_rat").replace("DATASET", "flats"))
    assert run(cli, ["sweeps", "check", str(file)]) == 2
    assert "did you mean learning_rate?" in capsys.readouterr().out


def _sweeps(server: LocalServer, *args: str, exits: int = 0) -> str:
    program = (warm(sys.executable), "-m", "housing_sweep.cli.main", "sweeps")
    done = server.cli(*program, *args, check=False)
    assert done.returncode == exits, f"{args}: {done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.mark.slow
def test_sweeps_are_listed_shown_retried_watched_and_stopped(
    own_server: LocalServer, tmp_path: Path
) -> None:
    own_server.env["WANDB_PROJECT"] = "shown"
    code = """
import json, sys, wandb
sweep = wandb.sweep(json.loads(sys.argv[1]), project="shown")
def train():
    with wandb.init() as run:
        run.log({"loss": run.config["lr"]})
        if run.config["lr"] == 0.2:
            raise ValueError("on purpose")
wandb.agent(sweep, function=train, count=3)
print(json.dumps(sweep))
"""
    name = own_server.sdk(code, json.dumps(SPEC))
    path = f"{own_server.user}/shown/{name}"
    listed: list[Any] = json.loads(_sweeps(own_server, "list", "--json"))
    assert [(row["path"], row["state"], row["trials"], row["expected"]) for row in listed] == [
        (path, "FINISHED", 3, 3)
    ]
    shown = json.loads(_sweeps(own_server, "show", path, "--json"))
    assert shown["counts"] == {
        **dict.fromkeys(("pending", "running", "crashed", "killed"), 0),
        "finished": 2,
        "failed": 1,
    }
    assert [trial["score"] for trial in shown["best"]] == [0.1, 0.2, 0.3]
    assert "trials 3/3: 2 finished  1 failed" in _sweeps(own_server, "show", path)
    assert "trial" in _sweeps(own_server, "retry", path)
    assert "nothing to retry" in _sweeps(own_server, "retry", path, "--state", "crashed")
    assert "RUNNING" in _sweeps(own_server, "show", path)
    again = """
import json, sys, wandb
def train():
    with wandb.init() as run:
        run.log({"loss": run.config["lr"]})
wandb.agent(sys.argv[1], function=train, count=1)
print(json.dumps(None))
"""
    own_server.sdk(again, path)
    said = _sweeps(own_server, "watch", path)
    assert "FINISHED" in said
    assert "trials 3/3: 3 finished  1 failed" in said  # four attempts of three trials
    # `SweepFragment` has runCount, but no public property shows it.
    look = """
import json, sys, wandb
sweep = wandb.Api().sweep(sys.argv[1])
print(json.dumps([sweep._attrs["runCount"], sweep.expected_run_count, len(sweep.runs)]))
"""
    assert own_server.sdk(look, path) == [3, 3, 4]
    other = own_server.sdk(
        code.partition("def train")[0] + "print(json.dumps(sweep))", json.dumps(SPEC)
    )
    assert "stopped" in _sweeps(own_server, "stop", other)
    assert json.loads(_sweeps(own_server, "list", "--json"))[0]["state"] == "FINISHED"
    _sweeps(own_server, "show", "nosuch", exits=3)
    _sweeps(own_server, "list", "--project", "nowhere", exits=3)
    _sweeps(own_server, "show", "not a sweep", exits=2)
