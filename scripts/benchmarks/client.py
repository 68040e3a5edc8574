"""The server that is measured, and the SDK's requests to it over one keep-alive connection."""

import base64
import http.client
import itertools
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.local_server import LocalServer

RUNS = """query Runs($f: JSONString, $o: String, $n: Int) { project(name: "bench") { internalId
    runCount(filters: $f) readOnly runs(filters: $f, first: $n, order: $o) { edges { node {
    projectId id tags name displayName sweepName state group jobType commit readOnly createdAt
    heartbeatAt description notes historyLineCount user { name username } } cursor }
    pageInfo { endCursor hasNextPage } } } }"""
"""As wandb/apis/public/runs.py sends it for `Api.runs`."""

HISTORY = """query H($run: String!, $specs: [JSONString!]!) { project(name: "bench") {
    run(name: $run) { sampledHistory(specs: $specs) } } }"""
ALIAS = """{ project(name: "bench") { artifactCollectionMembership(name: "model-bench:best") {
    id versionIndex aliases { alias } artifactCollection { id name project { name entityName } }
    artifact { id state digest size fileCount metadata description createdAt
    artifactType { name } artifactSequence { id name } } } } }"""
VERSIONS = """query V($o: String) { project(name: "bench") { artifactCollection(
    name: "model-bench") { artifacts(first: 50, order: $o) { totalCount edges { version node {
    id state digest size fileCount metadata description createdAt artifactType { name }
    artifactSequence { id name } } cursor } pageInfo { endCursor hasNextPage } } } } }"""
BEAT = """mutation B($id: ID!, $s: JSONString) { agentHeartbeat(input: {id: $id, runState: $s}) {
    agent { id } commands } }"""
AGENT = '{ project(name: "bench") { sweep(sweepName: "benchswp") { agents { edges { node { id'
UPSERT = """mutation U($name: String!) { upsertBucket(input: {name: $name, modelName: "bench"}) {
    inserted } }"""
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
"""Units of a process's computing time in one second."""


class BenchServer(LocalServer):
    """A server whose process can be looked at."""

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def cpu(self) -> float:
        """Return the seconds that the process has computed so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


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
        """Send one GraphQL request and return its data."""
        return self.post("/graphql", {"query": query, "variables": variables})["data"]

    def stream(self, run: str, files: dict[str, tuple[int, list[str]]]) -> Any:
        """Post lines to a run's file stream: file -> (offset, lines)."""
        parts = {name: {"offset": at, "content": lines} for name, (at, lines) in files.items()}
        return self.post(f"/files/{self.user}/bench/{run}/file_stream", {"files": parts})


def operations(client: Client) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""
    client.ask(UPSERT, name="live")
    (agent,) = client.ask(AGENT + " } } } } } }")["project"]["sweep"]["agents"]["edges"]
    busy = json.dumps({"somebody": True})
    offsets, rng = itertools.count(step=100), random.Random(1)

    def hundred_lines() -> object:
        start = next(offsets)
        lines = [json.dumps({"_step": start + i, "loss": rng.random()}) for i in range(100)]
        summary = [json.dumps({"_step": start + 99, "loss": rng.random()})]
        files = {"wandb-history.jsonl": (start, lines), "wandb-summary.json": (0, summary)}
        return client.stream("live", files)

    def runs(order: str, filters: object = None, n: int = 50) -> Callable[[], object]:
        return lambda: client.ask(RUNS, o=order, f=json.dumps(filters or {}), n=n)

    def sampled(**spec: object) -> Callable[[], object]:
        return lambda: client.ask(HISTORY, run="run0", specs=[json.dumps(spec)])

    of_sweep, rare = {"$and": [{"sweep": "benchswp"}]}, {"config.note": "rare"}
    rmse, common = "+summary_metrics.val_rmse", {"config.model": "random_forest"}
    return {
        "heartbeat of a sweep": lambda: client.ask(BEAT, id=agent["node"]["id"], s=busy),
        "file stream, 100 lines": hundred_lines,
        "runs, oldest first": runs("+created_at"),
        "runs, newest first": runs("-created_at"),
        "runs by metric": runs(rmse),
        "runs by metric, worst first": runs("-summary_metrics.val_rmse"),
        "runs by text with ties": runs("+config.model"),
        "runs by text with ties, down": runs("-config.model"),
        "runs by a key nobody has": runs("+summary_metrics.nope"),
        "runs with a rare config value": runs("+created_at", rare),
        "runs with a rare value by metric": runs(rmse, rare),
        "runs with a rare tag": runs("+created_at", {"tags": "rare"}),
        "runs with no such config value": runs("+created_at", {"config.note": "nope"}),
        "run by its shown name": runs("+created_at", {"display_name": "run17"}),
        "runs with a common value by metric": runs(rmse, common),
        "best_run of a sweep": runs(rmse, of_sweep, 1),
        "runs of a sweep by metric": runs(rmse, of_sweep),
        "artifact by alias": lambda: client.ask(ALIAS),
        "versions, newest first": lambda: client.ask(VERSIONS),
        "sampled history of a run": sampled(keys=["loss"], samples=500),
    }
