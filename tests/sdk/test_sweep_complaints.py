"""What users of sweeps complain of, through real agents: lost, failed and stopped trials."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.dataset_files import csv_bytes
from tests.support.local_server import ROOT, SDK_PYTHON, LocalServer, warm
from tests.support.sweep_desk import GRID, METRIC, TRIAL, Desk, end, hasty, kill_tree

__all__ = ["hasty"]

pytestmark = pytest.mark.slow

HELD = "import os, time\nwhile os.path.exists('hold'): time.sleep(0.1)\n" + TRIAL
FAILS_TWICE = "import os, sys\n" + TRIAL.replace(
    "with wandb.init() as run:",
    "with wandb.init() as run:\n"
    "    tries = sum(name.startswith('try') for name in os.listdir('.'))\n"
    "    open(f'try{tries}', 'w').close()\n"
    "    assert tries >= 2, 'an accident'",
)
ONE_POINT: dict[str, Any] = {**GRID, "run_cap": 1}


def _desk(server: LocalServer, folder: Path, project: str) -> Desk:
    return Desk(server, folder, project)


def _counts(desk: Desk, sweep: str) -> tuple[int, int]:
    entity, project, name = sweep.split("/")
    query = "query($e: String, $p: String, $s: String!) { project(name: $p, entityName: $e) {"
    query += " sweep(sweepName: $s) { runCount runCountExpected } } }"
    _, answer = desk.server.graphql(query, e=entity, p=project, s=name)
    found = answer["data"]["project"]["sweep"]
    return found["runCount"], found["runCountExpected"]


def test_an_agent_killed_right_after_it_got_a_trial_leaves_nothing_behind(
    hasty: LocalServer, tmp_path: Path
) -> None:
    desk = _desk(hasty, tmp_path, "killed-at-once")
    (tmp_path / "trial.py").write_text(HELD)
    (tmp_path / "hold").touch()
    sweep = desk.sweep({**GRID, "run_cap": 2})
    victim = desk.agent(sweep)
    desk.wait(sweep, "pending")
    kill_tree(victim)
    (tmp_path / "hold").unlink()
    end([desk.agent(sweep)])
    assert desk.state(sweep) == "FINISHED"
    assert desk.trial_states == ["finished", "finished"]


def test_a_trial_that_dies_with_its_agent_is_tried_again_and_the_cap_holds(
    hasty: LocalServer, tmp_path: Path
) -> None:
    desk = _desk(hasty, tmp_path, "killed-running")
    sweep = desk.sweep(ONE_POINT)
    victim = desk.agent(sweep, STEP_SECONDS="60")
    desk.wait(sweep, "running")
    kill_tree(victim)
    end([desk.agent(sweep)])
    assert desk.state(sweep) == "FINISHED"
    first, second = desk.trial_states
    assert first in ("crashed", "failed")
    assert second == "finished"
    assert _counts(desk, sweep) == (1, 1)  # one trial, in two attempts


def test_a_trial_that_fails_is_tried_again_as_often_as_retries_says(
    hasty: LocalServer, tmp_path: Path
) -> None:
    desk = _desk(hasty, tmp_path, "retries")
    (tmp_path / "trial.py").write_text(FAILS_TWICE)
    sweep = desk.sweep(ONE_POINT)
    end([desk.agent(sweep)])
    assert desk.state(sweep) == "FINISHED"
    assert desk.trial_states == ["failed", "failed", "finished"]
    assert _counts(desk, sweep) == (1, 1)


def test_a_function_agent_on_a_server_of_parallel_agents_takes_every_trial_once(
    tmp_path: Path,
) -> None:
    server = LocalServer(tmp_path, "--trials-per-agent", "3").start()
    try:
        folder = tmp_path / "desk"
        folder.mkdir()
        desk = _desk(server, folder, "function")
        spec = {"method": "grid", "metric": METRIC, "parameters": {"lr": {"values": [1, 2, 3, 4]}}}
        sweep = desk.sweep(spec)
        code = """
import json, sys, wandb
def train():
    with wandb.init() as run:
        run.log({"loss": run.config["lr"]})
