"""A small finished sweep of real trials, for the tests of what comes after one."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.local_server import LocalServer

SWEEP = """
import json, os, sys, tempfile
from pathlib import Path
import wandb
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline import trial
from housing_sweep.pipeline.train.publish import publish
from housing_sweep.tabular.data_findings import DataPolicy, examine
from housing_sweep.tabular.extras import LoadedTable
from housing_sweep.tabular.tables import check_frame
project = os.environ["WANDB_PROJECT"] = sys.argv[1]
frame = check_frame(PROBLEM, synthetic.make(1500), "a small table")
policy = DataPolicy()
findings = examine(PROBLEM, frame, policy)
publish(LoadedTable(PROBLEM, frame, "synthetic", "a small table"), findings, policy, project)
sweep = wandb.sweep({
    "name": "small", "method": "grid", "metric": {"name": "val_rmse", "goal": "minimize"},
    "parameters": {
        "dataset": {"value": "california-housing:latest"},
        "features": {"value": "geo"}, "max_iter": {"value": 60}, "plots": {"value": "none"},
        "learning_rate": {"values": [0.05, 0.1, 0.2, 0.3, 0.4, 7.0]},
    },
}, project=project)
wandb.agent(sweep, function=trial.run, project=project, count=6)
runs = wandb.Api().runs(project, filters={"sweep": sweep}, order="+created_at", lazy=False)
print(json.dumps([sweep, [
    {"id": r.id, "state": r.state, "score": r.summary.get("val_rmse"),
     "r2": r.summary.get("val_r2")} for r in runs
]]))
"""


@dataclass(frozen=True)
class Swept:
    """A finished sweep: five trials with a score, one that failed (learning rate 7 is impossible).

    Attributes:
        path: PROJECT/ID.
        project: its project.
        runs: id, state and score of each, in order of creation.
    """

    path: str
    project: str
    runs: list[dict[str, Any]]

    @property
    def best_first(self) -> list[str]:
        """Ids of the runs with a score."""
        scored = [run for run in self.runs if run["state"] == "finished"]
        return [run["id"] for run in sorted(scored, key=lambda run: run["score"])]


@pytest.fixture(scope="session")
def swept(local_server: LocalServer) -> Swept:
    """The small sweep: to read. `test_after_a_sweep` promotes and prunes it, at its end."""
    project = "after-a-sweep"
    sweep, runs = local_server.sdk(SWEEP, project)
    return Swept(f"{project}/{sweep}", project, runs)
