"""Measure what a heartbeat waits for while one request does its worst.

    scripts/bench slow          all of them
    scripts/bench slow regex    those whose name has the word

An agent beats twenty times a second. Beside it one client sends one costly request after the
other, for some seconds; its answer, good or refused, and the agent's median and longest wait are
printed, with those of an idle server first. Machines stall by themselves now and then: look at an
idle row that is as bad before you blame a request.
"""

import argparse
import base64
import gzip
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from client import AGENT, BEAT, BenchServer, Client

RUNS = 400
LEAST_SECONDS = 3.0
LIMIT_SECONDS = 0.1
BETWEEN_SECONDS = 0.05

ALL_RUNS = """{ runs(first: 10000) { edges { node { id name displayName state config notes
    summaryMetrics createdAt heartbeatAt tags user { name } } } } }"""
FILTERED = """query($f: JSONString) { project(name: "bench") { runCount(filters: $f) } }"""
CONFIG = """mutation($c: JSONString) { upsertBucket(input: {name: "big", modelName: "bench",
    config: $c}) { inserted } }"""
SWEEP = """mutation($c: String) { upsertSweep(input: {projectName: "bench", config: $c}) {
    sweep { id } } }"""
BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
LONG_SPEC = "method: grid\nparameters: {x: {values: [" + ", ".join(map(str, range(40_000))) + "]}}"

Request = tuple[str, bytes, dict[str, str]]
"""(path, body, headers beside the key)."""


def ask(query: str, **variables: object) -> Request:
    """Return a GraphQL request."""
    return "/graphql", json.dumps({"query": query, "variables": variables}).encode(), {}


def filtered(pattern: str) -> Request:
    """Return a count of the runs whose notes have a pattern."""
    return ask(FILTERED, f=json.dumps({"notes": {"$regex": pattern}}))


def lines(user: str, count: int, line: str) -> Request:
    """Return a post of many lines to a run's stream."""
    part = {"offset": 0, "content": [line] * count}
    body = json.dumps({"files": {"wandb-history.jsonl": part}}).encode()
    return f"/files/{user}/bench/big/file_stream", body, {}


def costly(user: str) -> dict[str, Request]:
    """Return the requests by name."""
    zipped = {"content-encoding": "gzip"}
    nested = b'{"query": "{ viewer { id } }", "variables": {"a": ['
    many = json.dumps({"k": {"value": list(range(900_000))}})
    keys = json.dumps({f"k{n}": {"value": n} for n in range(300_000)})
    aliases = "{ " + " ".join(f'a{n}: project(name: "bench") {ALL_RUNS}' for n in range(50)) + "}"
    return {
        "regex, nested repeats": filtered("(a+)+$"),
        "regex, repeats in a row": filtered(".*.*.*.*b"),
        "regex, many states": filtered("(a|b)*a(a|b){100}c"),
        "regex, lookaround": filtered("^(?!.*b).*$"),
        "all runs, fifty times": ask(aliases),
        "all runs": ask(f'{{ project(name: "bench") {ALL_RUNS} }}'),
        "a text of 500 aliases": ask(
            "{" + "".join(f"a{n}: viewer {{ id }} " for n in range(499)) + "}"
        ),
        "a text of deep levels": ask("{ viewer " + "{ a " * 5000 + "}" * 5001),
        "60 MB of empty lists": ("/graphql", nested + b"[]," * 20_000_000 + b"1]}}", {}),
        "60 MB of one text": ("/graphql", nested + b'"' + b"a\\n" * 20_000_000 + b'"]}}', {}),
        "gzip of 60 MB": ("/graphql", gzip.compress(nested + b"[]," * 20_000_000, 9), zipped),
        "gzip of 60 MB, a stranger": (
            "/graphql",
            gzip.compress(nested + b"[]," * 20_000_000, 9),
            {**zipped, "authorization": ""},
        ),
        "a stream of 300,000 lines": lines(user, 300_000, json.dumps({"_step": 1, "loss": 0.5})),
        "a stream with one long line": lines(user, 1, json.dumps({"x": list(range(900_000))})),
        "a config of 900,000 numbers": ask(CONFIG, c=many),
        "a config of 300,000 keys": ask(CONFIG, c=keys),
        "a spec whose aliases explode": ask(SWEEP, c=BOMB),
        "a spec of 40,000 values": ask(SWEEP, c=LONG_SPEC),
        "the page of a project": (f"/{user}/bench?order=-summary_metrics.loss", b"", {}),
    }


