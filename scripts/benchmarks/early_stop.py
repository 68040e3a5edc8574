"""What stopping losers early saves through real agents: `wandb sweep`, `wandb agent`, trials.

    scripts/bench early_stop --csv housing.csv [--seeds 0 1 2] [--trials 30] [--agents 2]

Each pair is two sweeps over the same points, one without `early_terminate`. Training time is the
trials' own `fit_seconds`: features and fit, until the end or the stop. Prints a Markdown table.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.local_server import LocalServer  # noqa: E402

SPEC = ROOT / "sweeps" / "hist_gradient_boosting_hyperband.yaml"
MAKE = """
import json, sys, wandb
print(json.dumps(wandb.sweep(json.loads(sys.argv[1]), project="california-housing")))
"""
READ = """
import json, sys, wandb
runs = wandb.Api().sweep("california-housing/" + sys.argv[1]).runs
print(json.dumps([
    [run.state, run.summary.get("fit_seconds"), run.summary.get("val_rmse"),
     len(run.history(keys=["iteration"], pandas=False)), len(list(run.logged_artifacts()))]
    for run in runs]))
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one sweep came to.

    Attributes:
        training: seconds of all its trials.
        wall: seconds from the first agent's start to the last one's end.
        best: the lowest score of a trial that ran to its end.
        states: state of the run -> trials.
        lines: history lines of all trials.
        partial: stopped trials that logged an artifact.
    """

    training: float
    wall: float
    best: float
    states: dict[str, int]
    lines: int
    partial: int


def one(server: LocalServer, spec: dict[str, Any], seed: int, agents: int) -> Outcome:
    """Run one sweep to its end."""
    sweep = server.sdk(MAKE, json.dumps(spec))
    with sqlite3.connect(server.data_dir / "housing-sweep.db") as db:  # the same points in a pair
        db.execute("UPDATE sweeps SET seed = ? WHERE name = ?", (seed, sweep))
    db.close()
    env = {**server.env, "WANDB_PROJECT": "california-housing"}
    began = time.perf_counter()
    crew = [
        subprocess.Popen(
            ["wandb", "agent", f"{server.user}/california-housing/{sweep}"],
            env=env,
            cwd=env["HOME"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(agents)
    ]
    for agent in crew:
        agent.wait()
    wall = time.perf_counter() - began
    found = server.sdk(READ, sweep)
    states = [state for state, *_ in found]
    stopped = [row for row in found if row[0] == "killed"]
    return Outcome(
        training=sum(row[1] or 0.0 for row in found),
        wall=wall,
        best=min(row[2] for row in found if row[0] == "finished"),
        states={state: states.count(state) for state in sorted(set(states))},
        lines=sum(row[3] for row in found),
        partial=sum(row[4] > 0 for row in stopped),
    )


def main() -> int:
    """Run the pairs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, default=os.environ.get("HOUSING_SWEEP_CSV"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="one pair each")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--agents", type=int, default=2)
    options = parser.parse_args()
    source = ["--csv", str(options.csv.resolve())] if options.csv else ["--source", "california"]
    spec = yaml.safe_load(SPEC.read_text())
    spec["run_cap"] = options.trials
    whole = {key: value for key, value in spec.items() if key != "early_terminate"}
    print("| points | training, s | with hyperband | saved | regret | wall, s | states |")
    print("|---|---|---|---|---|---|---|", flush=True)
    saved, regret = [], []
    with tempfile.TemporaryDirectory() as folder:
        server = LocalServer(Path(folder)).start()
        try:
            project = {**server.env, "WANDB_PROJECT": "california-housing"}
            server.cli("housing-sweep", "data", "publish", *source, env=project)
            for seed in options.seeds:
                full, cut = (one(server, each, seed, options.agents) for each in (whole, spec))
                assert not cut.partial, "a stopped trial logged a model"
                saved.append(1 - cut.training / full.training)
                regret.append(cut.best - full.best)
                print(
                    f"| {seed} | {full.training:.0f} | {cut.training:.0f} | {saved[-1]:.0%}"
                    f" | {regret[-1]:.5f} | {full.wall:.0f}, {cut.wall:.0f} | {cut.states} |",
                    flush=True,
                )
        finally:
            server.stop()
    print(f"\nmean saved {statistics.mean(saved):.0%}, mean regret {statistics.mean(regret):.5f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
