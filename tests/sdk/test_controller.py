"""A sweep whose trials a local controller chooses (`wandb.controller`), and an agent runs them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.local_server import PATIENCE, LocalServer

pytestmark = pytest.mark.slow

PYTHON = os.environ.get("HOUSING_SWEEP_CONTROLLER_PYTHON", "")
"""One whose SDK has its own search engine; `scripts/test` and `scripts/test_sdk` make it."""

CONTROL = """
import sys, wandb
wandb.controller(sys.argv[1], project="controlled").run(verbose=False)
"""

AGENT = """
import sys, wandb
def train():
    with wandb.init() as run:
        run.log({"loss": (run.config.x - 3) ** 2})
wandb.agent(sys.argv[1], train, project="controlled")
"""

MAKE = """
import json, wandb
print(json.dumps(wandb.sweep(json.loads('%s'), project="controlled")))
"""
SPEC = {
    "controller": {"type": "local"},
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"values": [1, 2, 3]}},
}

READ = """
import json, sys, wandb
sweep = wandb.Api().sweep("controlled/" + sys.argv[1])
print(json.dumps([sweep.state, sorted(run.config["x"] for run in sweep.runs),
                  sweep.best_run().config["x"], {run.state for run in sweep.runs} == {"finished"}]))
"""


@pytest.mark.parametrize("how", ["wandb.controller", "wandb sweep --controller"])
def test_a_local_controller_chooses_every_trial_and_ends_the_sweep(
    local_server: LocalServer, how: str
) -> None:
    if not PYTHON:
        pytest.skip("no environment with `wandb[sweeps]`: run it through scripts/test")
    home = Path(local_server.env["HOME"])  # not the checkout, whose sweeps/ would be imported

    def start(*command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [PYTHON, *command],
            env={**local_server.env, "WANDB_PROJECT": "controlled", "WANDB_SILENT": "false"},
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    if how == "wandb.controller":
        sweep = local_server.sdk(MAKE % json.dumps(SPEC))
        controller = start("-c", CONTROL, sweep)
    else:
        (home / "controlled.yaml").write_text(json.dumps(SPEC))  # JSON is YAML
        controller = start("-m", "wandb", "sweep", "--controller", "controlled.yaml")
        sweep = _sweep_named_in(controller)
    agent = start("-c", AGENT, sweep)
    try:
        for process in (controller, agent):
            told, _ = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, told
    finally:
        for process in (controller, agent):
            process.kill()
    assert local_server.sdk(READ, sweep) == ["FINISHED", [1, 2, 3], 3, True]


def _sweep_named_in(controller: "subprocess.Popen[str]") -> str:
    assert controller.stdout is not None
    for line in controller.stdout:
        if found := re.search(r"wandb agent \S+/(\w+)", line):
            return found[1]
    raise AssertionError("`wandb sweep --controller` named no sweep")
