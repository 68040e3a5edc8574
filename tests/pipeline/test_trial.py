"""The training program: its flags, where its run goes, what it records, how it stops."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.housing import synthetic
from housing_sweep.housing.dataset import csv_bytes
from housing_sweep.pipeline.trial import parse_flags
from tests.local_server import LocalServer

TRIAL = (sys.executable, "-m", "housing_sweep.pipeline.trial")
RUNS = """
import json, wandb
runs = wandb.Api().runs("california-housing", filters={"jobType": "trial"}, lazy=False)
print(json.dumps([
    {"state": r.state, "dataset": r.summary.get("dataset_version"),
     "lines": len([row for row in r.scan_history() if "iteration" in row]),
     "made": [[a.type, a.metadata] for a in r.logged_artifacts()]} for r in runs
]))
"""


def test_flags_are_read_as_the_agent_writes_them() -> None:
    flags = ["--learning_rate=1e-05", "--max_depth=None", "--max_iter=20", "--model=extra_trees"]
    assert parse_flags(flags) == {
        "learning_rate": 1e-05,
        "max_depth": None,
        "max_iter": 20,
        "model": "extra_trees",
    }


@pytest.mark.parametrize("flag", ["model=extra_trees", "--model", "--model=[a"])
def test_what_is_no_flag_is_refused_by_name(flag: str) -> None:
    with pytest.raises(BadInput, match="model"):
        parse_flags([flag])


def _publish(server: LocalServer, folder: Path) -> None:
    csv = folder / "housing.csv"
    csv.write_bytes(csv_bytes(synthetic.make(2000)))
    server.cli("housing-sweep", "data", "publish", "--csv", str(csv))


@pytest.mark.slow
def test_without_a_project_a_trial_finds_the_published_dataset_and_records_its_version(
    own_server: LocalServer, tmp_path: Path
) -> None:
    _publish(own_server, tmp_path)
    own_server.cli(*TRIAL, "--max_iter=20", "--learning_rate=1e-1", "--plots=none")
    [run] = own_server.sdk(RUNS)
    assert run["state"] == "finished"
    version = f"{own_server.user}/california-housing/california-housing:v0"
    assert run["dataset"] == version
    assert [(kind, facts["dataset"]) for kind, facts in run["made"]] == [("model", version)]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_trial_keeps_its_history_and_saves_no_model(
    own_server: LocalServer, tmp_path: Path, how: signal.Signals
) -> None:
    _publish(own_server, tmp_path)
    flags = ("--model=random_forest", "--features=raw", "--n_estimators=5000")
    with subprocess.Popen([*TRIAL, *flags], env=own_server.env, stderr=subprocess.PIPE) as trial:
        deadline = time.monotonic() + 90
        while not any(run["lines"] for run in own_server.sdk(RUNS)):
            assert time.monotonic() < deadline, "no history line arrived"
        trial.send_signal(how)
        _, told = trial.communicate(timeout=60)
    assert trial.returncode == 130
    assert b"Traceback" not in told
    [run] = own_server.sdk(RUNS)
    assert run["state"] == "failed"
    assert run["lines"] > 0
    assert run["made"] == []
