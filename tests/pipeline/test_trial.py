"""The training program: its flags, where its run goes, what it records, how it stops."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.trial import _reference, parse_flags
from housing_sweep.registry.references import DEFAULT_DATASET
from housing_sweep.tabular.dataset_files import csv_bytes
from tests.support.local_server import PATIENCE, LocalServer, warm

TRIAL = (warm(sys.executable), "-m", "housing_sweep.pipeline.trial")
RUNS = """
import json, wandb
runs = wandb.Api().runs("california-housing", filters={"jobType": "trial"}, lazy=False)
print(json.dumps([
    {"state": r.state, "dataset": r.summary.get("dataset_version"),
     "lines": len([row for row in r.scan_history() if "iteration" in row]),
     "made": [[a.type, a.metadata] for a in r.logged_artifacts()]} for r in runs
]))
"""
STOP = """
import json, wandb
(run,) = wandb.Api().runs("california-housing", filters={"state": "running"})
print(json.dumps(run.stop()))
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


@pytest.mark.parametrize(
    ("config", "reference"),
    [
        ({}, DEFAULT_DATASET),
        ({"dataset": "e/p/flats:v3"}, "e/p/flats:v3"),
        ({"dataset": 7}, DEFAULT_DATASET),  # refused later, by name, with all the rest
    ],
)
def test_a_trial_reads_its_table_from_the_dataset_that_it_names(
    config: dict[str, object], reference: str
) -> None:
    assert _reference(config) == reference


def _publish(server: LocalServer, folder: Path) -> None:
    csv = folder / "housing.csv"
    csv.write_bytes(csv_bytes(PROBLEM, synthetic.make(2000)))
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
        deadline = time.monotonic() + PATIENCE
        while not any(run["lines"] for run in own_server.sdk(RUNS)):
            assert time.monotonic() < deadline, "no history line arrived"
        trial.send_signal(how)
        _, told = trial.communicate(timeout=PATIENCE)
    assert trial.returncode == 130
    assert b"Traceback" not in told
    [run] = own_server.sdk(RUNS)
    assert run["state"] == "failed"
    assert run["lines"] > 0
    assert run["made"] == []


@pytest.mark.slow
def test_a_trial_in_the_background_of_a_script_hears_of_its_stop(
    own_server: LocalServer, tmp_path: Path
) -> None:
    _publish(own_server, tmp_path)
    flags = ("--model=random_forest", "--features=raw", "--n_estimators=5000")
    background = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")  # as a script's `&` does
    with subprocess.Popen([*background, *TRIAL, *flags], env=own_server.env) as trial:
        deadline = time.monotonic() + PATIENCE
        while not any(run["lines"] for run in own_server.sdk(RUNS)):
            assert time.monotonic() < deadline, "no history line arrived"
        own_server.sdk(STOP)
        assert trial.wait(PATIENCE) == 0
    [run] = own_server.sdk(RUNS)
    assert (run["state"], run["made"]) == ("killed", [])


SLOW_TO_SAVE = """
import pathlib, sys, time
from housing_sweep.pipeline import trial
from housing_sweep.pipeline.train import model_files
write = model_files.write
def slowly(*args, **more):
    pathlib.Path("saving").touch()
    while not pathlib.Path("go").exists():
        time.sleep(0.05)
    return write(*args, **more)
model_files.write = slowly
sys.argv[1:] = ["--features=raw", "--max_iter=5", "--plots=none"]
trial.main()
"""


@pytest.mark.slow
def test_a_stop_that_comes_after_the_fit_does_not_stop_the_model_from_being_saved(
    own_server: LocalServer, tmp_path: Path
) -> None:
    _publish(own_server, tmp_path)
    code = [warm(sys.executable), "-c", SLOW_TO_SAVE]
    with subprocess.Popen(
        code, env=own_server.env, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as trial:
        deadline = time.monotonic() + PATIENCE
        while not (tmp_path / "saving").exists():
            assert time.monotonic() < deadline, "the trial never got that far"
            time.sleep(0.05)
        own_server.sdk(STOP)
        trial.send_signal(signal.SIGTERM)  # which an agent sends when it is told of the stop
        time.sleep(1)
        (tmp_path / "go").touch()
        _, told = trial.communicate(timeout=PATIENCE)
    assert trial.returncode == 0, told
    assert "done, saving what was made" in told
    [run] = own_server.sdk(RUNS)
    assert run["state"] == "finished"
    assert [kind for kind, _ in run["made"]] == ["model"], told
