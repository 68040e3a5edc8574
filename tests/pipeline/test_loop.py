"""The whole loop through the real CLI: publish, sweep, two agents, a kill in between, finalize."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.dataset_files import csv_bytes
from tests.support.local_server import PATIENCE, ROOT, LocalServer

pytestmark = pytest.mark.slow

SPEC = {
    "method": "random",
    "run_cap": 12,
    "metric": {"name": "val_rmse", "goal": "minimize"},
    "parameters": {
        "features": {"value": "raw"},
        "plots": {"value": "none"},
        "max_iter": {"value": 60},
        "n_iter_no_change": {"value": 1000},  # every trial reports at 50 and at 60
        "learning_rate": {"distribution": "log_uniform_values", "min": 0.05, "max": 0.5},
    },
    "command": ["${env}", "python", "-m", "housing_sweep.pipeline.trial", "${args}"],
}

RUNS = """
import json, sys, wandb
runs = wandb.Api().runs(sys.argv[1], filters={"sweep": sys.argv[2]}, lazy=False)
print(json.dumps([
    [r.id, r.state, r.config["learning_rate"], r.summary.get("val_rmse"),
     [row["iteration"] for row in r.scan_history() if "iteration" in row]] for r in runs
]))
"""


def _publish(server: LocalServer, folder: Path) -> None:
    csv = folder / "housing.csv"
    csv.write_bytes(csv_bytes(PROBLEM, synthetic.make(2000)))
    server.cli("housing-sweep", "data", "publish", "--csv", str(csv), env=PROJECT)


PROJECT = {"WANDB_PROJECT": "california-housing"}
ANY = ("--require", "none", "--no-spatial")
"""Promote whatever is sound: trials of two seconds do not beat a forest."""


def _sweep(server: LocalServer, folder: Path, spec: dict[str, object]) -> str:
    path = folder / "sweep.yaml"
    path.write_text(yaml.safe_dump(spec))
    done = server.cli("wandb", "sweep", str(path), env={**PROJECT, "WANDB_SILENT": "false"})
    found = re.search(r"wandb agent (\S+)", done.stdout + done.stderr)
    assert found, done.stderr
    return found[1]


def _agent(server: LocalServer, sweep: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["wandb", "agent", sweep],
        env={**server.env, **PROJECT},
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_killed_server_costs_neither_a_trial_nor_a_line(
    own_server: LocalServer, tmp_path: Path
) -> None:
    _publish(own_server, tmp_path)
    sweep = _sweep(own_server, tmp_path, SPEC)
    agents = [_agent(own_server, sweep) for _ in range(2)]
    time.sleep(14)
    own_server.restart()
    for agent in agents:
        agent.wait(PATIENCE)
    entity, project, sweep_id = sweep.split("/")
    runs = own_server.sdk(RUNS, f"{entity}/{project}", sweep_id)
    assert [state for _, state, *_ in runs] == ["finished"] * 12
    assert len({rate for _, _, rate, *_ in runs}) == 12
    assert [iterations for *_, iterations in runs] == [[50, 60]] * 12

    shown = own_server.cli("python", "scripts/finalize.py", sweep, *ANY, "--json", "--dry-run")
    best = min(runs, key=lambda run: run[3])
    decision = json.loads(shown.stdout)
    assert best[0] in json.dumps(decision)
    assert decision["promoted"] is None
    first = own_server.cli("python", "scripts/finalize.py", sweep, *ANY)
    assert "california-housing:v0" in first.stdout
    second = json.loads(
        own_server.cli("python", "scripts/finalize.py", sweep, *ANY, "--json").stdout
    )
    assert "v0" in second["promoted"]
    promotions = own_server.sdk(
        "import json, sys, wandb;"
        "print(json.dumps(len(wandb.Api().runs(sys.argv[1], filters={'jobType': 'promote'}))))",
        f"{entity}/{project}",
    )
    assert promotions == 1


def test_a_trial_that_cannot_run_says_why_and_fails(
    local_server: LocalServer, tmp_path: Path
) -> None:
    _publish(local_server, tmp_path)
    trial = ("python", "-m", "housing_sweep.pipeline.trial")
    bad = local_server.cli(*trial, "--model=random_forrest", check=False, env=PROJECT)
    assert bad.returncode == 2
    assert "did you mean random_forest" in bad.stderr
    assert "Traceback" not in bad.stderr
    absent = local_server.cli(*trial, "--dataset=nothing:latest", check=False, env=PROJECT)
    assert absent.returncode == 3
    assert "housing-sweep data publish" in absent.stderr
    told = local_server.sdk(
        "import json, wandb;"
        "runs = wandb.Api().runs('california-housing', filters={'state': 'failed'}, lazy=False);"
        "print(json.dumps([r.summary.get('error', '') for r in runs]))"
    )
    assert any("did you mean random_forest" in error for error in told)


def test_equal_configs_give_equal_scores_and_hashes_in_two_processes(
    local_server: LocalServer, tmp_path: Path
) -> None:
    _publish(local_server, tmp_path)
    for _ in range(2):
        local_server.cli(
            *("python", "-m", "housing_sweep.pipeline.trial", "--max_iter=80", "--seed=5"),
            env={**PROJECT, "WANDB_RUN_GROUP": "twins"},
        )
    held = local_server.sdk(
        "import json, wandb;"
        "runs = wandb.Api().runs('california-housing', filters={'group': 'twins'}, lazy=False);"
        "print(json.dumps([[r.summary['val_rmse'], r.summary['predictions_sha256'],"
        " r.summary['model_bytes'], len(list(r.logged_artifacts()))] for r in runs]))"
    )
    assert len(held) == 2
    assert held[0][:3] == held[1][:3]


def test_an_agent_runs_the_trial_as_a_function_too(
    local_server: LocalServer, tmp_path: Path
) -> None:
    _publish(local_server, tmp_path)
    spec = {**SPEC, "method": "grid", "run_cap": 3}
    spec["parameters"] = {
        "features": {"value": "raw"},
        "max_iter": {"value": 20},
        "plots": {"value": "none"},
        "learning_rate": {"values": [0.1, 0.2, 0.3]},
    }
    sweep = _sweep(local_server, tmp_path, spec)
    code = """
import json, sys, wandb
from housing_sweep.pipeline import trial
wandb.agent(sys.argv[1], function=trial.run, count=3)
sweep = wandb.Api().sweep(sys.argv[1])
print(json.dumps([sweep.state, sorted(r.state for r in sweep.runs), sweep.best_run().state]))
"""
    assert local_server.sdk(code, sweep, env=PROJECT) == [
        "FINISHED",
        ["finished"] * 3,
        "finished",
    ]