wandb.agent(sys.argv[1], function=train, count=4)
print(json.dumps("done"))
"""
        assert server.sdk(code, sweep, env={"WANDB_AGENT_DISABLE_FLAPPING": "true"}) == "done"
        seen = desk.look(sweep)
        assert sorted((lr, state) for lr, _, state in seen["runs"]) == [
            (lr, "finished") for lr in (1, 2, 3, 4)
        ]
        assert seen["state"] == "FINISHED"
    finally:
        server.stop()


FUNCTION_AGENT = """
import os, signal, sys, time, wandb
def train():
    with wandb.init() as run:
        run.log({"loss": run.config["lr"]})
        if run.config["lr"] == 1 and not os.path.exists("was-here"):
            open("was-here", "w").close()
            if sys.argv[2] == "fails":
                raise ValueError("an accident")
            for _ in range(6000):  # an agent ends a trial's thread between two lines of Python
                time.sleep(0.1)
wandb.agent(sys.argv[1], function=train)
"""


@pytest.mark.parametrize("how", ["fails", "Ctrl-C", "killed"])
def test_a_trial_that_a_function_agent_dropped_is_run_again(
    hasty: LocalServer, tmp_path: Path, how: str
) -> None:
    desk = _desk(hasty, tmp_path, f"function-{how}")
    spec = {"method": "grid", "metric": METRIC, "parameters": {"lr": {"values": [1, 2]}}}
    sweep = desk.sweep(spec)

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [SDK_PYTHON, "-c", FUNCTION_AGENT, sweep, how],
            env=desk.env,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    first = start()
    if how != "fails":
        desk.wait_for_running(sweep)
        while not (tmp_path / "was-here").exists():
            time.sleep(0.1)
        os.killpg(first.pid, signal.SIGINT if how == "Ctrl-C" else signal.SIGKILL)
    try:
        first.wait(60)  # after a first trial that failed, such an agent leaves too
    except subprocess.TimeoutExpired:
        # Rarely, after Ctrl-C, the SDK's teardown and its trial's finish wait for each other: then
        # a person kills it, and the trial must be run again all the same.
        assert how == "Ctrl-C"
        kill_tree(first)
    end([start()])
    seen = desk.look(sweep)
    finished = sorted(lr for lr, _, state in seen["runs"] if state == "finished")
    assert (seen["state"], finished) == ("FINISHED", [1, 2])
    if how != "Ctrl-C":  # of a trial that it interrupts so, 0.28.2 says that it finished
        assert len(seen["runs"]) == 3  # the attempt that was dropped stays


RATES = [0.1, 0.001, 0.0011, 0.0012, 0.0013]


def test_stopped_trials_of_ours_keep_their_history_save_no_model_and_count_as_no_failure(
    local_server: LocalServer, tmp_path: Path
) -> None:
    (tmp_path / "housing.csv").write_bytes(csv_bytes(PROBLEM, synthetic.make(4000)))
    desk = _desk(local_server, tmp_path, "stopped-trial")
    local_server.cli(
        *("housing-sweep", "data", "publish", "--csv", str(tmp_path / "housing.csv")),
        env={"WANDB_PROJECT": desk.project},
    )
    sweep = desk.sweep(
        {
            "method": "grid",
            "metric": {"name": "val_rmse", "goal": "minimize"},
            "early_terminate": {"type": "hyperband", "min_iter": 2, "eta": 9},
            "parameters": {
                "learning_rate": {"values": RATES},
                # The first ends after some hundred iterations; the others would take 10,000.
                "max_iter": {"value": 10_000},
                "features": {"value": "raw"},
                "plots": {"value": "none"},
            },
            "command": [warm(sys.executable), "-m", "housing_sweep.pipeline.trial", "${args}"],
        }
    )
    desk.env["PYTHONPATH"] = str(ROOT)
    del desk.env["WANDB_AGENT_DISABLE_FLAPPING"]  # three failures in a minute, and an agent leaves
    end([desk.agent(sweep)])
    code = """
import json, sys, wandb
api = wandb.Api()
print(json.dumps([
    [run.config["learning_rate"], run.state, [row["iteration"] for row in run.scan_history()],
     [artifact.type for artifact in run.logged_artifacts()], run.lastHistoryStep]
    for run in api.sweep(sys.argv[1]).runs
]))
"""
    found = sorted(local_server.sdk(code, sweep), reverse=True)
    (_, state, _, artifacts, _), *others = found
    assert (state, artifacts) == ("finished", ["model"])
    assert [rate for rate, *_ in others] == sorted(RATES[1:], reverse=True)
    for _, stopped, iterations, none, last in others:
        assert (stopped, none) == ("killed", [])
        assert iterations[:2] == [50, 100]
        assert len(iterations) == last + 1  # every line it logged
    assert desk.state(sweep) == "FINISHED"
