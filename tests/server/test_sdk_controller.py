"""A sweep whose trials a local controller chooses (`wandb.controller`), and an agent runs them."""

import json
import subprocess

import pytest

from tests.local_server import SDK_PYTHON, LocalServer

pytestmark = pytest.mark.slow

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


def test_a_local_controller_chooses_every_trial_and_ends_the_sweep(
    local_server: LocalServer,
) -> None:
    """Needs `wandb[sweeps]` where the SDK runs; `scripts/test_sdk` installs it."""
    # Not in the checkout, whose folder sweeps/ would be imported instead.
    home = local_server.env["HOME"]
    found = subprocess.run([SDK_PYTHON, "-c", "import sweeps"], cwd=home, capture_output=True)
    if found.returncode:
        pytest.skip("the SDK's controller needs the package `sweeps` (pip install wandb[sweeps])")
    sweep = local_server.sdk(MAKE % json.dumps(SPEC))
    processes = [
        subprocess.Popen(
            [SDK_PYTHON, "-c", code, sweep],
            env=local_server.env,
            cwd=local_server.env["HOME"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for code in (CONTROL, AGENT)
    ]
    try:
        assert processes[0].wait(timeout=100) == 0
        assert processes[1].wait(timeout=60) == 0
    finally:
        for process in processes:
            process.kill()
    assert local_server.sdk(READ, sweep) == ["FINISHED", [1, 2, 3], 3, True]
