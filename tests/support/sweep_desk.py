"""What tests of sweeps share: a desk with a program and the `wandb` command, agents, their end."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.local_server import PATIENCE, SDK_PYTHON, WARM, LocalServer, warm
from tests.support.warm.commands import fork_of

TRIAL = """
import argparse, os, time, wandb
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--kind", default="a")
args = parser.parse_args()
with wandb.init() as run:
    for step in range(3):
        run.log({"loss": abs(args.lr - 0.3) + 0.1 * (2 - step)})
        time.sleep(float(os.environ.get("STEP_SECONDS", "0")))
"""
AGENT = """
from wandb import wandb_agent
from wandb.cli import cli
wandb_agent.Agent.POLL_INTERVAL = {poll}
cli.cli()
"""
METRIC = {"name": "loss", "goal": "minimize"}
GRID: dict[str, Any] = {
    "program": "trial.py",
    "command": [warm(SDK_PYTHON), "${program}", "${args}"],
    "method": "grid",
    "metric": METRIC,
    "parameters": {"lr": {"values": [0.1, 0.2, 0.3]}, "kind": {"values": ["a", "b"]}},
}
LOOK = """
import json, sys, wandb
sweep = wandb.Api().sweep(sys.argv[1])
best = sweep.best_run()
print(json.dumps({
    "state": sweep.state,
    "expected": sweep.expected_run_count,
    "order": sweep.order,
    "runs": [[run.config["lr"], run.config.get("kind"), run.state] for run in sweep.runs],
    "losses": [[row["loss"] for row in run.scan_history()] for run in sweep.runs],
    "best": best and [best.config["lr"], best.summary["loss"]],
    "best_loss": sweep.bestLoss,
    "agents": [[a.state, a.totalRuns, len(a.runs())] for a in sweep.agents()],
}))
"""
HASTY = """
import sys
from pathlib import Path
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.serve import serve
def announce(url, key):
    print(f"export WANDB_BASE_URL={url}", f"export WANDB_API_KEY={key}", sep="\\n", flush=True)
folder, port = Path(sys.argv[1]), int(sys.argv[2])
timing = dict(crash_after=10.0, offer_again_after=4.0, retries=2)
serve(ServerConfig(data_dir=folder, port=port, **timing), announce)
"""


class Desk:
    """A folder with a training program, and the `wandb` command on a server."""

    def __init__(self, server: LocalServer, folder: Path, project: str) -> None:
        self.server, self.folder, self.project = server, folder, project
        (folder / "trial.py").write_text(TRIAL)
        self.env = {
            **server.env,
            "WANDB_PROJECT": project,
            "WANDB_DIR": str(folder),
            "WANDB_SILENT": "false",
            "WANDB_AGENT_DISABLE_FLAPPING": "true",
        }

    def wandb(self, *args: str, fails: bool = False) -> str:
        """Run a `wandb` command and return what it printed."""
        done = subprocess.run(
            [warm(SDK_PYTHON), "-m", "wandb", *args],
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert (done.returncode != 0) == fails, f"{args}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def sweep(self, spec: dict[str, Any], *options: str) -> str:
        """Create a sweep and return its path."""
        (self.folder / "sweep.yaml").write_text(yaml.safe_dump(spec))
        found = re.search(r"wandb agent (\S+)", self.wandb("sweep", *options, "sweep.yaml"))
        assert found is not None
        return found[1]

    def agent(
        self, sweep: str, *options: str, poll: float = 1, **env: str
    ) -> "subprocess.Popen[bytes]":
        """Start an agent; its 5 s between heartbeats are cut short unless `poll` says so."""
        return subprocess.Popen(
            [warm(SDK_PYTHON), "-c", AGENT.format(poll=poll), "agent", *options, sweep],
            env={**self.env, "WANDB_SILENT": "true", **env},
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def look(self, sweep: str) -> dict[str, Any]:
        """Return what `wandb.Api` says of a sweep, in another process."""
        found: dict[str, Any] = self.server.sdk(LOOK, sweep)
        return found

    def state(self, sweep: str) -> str:
        """Return a sweep's state and nothing else, quickly."""
        entity, project, name = sweep.split("/")
        query = "query($e: String, $p: String, $s: String!) { project(name: $p, entityName: $e) {"
        query += " sweep(sweepName: $s) { state runs { edges { node { name state } } } } } }"
        _, answer = self.server.graphql(query, e=entity, p=project, s=name)
        found: dict[str, Any] = answer["data"]["project"]["sweep"]
        self.trial_states = [edge["node"]["state"] for edge in found["runs"]["edges"]]
        return str(found["state"])

    def wait_for_running(self, sweep: str, timeout: float = PATIENCE) -> None:
        """Wait until some trial of the sweep runs."""
        entity, project, name = sweep.split("/")
        query = "query($e: String, $p: String, $f: JSONString) { project(name: $p, entityName: $e)"
        query += " { runCount(filters: $f) } }"
        filters = json.dumps({"sweep": name, "state": "running"})
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            _, answer = self.server.graphql(query, e=entity, p=project, f=filters)
            if answer["data"]["project"]["runCount"]:
                return
            time.sleep(0.2)
        raise AssertionError(f"no trial of {sweep} ran: {self.server.log()}")

    def wait_for_lines(self, sweep: str, count: int) -> None:
        """Wait until some trial of the sweep has logged so many lines."""
        entity, project, name = sweep.split("/")
        query = "query($e: String, $p: String, $s: String!) { project(name: $p, entityName: $e) {"
        query += " sweep(sweepName: $s) { runs { edges { node { historyLineCount } } } } } }"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            _, answer = self.server.graphql(query, e=entity, p=project, s=name)
            edges = answer["data"]["project"]["sweep"]["runs"]["edges"]
            if any(edge["node"]["historyLineCount"] >= count for edge in edges):
                return
            time.sleep(0.2)
        raise AssertionError(f"no trial of {sweep} logged {count} lines: {self.server.log()}")

    def wait(self, sweep: str, *states: str, timeout: float = PATIENCE) -> None:
        """Wait until the sweep's trials have exactly these states, in order."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.state(sweep)
            if tuple(self.trial_states) == states:
                return
            time.sleep(0.2)
        raise AssertionError(f"{self.trial_states} instead of {states}: {self.server.log()}")


def end(agents: Sequence["subprocess.Popen[bytes]"], timeout: float = PATIENCE) -> None:
    """Wait until agents leave by themselves."""
    try:
        for agent in agents:
            agent.wait(timeout)
    finally:
        for agent in agents:
            agent.kill()


def kill_tree(process: "subprocess.Popen[bytes]") -> None:
    """Kill an agent, its trials and their wandb-core at once, as if the machine went away.

    One signal to a process group would not do: `wandb agent` gives each trial a group of its own,
    and wandb-core starts a session.
    """
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    children: dict[int, list[int]] = {}
    for line in table.stdout.splitlines():
        pid, parent = map(int, line.split())
        children.setdefault(parent, []).append(pid)
    doomed = [process.pid]
    for pid in doomed:
        doomed.extend((*children.get(pid, []), *fork_of(os.environ.get(WARM), pid)))
    for pid in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


class HastyServer(LocalServer):
    """A server that waits seconds where others wait minutes, and tries failed trials again."""

    def command(self, port: int) -> list[str]:
        return [self.python, "-c", HASTY, str(self.data_dir), str(port)]


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    server = HastyServer(tmp_path_factory.mktemp("hasty")).start()
    yield server
    server.stop()
