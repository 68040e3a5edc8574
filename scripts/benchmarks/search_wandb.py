"""W&B's own engine as a player: its package `sweeps`, asked line by line.

`sweeps` needs numpy below 2, so it runs in an environment and a process of its own; started as a
script in there, this file answers {"spec", "seed", "done": [[point, value]], "pending": [point]}.
"""

import importlib
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

HOME = Path("~/.cache/housing-sweep/bench/wandb-sweeps").expanduser()


class WandbEngine:
    """The engine in its own process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [_python(), __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the next point."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _python() -> str:
    python = HOME / "bin" / "python"
    if not (HOME / "ready").exists():
        venv.create(HOME, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "-q", "sweeps==0.3.0", "numpy<2"]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        (HOME / "ready").touch()
    return str(python)


def _serve() -> None:
    import warnings

    import numpy as np

    sweeps: Any = importlib.import_module("sweeps")  # of that environment, not our folder

    warnings.simplefilter("ignore")
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked["spec"]["metric"]["name"]
        runs = [_run(sweeps, point, "finished", {name: value}) for point, value in asked["done"]]
        runs += [_run(sweeps, point, "running", {}) for point in asked["pending"]]
        np.random.seed((asked["seed"] * 1009 + len(runs)) % 2**32)
        found = sweeps.next_run(asked["spec"], runs, validate=True)
        point = {key: held["value"] for key, held in found.config.items()}
        answers.write(json.dumps(point, default=float) + "\n")
        answers.flush()


def _run(sweeps: Any, point: dict[str, Any], state: str, summary: dict[str, float]) -> Any:
    config = {key: {"value": value} for key, value in point.items()}
    return sweeps.SweepRun(config=config, state=state, summary_metrics=summary)


if __name__ == "__main__":
    _serve()
