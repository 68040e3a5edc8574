"""A grid of more than 13,000 points, which W&B's users saw repeat itself or never end.

Most points stand in the database as tried; a thousand are tried by one agent that speaks the
protocol itself, many trials to a heartbeat; the last ones by `wandb agent` processes and a function
agent, one of them killed.
"""

import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from housing_sweep.search import grid
from housing_sweep.search.spec import parse_spec
from housing_sweep.server.store.sweeps.trials import point_digest
from tests.support.local_server import SDK_PYTHON, LocalServer, warm
from tests.support.sweep_desk import GRID, HASTY, Desk, end, kill_tree

pytestmark = pytest.mark.slow

POINTS, PRETENDED, LAST = 13_110, 12_000, 10
AT_ONCE = 100
MAKE_AGENT = """mutation($e: String, $p: String, $s: String!) { createAgent(
    input: {host: "h", entityName: $e, projectName: $p, sweep: $s}) { agent { id } } }"""
BEAT = 'mutation($id: ID!) { agentHeartbeat(input: {id: $id, runState: "{}"}) { commands } }'
LOOK = """
import json, sys, wandb
sweep = wandb.Api(timeout=60).sweep(sys.argv[1])
runs = wandb.Api(timeout=60).runs(sys.argv[1].rsplit("/", 1)[0], per_page=1000, lazy=False,
                                  filters={"sweep": sys.argv[1].rsplit("/", 1)[1]})
print(json.dumps([sweep.state, sweep.expected_run_count,
                  [[run.config["lr"], run.config["kind"], run.state] for run in runs]]))
"""
FUNCTION = """
import sys, wandb
def train():
    with wandb.init() as run:
        run.log({"loss": run.config["lr"]})
wandb.agent(sys.argv[1], function=train)
"""


class QuickServer(LocalServer):
    """A server that gives an agent many trials at once, or waits seconds for a lost one."""

    at_once = AT_ONCE

    def command(self, port: int) -> list[str]:
        code = HASTY.replace("retries=2", f"retries=2, trials_per_agent={self.at_once}")
        return [self.python, "-c", code, str(self.data_dir), str(port)]


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[QuickServer]:
    server = QuickServer(tmp_path)
    server.start()
    yield server
    server.stop()


def _pretend(server: LocalServer) -> None:
    """Fill the one sweep of a server that stands still with finished trials of its first points."""
    db = sqlite3.connect(server.data_dir / "housing-sweep.db")
    ((sweep, project, config),) = db.execute("SELECT id, project_id, config FROM sweeps")
    ((user,),) = db.execute("SELECT id FROM users WHERE name = ?", [server.user])
    parsed = parse_spec(yaml.safe_load(config))
    points = [(n, grid.point(parsed, n)) for n in range(PRETENDED)]
    assert db.execute("SELECT count(*) FROM runs").fetchone() == (0,)
    db.executemany(
        "INSERT INTO runs (id, project_id, user_id, name, state, sweep_id, trial_number, config,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, 'finished', ?, ?, ?, ?, ?)",
        [
            (n + 1, project, user, f"pretended{n}", sweep, n, _config(point), n / 1000, n / 1000)
            for n, point in points
        ],
    )
    db.executemany(
        "INSERT INTO trials (sweep_id, number, run_id, point, digest) VALUES (?, ?, ?, ?, ?)",
        [(sweep, n, n + 1, json.dumps(point), point_digest(point)) for n, point in points],
    )
    db.execute("UPDATE sweeps SET next_number = ?1, position = ?1, state = 'RUNNING'", [PRETENDED])
    db.commit()
    db.close()


def _config(point: Mapping[str, object]) -> str:
    return json.dumps({name: {"value": value} for name, value in point.items()})


def _try_all_but_the_last(server: LocalServer, sweep: str) -> int:
    """Try points as an agent does, a hundred to a heartbeat; return how many."""
    entity, project, name = sweep.split("/")
    _, made = server.graphql(MAKE_AGENT, e=entity, p=project, s=name)
    agent, tried = made["data"]["createAgent"]["agent"]["id"], 0
    while tried < POINTS - PRETENDED - LAST:
        _, answer = server.graphql(BEAT, id=agent)
        commands: list[dict[str, Any]] = json.loads(answer["data"]["agentHeartbeat"]["commands"])
        assert commands, f"nothing came after {tried} trials"
        ended = " ".join(
            f't{n}: upsertBucket(input: {{entityName: "{entity}", modelName: "{project}",'
            f' sweep: "{name}", name: "{told["run_id"]}", state: "finished",'
            f" config: {json.dumps(json.dumps(told['args']))}}}) {{ inserted }}"
            for n, told in enumerate(commands)
            if told["type"] == "run"
        )
        status, answer = server.graphql(f"mutation {{ {ended} }}")
        assert (status, answer.get("errors")) == (200, None)
        tried += len(commands)
    return tried


def test_a_grid_of_more_than_13_000_points_tries_each_once_and_ends(
    quick: QuickServer, tmp_path: Path
) -> None:
    (desk_folder := tmp_path / "desk").mkdir()
    desk = Desk(quick, desk_folder, "long-grid")
    half = POINTS // 2
    parameters = {"lr": {"values": list(range(half))}, "kind": {"values": ["a", "b"]}}
    sweep = desk.sweep({**GRID, "parameters": parameters})
    quick.stop()
    _pretend(quick)
    quick.start(int(quick.url.rsplit(":", 1)[1]))
    assert _try_all_but_the_last(quick, sweep) == POINTS - PRETENDED - LAST
    quick.at_once = 1
    quick.restart()

    victim = desk.agent(sweep, STEP_SECONDS="60")
    desk.wait_for_running(sweep)
    kill_tree(victim)
    function = subprocess.Popen(
        [warm(SDK_PYTHON), "-c", FUNCTION, sweep],
        env=desk.env,
        cwd=desk.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end([desk.agent(sweep), desk.agent(sweep), function])
    state, expected, runs = quick.sdk(LOOK, sweep)
    assert (state, expected) == ("FINISHED", POINTS)
    points = [(lr, kind) for lr, kind, ended in runs if ended == "finished"]
    assert Counter(points) == Counter({(lr, kind): 1 for lr in range(half) for kind in "ab"})
    others = [ended for _, _, ended in runs if ended != "finished"]
    assert others == ["crashed"]  # of the agent that was killed; its point was tried again