def main() -> int:
    """Read which are wanted, and look at them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="those with one of these in their names; all")
    return look(parser.parse_args().words)


def look(words: list[str]) -> int:
    """Print a row for each; return 1 if a heartbeat waited too long for one."""
    late = []
    with tempfile.TemporaryDirectory(prefix="slow-") as folder:
        server = BenchServer(Path(folder), python=sys.executable)
        server.start()
        try:
            agent = fill(Client(server))
            print(f"{'beside':32} {'answers':>12} {'each':>8} {'median':>8} {'longest':>8}")
            idle = beats_beside(server, agent, None)
            print_row("nothing", idle)
            for name, request in costly(server.user).items():
                if words and not any(word in name for word in words):
                    continue
                row = beats_beside(server, agent, request)
                print_row(name, row)
                late += [name] if max(row[2]) > LIMIT_SECONDS else []
            print(f"peak memory of the server: {server.peak_memory_kb() // 1024} MB")
        finally:
            server.stop()
    print("a heartbeat waited more than 100 ms beside: " + (", ".join(late) or "none"))
    return int(bool(late))


def fill(client: Client) -> str:
    """Make a sweep with an agent, and runs with long notes; return the agent's id."""
    note = "a" * 5000 + "b" * 10
    new = """mutation($n: String!, $notes: String) { upsertBucket(input: {name: $n,
        modelName: "bench", notes: $notes, config: "{\\"a\\": {\\"value\\": 1}}"}) { inserted } }"""
    for number in range(RUNS):
        client.ask(new, n=f"run{number}", notes=note + "!")
    client.ask(new, n="big", notes="")
    spec = "{method: random, parameters: {x: {min: 0, max: 1}}, run_cap: 1000}"
    sweep = client.ask(SWEEP.replace("{ id }", "{ name }"), c=spec)["upsertSweep"]["sweep"]["name"]
    make = """mutation($s: String!) { createAgent(input: {host: "h", projectName: "bench",
        sweep: $s}) { agent { id } } }"""
    client.ask(make, s=sweep)
    query = AGENT.replace("benchswp", sweep) + " } } } } } }"
    (edge,) = client.ask(query)["project"]["sweep"]["agents"]["edges"]
    return str(edge["node"]["id"])


Row = tuple[list[str], list[float], list[float]]
"""(answers, seconds of each request, seconds of each heartbeat)."""


def beats_beside(server: BenchServer, agent: str, request: Request | None) -> Row:
    """Beat while a request is sent, again and again for `LEAST_SECONDS`."""
    over, waits = threading.Event(), []
    answers: list[str] = []
    costs: list[float] = []

    def beat() -> None:
        client, state = Client(server), json.dumps({"somebody": True})
        while not over.is_set():
            start = time.monotonic()
            client.ask(BEAT, id=agent, s=state)
            waits.append(time.monotonic() - start)
            over.wait(BETWEEN_SECONDS)

    beater = threading.Thread(target=beat)
    beater.start()
    began = time.monotonic()
    while time.monotonic() - began < LEAST_SECONDS:
        if request is None:
            time.sleep(LEAST_SECONDS)
            continue
        start = time.monotonic()
        answers.append(send(server, request))
        costs.append(time.monotonic() - start)
    over.set()
    beater.join()
    return answers, costs, waits


def send(server: BenchServer, request: Request) -> str:
    """Send a request; return its status, or what happened instead."""
    path, body, headers = request
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=300)
    credentials = base64.b64encode(f"api:{server.api_key}".encode()).decode()
    try:
        connection.request(
            "POST" if body else "GET",
            path,
            body or None,
            {"authorization": f"Basic {credentials}", **headers},
        )
        answer = connection.getresponse()
        answer.read()
        return str(answer.status)
    except OSError as error:
        return type(error).__name__
    finally:
        connection.close()


def print_row(name: str, row: Row) -> None:
    """Print one row, times in milliseconds."""
    answers, costs, waits = row
    each = f"{statistics.median(costs) * 1000:.0f}" if costs else "-"
    said = f"{len(answers)} x {answers[0]}" if answers else "-"
    median, longest = statistics.median(waits) * 1000, max(waits) * 1000
    print(f"{name:32} {said:>12} {each:>8} {median:8.1f} {longest:8.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
