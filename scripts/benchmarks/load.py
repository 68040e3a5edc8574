"""Two looks at one server under load: many runs logging at once, and one very large file."""

import heapq
import http.client
import json
import random
import time
from collections.abc import Iterator

from client import UPSERT, BenchServer, Client

INTERVAL_SECONDS = 15.0
"""How often the SDK posts a run's lines, whatever it logs (`x_file_stream_transmit_interval`)."""

LINES = 15
"""History lines of one post: one a second. Fewer, larger posts cost no more."""

CPU_LIMIT = 0.10
MEMORY_LIMIT_MIB = 200
CHUNK = bytes(2**20)


def agents_at_work(server: BenchServer, count: int, seconds: float) -> int:
    """Let `count` runs log at the SDK's own pace and print the share of one core that takes."""
    clients = [Client(server) for _ in range(count)]
    for i, client in enumerate(clients):
        client.ask(UPSERT, name=f"agent{i}")
    rng, posts, slowest = random.Random(2), 0, 0.0
    due = [(rng.uniform(0, INTERVAL_SECONDS), i, 0) for i in range(count)]
    heapq.heapify(due)
    began, cpu = time.monotonic(), server.cpu()
    while due[0][0] < seconds:
        moment, i, sent = heapq.heappop(due)
        time.sleep(max(0.0, began + moment - time.monotonic()))
        asked = time.monotonic()
        _post(clients[i], f"agent{i}", sent, rng)
        slowest = max(slowest, time.monotonic() - asked)
        posts += 1
        heapq.heappush(due, (moment + INTERVAL_SECONDS, i, sent + LINES))
    share = (server.cpu() - cpu) / (time.monotonic() - began)
    print(
        f"{count} runs at the SDK's pace ({posts} posts in {seconds:.0f} s):"
        f" {share:.1%} of one core (limit {CPU_LIMIT:.0%}), slowest post {slowest * 1e3:.0f} ms"
    )
    return int(share >= CPU_LIMIT)


def _post(client: Client, run: str, sent: int, rng: random.Random) -> None:
    rows = [{"_step": sent + i, "_timestamp": time.time(), "loss": rng.random(), "acc": 0.5,
             "lr": 0.01, "epoch": sent // 100} for i in range(LINES)]  # fmt: skip
    event = {"system.cpu": rng.random(), "system.memory": 40.1, "_timestamp": time.time()}
    lines = [json.dumps(row) for row in rows]
    client.stream(
        run,
        {
            "wandb-history.jsonl": (sent, lines),
            "wandb-summary.json": (0, lines[-1:]),
            "wandb-events.jsonl": (sent // LINES, [json.dumps(event)]),
            "output.log": (sent, [f"2026-11-23T10:00:00.000000 line {i}" for i in range(LINES)]),
        },
    )


def blob_up_and_down(server: BenchServer, mib: int) -> int:
    """Upload and download one file of `mib` MiB and print the most memory the server held."""
    client = Client(server)
    client.ask(UPSERT, name="heavy")
    made = client.ask(
        'mutation M($e: String!) { createRunFiles(input: {entityName: $e, projectName: "bench",'
        ' runName: "heavy", files: ["big.bin"]}) { files { uploadUrl } } }',
        e=client.user,
    )
    (file,) = made["createRunFiles"]["files"]
    began = time.monotonic()
    host, _, path = file["uploadUrl"].removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=600)
    headers = {"Content-Length": str(mib * 2**20)}
    connection.request("PUT", f"/{path}", _zeros(mib), headers)
    assert connection.getresponse().read() is not None
    up = time.monotonic() - began
    found = client.ask(
        '{ project(name: "bench") { run(name: "heavy") { files(names: ["big.bin"]) {'
        " edges { node { directUrl sizeBytes } } } } } }"
    )
    (edge,) = found["project"]["run"]["files"]["edges"]
    assert edge["node"]["sizeBytes"] == mib * 2**20
    began, size = time.monotonic(), 0
    connection.request("GET", "/" + edge["node"]["directUrl"].removeprefix(f"http://{host}/"))
    answer = connection.getresponse()
    while chunk := answer.read(2**20):
        size += len(chunk)
    assert size == mib * 2**20
    down = time.monotonic() - began
    peak = server.peak_memory_kb() / 1024
    print(
        f"a file of {mib} MiB: up {mib / up:.0f} MiB/s, down {mib / down:.0f} MiB/s,"
        f" most memory {peak:.0f} MiB (limit {MEMORY_LIMIT_MIB} MiB)"
    )
    return int(peak >= MEMORY_LIMIT_MIB)


def _zeros(mib: int) -> Iterator[bytes]:
    return (CHUNK for _ in range(mib))
