"""Commands as a user starts them: no process of this test is a fork (`tests/support/warm`)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.local_server import PATIENCE, SDK_PYTHON, LocalServer

pytestmark = pytest.mark.slow

LOG = """
import json, wandb
with wandb.init(project="cold") as run:
    run.log({"loss": 0.5})
print(json.dumps(run.id))
"""
SWEEP = """
program: trial.py
method: grid
metric: {name: loss, goal: minimize}
parameters: {lr: {values: [0.1]}}
command: [COLD, "${program}", "${args}"]
"""
TRIAL = """
import sys, wandb
with wandb.init() as run:
    run.log({"loss": run.config["lr"]})
    print("imported before", "sklearn" in sys.modules)
"""


def test_a_server_a_run_a_sweep_and_our_commands_start_cold(tmp_path: Path) -> None:
    server = LocalServer(tmp_path, python=sys.executable).start()
    try:
        scripts = Path(SDK_PYTHON).parent, Path(sys.executable).parent

        def run(program: str, *arguments: str) -> str:
            done = subprocess.run(
                [program, *arguments],
                env={**server.env, "WANDB_PROJECT": "cold", "WANDB_SILENT": "false"},
                cwd=server.env["HOME"],
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout + done.stderr

        run(SDK_PYTHON, "-c", LOG)
        home = Path(server.env["HOME"])
        (home / "trial.py").write_text(TRIAL)
        (home / "sweep.yaml").write_text(SWEEP.replace("COLD", SDK_PYTHON))
        found = re.search(
            r"wandb agent (\S+)", run(str(scripts[0] / "wandb"), "sweep", "sweep.yaml")
        )
        assert found is not None
        assert "imported before False" in run(str(scripts[0] / "wandb"), "agent", found[1])
        shown = run(str(scripts[1] / "housing-sweep"), "sweeps", "show", found[1])
        assert "finished" in shown.lower()
    finally:
        server.stop()
