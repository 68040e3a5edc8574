"""Requests against a server that holds many runs, compared with the same on a nearly empty one.

    scripts/bench server --runs 100000 --lines 20

Both servers run at the same time in processes of their own; figures are medians over keep-alive
HTTP, and what counts is the ratio: no query may grow with the number of runs.
"""

import argparse
import base64
import http.client
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from housing_sweep.server.store import history, people, projects, runs, sweeps
from housing_sweep.server.store.db import open_database, write
from housing_sweep.server.store.runs import RunId
from tests.local_server import LocalServer

CALLS = 200
PAGE = """query($f: JSONString, $o: String) { project(name: "bench") { runs(first: 50, filters: $f,
    order: $o) { edges { node { name displayName state summaryMetrics config } cursor }
    pageInfo { hasNextPage } } } }"""
HISTORY = """{ project(name: "bench") { run(name: "run0") { sampledHistory(specs:
    ["{\\"keys\\": [\\"loss\\"], \\"samples\\": 500}"]) } } }"""


def fill(folder: Path, count: int, lines: int) -> None:
    """Put runs with history into a server's database, through its own store."""
    database = open_database(folder / "server" / "housing-sweep.db")
    db, now, rng = database.connection(), time.time(), random.Random(0)
    user = people.user_by_name(db, _owner(folder))
    assert user is not None
    project = projects.ensure(db, user, None, "bench", now=now)
    sweep = sweeps.create(
        db,
        project.id,
        "benchswp",
        config="method: random\nparameters: {x: {min: 0.0, max: 1.0}}",
        seed=1,
        user_id=user.id,
        controller_run_name=None,
        now=now,
    )
    for start in range(0, count, 500):
        with write(db):
            for i in range(start, min(start + 500, count)):
                run = runs.create(
                    db,
                    project.id,
                    f"run{i}",
                    user_id=user.id,
                    state="finished",
                    now=now + i * 1e-3,
                    config=json.dumps({"lr": {"value": rng.random()}, "i": {"value": i}}),
                    summary=json.dumps({"val_rmse": rng.random(), "_step": lines}),
                    **({"sweep_id": sweep.id} if i % 100 == 0 else {}),
                )
                content = [json.dumps({"_step": n, "loss": rng.random()}) for n in range(lines)]
                history.append_history(db, RunId(run.id), 0, content)
    database.close()


def _owner(folder: Path) -> str:
    return str(json.loads((folder / "server" / "client.json").read_text())["user"])


class Client:
    """One keep-alive connection."""

    def __init__(self, server: LocalServer) -> None:
        host = server.url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(host, timeout=60)
        credentials = base64.b64encode(f"api:{server.api_key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}
        self.user = server.user

    def post(self, path: str, body: object) -> Any:
        """Post JSON and return the answer's."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        data = json.loads(answer.read())
        assert answer.status == 200, data
        return data

    def ask(self, query: str, **variables: object) -> Any:
        """Send one GraphQL request."""
        return self.post("/graphql", {"query": query, "variables": variables})


def operations(client: Client) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""
    client.ask('mutation { upsertBucket(input: {name: "live", modelName: "bench"}) { inserted } }')
    offset = iter(range(0, 10**9, 100))
    stream = f"/files/{client.user}/bench/live/file_stream"

    def hundred_lines() -> object:
        start = next(offset)
        content = [json.dumps({"_step": start + i, "loss": 0.5}) for i in range(100)]
        part = {"wandb-history.jsonl": {"offset": start, "content": content}}
        return client.post(stream, {"files": part})

    sweep = json.dumps({"sweep": "benchswp"})
    best = "+summary_metrics.val_rmse"
    return {
        "viewer": lambda: client.ask("{ viewer { username } }"),
        "file stream, empty": lambda: client.post(stream, {}),
        "file stream, 100 lines": hundred_lines,
        "50 newest runs": lambda: client.ask(PAGE, o="-created_at"),
        "50 best runs of the project": lambda: client.ask(PAGE, o=best),
        "50 best runs of one sweep": lambda: client.ask(PAGE, f=sweep, o=best),
        "sampled history of a run": lambda: client.ask(HISTORY),
    }


def measure(function: Callable[[], object]) -> float:
    """Return the median seconds of a call."""
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> int:
    """Fill, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        servers = []
        for name, count in (("few", 100), ("many", options.runs)):
            home = Path(folder) / name
            home.mkdir()
            LocalServer(home).start().stop()
            began = time.perf_counter()
            fill(home, count, options.lines)
            filled = time.perf_counter() - began
            began = time.perf_counter()
            servers.append(LocalServer(home).start())
            cold = time.perf_counter() - began
            print(f"{name}: {count} runs, filled in {filled:.1f} s, cold start {cold:.2f} s")
        try:
            few, many = (operations(Client(server)) for server in servers)
            print(f"{'':30} {'few':>9} {'many':>9} {'ratio':>6} {'many/s':>8}")
            for name in few:
                a, b = measure(few[name]), measure(many[name])
                print(f"{name:30} {a * 1e3:6.2f} ms {b * 1e3:6.2f} ms {b / a:6.2f} {1 / b:8.0f}")
        finally:
            for server in servers:
                server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
