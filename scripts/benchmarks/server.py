"""Requests against a server that holds many runs, compared with the same on a nearly empty one.

    scripts/bench server                                the whole: some minutes
    scripts/bench server --runs 5000 --versions 500 --blob-mib 64 --seconds 20

Both servers run at the same time in processes of their own, and are asked in turn, so that other
work on the machine slows both; figures are lower quartiles over keep-alive HTTP. What counts is the
ratio: no query may grow with the number of runs. Requests per second are those of one core: calls
divided by the seconds that the server's process spent computing.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from client import TICK, BenchServer, Client, operations
from fill import fill
from load import agents_at_work, blob_up_and_down

CALLS = 100
FEW = 100
LIMIT = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of one call: on the wire (lower quartile), and of the server's own computing."""

    wall: float
    cpu: float


def main() -> int:
    """Fill, measure, print the tables; returns how many figures are beyond their limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=20, help="history lines of each run")
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--agents", type=int, default=200, help="runs that log at the same time")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they log")
    parser.add_argument("--blob-mib", type=int, default=1024)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        few = filled(Path(folder) / "few", FEW, options.lines, FEW)
        many = filled(Path(folder) / "many", options.runs, options.lines, options.versions)
        try:
            beyond = cold_start(few, many) + compare(few, many)
            beyond += agents_at_work(many, options.agents, options.seconds)
            print(f"memory of the server with many runs: {many.peak_memory_kb() / 1024:.0f} MiB")
            many.restart()
            beyond += blob_up_and_down(many, options.blob_mib)
        finally:
            few.stop()
            many.stop()
    print(f"{beyond} figures beyond their limit")
    return beyond


def filled(home: Path, count: int, lines: int, versions: int) -> BenchServer:
    """Return a server with so many runs, not yet started."""
    home.mkdir()
    server = BenchServer(home)
    server.start().stop()
    began = time.perf_counter()
    fill(home, count, lines, versions)
    size = (server.data_dir / "housing-sweep.db").stat().st_size / 2**20
    print(
        f"{home.name}: {count} runs, {count * lines} history lines, {versions} artifact versions,"
        f" {size:.0f} MiB, filled in {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    return server


def cold_start(few: BenchServer, many: BenchServer) -> int:
    """Start both, several times, and print how long it takes until they can write."""
    seconds: dict[str, list[float]] = {"few": [], "many": []}
    for _ in range(3):
        for name, server in (("few", few), ("many", many)):
            server.stop()
            began = time.perf_counter()
            server.start()
            seconds[name].append(time.perf_counter() - began)
    a, b = (statistics.median(times) for times in seconds.values())
    print(f"\n{'':36} {'few':>10} {'many':>10} {'ratio':>6} {'on one core':>13}")
    print(f"{'cold start':36} {a:8.2f} s {b:8.2f} s {b / a:8.2f}")
    return int(b / a >= LIMIT)


def compare(few: BenchServer, many: BenchServer) -> int:
    """Print each call's figures on both servers; return how many are beyond the limit."""
    beyond = 0
    asked = [(server, operations(Client(server))) for server in (few, many)]
    for name in asked[0][1]:
        a, b = in_turn([(server, calls[name]) for server, calls in asked])
        ratio = b.wall / a.wall
        beyond += ratio >= LIMIT
        print(
            f"{name:36} {a.wall * 1e3:7.2f} ms {b.wall * 1e3:7.2f} ms {ratio:6.2f}"
            f" {1 / b.cpu:8.0f} req/s{'  BEYOND' if ratio >= LIMIT else ''}",
            flush=True,
        )
    return beyond


def in_turn(calls: list[tuple[BenchServer, Callable[[], object]]]) -> list[Measured]:
    """Make the same call on each server, in turn, and return what it took each."""
    walls: list[list[float]] = [[] for _ in calls]
    before = [server.cpu() for server, _ in calls]
    for _ in range(CALLS):
        for i, (_, call) in enumerate(calls):
            began = time.perf_counter()
            call()
            walls[i].append(time.perf_counter() - began)
    return [
        Measured(statistics.quantiles(walls[i])[0], max(server.cpu() - before[i], 1 / TICK) / CALLS)
        for i, (server, _) in enumerate(calls)
    ]


if __name__ == "__main__":
    sys.exit(main())
