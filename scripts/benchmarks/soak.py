"""A server under load, for long: kills, a full disk, garbage; and then whether all is there once.

    scripts/bench soak                   ten minutes
    scripts/bench soak --minutes 1 --agents 10 --writers 20 --kill-every 15

Agents, writers and readers speak the wire protocol from one process, and send again what was not
acknowledged, as the SDK does. At the end the data folder is examined as by `server --check`, every
acknowledged line and file is looked up, every grid point must have run once, and memory and open
files of the server must not have grown. Returns how many of these are not as they should be.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from client import BEAT, BenchServer
from soak_wire import PROJECT, Refused, Wire

from housing_sweep.server.services.checkup import examine_folder
from housing_sweep.server.services.config import ServerConfig

LINES = 5
"""History lines of one post of a writer."""

FILE_BYTES = 20_000
FILE_EVERY = 12
"""Posts of a writer between two files that it uploads."""

DISK_MIB = 1024
QUIET = 0.2
"""Share of the time, at the end, without kills: what grows shows in one life."""

MOST_GROWTH = 1.10
"""Of memory between the first and the last third of that life."""

SPEC = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"a": {"values": list(range(100))}, "b": {"values": list(range(100))}},
}
UPSERT_SWEEP = """mutation S($c: String!) { upsertSweep(input: {config: $c, projectName: "soak"}) {
    sweep { name } } }"""
AGENT = """mutation A($s: String!) { createAgent(input: {host: "soak", sweep: $s,
    projectName: "soak"}) { agent { id } } }"""
UPSERT = """mutation U($n: String!) { upsertBucket(input: {name: $n, modelName: "soak"}) {
    inserted } }"""
FILE = """mutation F($r: String!, $f: [String!]!, $e: String!) { createRunFiles(input: {
    entityName: $e, projectName: "soak", runName: $r, files: $f}) { files { uploadUrl } } }"""


@dataclass
class Account:
    """What the server acknowledged.

    Attributes:
        lines: run -> how many lines of its history.
        files: (run, file) -> SHA-256 of its bytes.
        finished: runs whose end was acknowledged.
        trials: those that agents were told to run.
        refused: what was answered with an error that ends a stream.
        count: other things, by name.
        slowest: seconds of the slowest answer that came, while nothing was broken on purpose.
    """

    lines: dict[str, int] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    trials: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)
    slowest: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """The server's process at one moment: which life it is in, for how long, kB, open files."""

    life: int
    age: float
    memory_kb: int
    files: int


class Disk:
    """Where the server's data is: a small disk of its own where one may be mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._filler = folder, folder / "filler"
        folder.mkdir()
        options = ["-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs", str(folder)]
        try:
            done = subprocess.run(["mount", *options], capture_output=True, check=False)
        except FileNotFoundError:
            self.mounted = False
        else:
            self.mounted = done.returncode == 0

    def fill(self, pid: int) -> None:
        """Leave no byte free; without a disk of our own, let no file of the server grow."""
        if not self.mounted:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            return
        with self._filler.open("wb") as file:
            at = 0
            for size in (2**26, 2**20, 2**12):  # the server writes meanwhile: what is left changes
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), at, size)
                        at += size

    def free(self, pid: int) -> None:
        """Give the space back."""
        self._filler.unlink(missing_ok=True)
        if not self.mounted:
            unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)

    def close(self) -> None:
        """Give the disk back."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class Soak:
    """One server, everybody who uses it, and what they were told."""

    def __init__(self, server: BenchServer, disk: Disk, options: argparse.Namespace) -> None:
        self.server, self.disk, self.options = server, disk, options
        self.account, self.rng = Account(), random.Random(15)
        self.over, self.broken = asyncio.Event(), False
        self.samples: list[Sample] = []
        self.life, self.born = 1, time.monotonic()
        self.kills, self.sweep = 0, ""

    def wire(self) -> Wire:
        """Return one client's connection."""
        return Wire(self.server.url, self.server.api_key, self.server.user, self._noted)

    def _noted(self, seconds: float, status: int) -> None:
        self.account.count["answers"] += 1
        self.account.count[f"answers {status // 100}xx"] += 1
        if not self.broken:
            self.account.slowest.append(seconds)

    async def run(self) -> None:
        """Let everybody work until the time is over, then let them come to an end."""
        seconds = self.options.minutes * 60
        wire = self.wire()
        answer = await wire.ask(UPSERT_SWEEP, c=json.dumps(SPEC))
        self.sweep = answer["upsertSweep"]["sweep"]["name"]
        workers = [
            *(self._work(self.writer, n) for n in range(self.options.writers)),
            *(self._work(self.agent, n) for n in range(self.options.agents)),
        ]
        others = [
            *(self._work(self.reader, n) for n in range(self.options.readers)),
            self._work(self.garbage, 0),
            self.sample(),
        ]
        tasks = [asyncio.create_task(work) for work in workers]
        asides = [asyncio.create_task(work) for work in others]
        await self.hurt(seconds)
        self.over.set()
        await asyncio.gather(*tasks)
        for aside in asides:
            aside.cancel()
        await asyncio.gather(*asides, return_exceptions=True)

    async def _work(self, what: Callable[[Wire, int], Awaitable[None]], number: int) -> None:
        wire = self.wire()
        await self.pause(self.rng.uniform(0, self.options.pace))
        try:
            await what(wire, number)
        except Refused as error:
            self.account.refused.append(f"{what.__name__} {number}: {error}")
        finally:
            wire.close()

    async def pause(self, seconds: float) -> bool:
        """Wait, and return whether to go on."""
        try:
            await asyncio.wait_for(self.over.wait(), seconds)
        except TimeoutError:
            return True
        return False

    async def writer(self, wire: Wire, number: int) -> None:
        """Log lines and files until the end, and then say so."""
        run, rng, sent, posts = f"writer{number}", random.Random(number), 0, 0
        await wire.ask(UPSERT, n=run)
        while await self.pause(rng.uniform(0.7, 1.3) * self.options.pace):
            await self.log(wire, run, sent, LINES)
            sent, posts = sent + LINES, posts + 1
            if posts % FILE_EVERY == FILE_EVERY - 1:
                await self.upload(wire, run, f"file{posts}.bin", rng.randbytes(FILE_BYTES))
        await self.finish(wire, run)

    async def log(self, wire: Wire, run: str, first: int, count: int) -> None:
        """Post lines until they are acknowledged."""
        lines = [line_of(run, n) for n in range(first, first + count)]
        files = {
            "wandb-history.jsonl": {"offset": first, "content": lines},
            "wandb-summary.json": {"offset": 0, "content": [json.dumps({"loss": 1 / (first + 1)})]},
            "wandb-events.jsonl": {"offset": first // count, "content": [line_of(run, first)]},
            "output.log": {"offset": first, "content": lines},
        }
        await wire.stream(run, files=files)
        self.account.lines[run] = first + count

    async def upload(self, wire: Wire, run: str, name: str, content: bytes) -> None:
        """Store a file until that is acknowledged."""
        while True:
            answer = await wire.ask(FILE, r=run, f=[name], e=self.server.user)
            url = answer["createRunFiles"]["files"][0]["uploadUrl"]
            if await wire.put(url, content):
                break
        self.account.files[run, name] = hashlib.sha256(content).hexdigest()

    async def finish(self, wire: Wire, run: str) -> None:
        """Say that a run has ended."""
        await wire.stream(run, complete=True, exitcode=0)
        self.account.finished.add(run)

    async def agent(self, wire: Wire, number: int) -> None:
        """Beat and run what one is told to, one trial at a time."""
        answer = await wire.ask(AGENT, s=self.sweep)
        agent, rng = answer["createAgent"]["agent"]["id"], random.Random(1000 + number)
        running: dict[str, asyncio.Task[None]] = {}
        while await self.pause(self.options.beat) or running:
            if self.over.is_set():
                await asyncio.sleep(0.2)
            running = {name: task for name, task in running.items() if not task.done()}
            if self.over.is_set() and not running:
                break
            state = json.dumps(dict.fromkeys(running, True))
            answer = await wire.ask(BEAT, id=agent, s=state)
            for command in json.loads(answer["agentHeartbeat"]["commands"]):
                if command["type"] in ("run", "resume") and not self.over.is_set():
                    name = command["run_id"]
                    self.account.trials[name] += 1
                    running[name] = asyncio.create_task(self.trial(name, rng.uniform(3, 12)))
                elif command["type"] == "stop":
                    self.account.count["stops"] += 1

    async def trial(self, name: str, steps: float) -> None:
        """Log a few times, slowly, and end well."""
        wire = self.wire()
        try:
            await wire.ask(UPSERT, n=name)
            for step in range(int(steps)):
                await self.log(wire, name, step, 1)
                await self.pause(self.options.pace / 2)
            await self.finish(wire, name)
        except Refused as error:
            self.account.refused.append(f"trial {name}: {error}")
        finally:
            wire.close()

    async def reader(self, wire: Wire, number: int) -> None:
        """Look at pages, and ask what `wandb.Api` asks."""
        rng, user = random.Random(2000 + number), self.server.user
        while await self.pause(rng.uniform(0.2, 1.0)):
            pages = (
                "/",
                f"/{user}/projects",
                f"/{user}/{PROJECT}",
                f"/{user}/{PROJECT}/sweeps/{self.sweep}",
                f"/{user}/{PROJECT}/runs/writer{rng.randrange(self.options.writers)}",
            )
            status = await wire.page(rng.choice(pages))
            self.account.count[f"pages {status}"] += 1

    async def garbage(self, wire: Wire, _number: int) -> None:
        """Send what nobody should."""
        rng = random.Random(99)
        while await self.pause(0.2):
            self.account.count[f"garbage {await wire.nonsense(rng)}"] += 1

    async def hurt(self, seconds: float) -> None:
        """Kill the server now and then, and let the disk be full for a while."""
        began = time.monotonic()
        loud = seconds * (1 - QUIET)
        full_at = loud * 0.55  # between two kills
        next_kill = self.options.kill_every
        while (passed := time.monotonic() - began) < seconds:
            if passed >= full_at:
                full_at = float("inf")
                await self.no_space(max(8.0, min(20.0, seconds / 20)))
            elif passed >= next_kill and passed < loud:
                next_kill += self.options.kill_every
                await self.kill()
            await asyncio.sleep(0.2)

    async def kill(self) -> None:
        """End the server's process as a power cut would, and start another."""
        self.broken = True
        await asyncio.to_thread(self.server.restart, signal.SIGKILL)
        self.kills, self.life, self.born = self.kills + 1, self.life + 1, time.monotonic()
        await asyncio.sleep(min(5.0, self.options.kill_every / 4))
        self.broken = False

    async def no_space(self, seconds: float) -> None:
        """Let the disk be full for a while."""
        self.broken = True
        before = self.account.count["answers 5xx"]
        self.disk.fill(self.server.pid)
        await asyncio.sleep(seconds)
        self.disk.free(self.server.pid)
        self.account.count["refused while full"] = self.account.count["answers 5xx"] - before
        await asyncio.sleep(5)
        self.broken = False

    async def sample(self) -> None:
        """Note the server's memory and open files."""
        while True:
            await asyncio.sleep(1.0)
            try:
                process = Path(f"/proc/{self.server.pid}")
                status = (process / "status").read_text()
                memory = int(status.split("VmRSS:")[1].split()[0])
                files = len(list((process / "fd").iterdir()))
            except (OSError, AssertionError, IndexError):
                continue  # it was killed just now
            age = time.monotonic() - self.born
            self.samples.append(Sample(self.life, age, memory, files))


def line_of(run: str, number: int) -> str:
    """Return line `number` of a run, which is no other run's."""
    digest = hashlib.blake2b(f"{run}/{number}".encode(), digest_size=8).hexdigest()
    return json.dumps({"_step": number, "_timestamp": 1.79e9 + number, "loss": 0.5, "id": digest})


def verdicts(soak: Soak) -> list[tuple[str, bool]]:
    """Return what was looked at in the end, and whether it is as it should be."""
    config, account = ServerConfig(data_dir=soak.server.data_dir), soak.account
    checkup = examine_folder(config)
    db = sqlite3.connect(config.database)
    wrong_lines = [
        run for run, count in account.lines.items() if not lines_are_there(db, run, count)
    ]
    stored = {
        (run, name): sha256
        for run, name, sha256 in db.execute(
            "SELECT r.name, f.name, f.sha256 FROM run_files f JOIN runs r ON r.id = f.run_id"
        )
    }
    lost_files = [key for key, sha256 in account.files.items() if stored.get(key) != sha256]
    states = dict(db.execute("SELECT name, state FROM runs"))
    unfinished = [run for run in account.finished if states[run] != "finished"]
    trials = db.execute(
        "SELECT count(*), count(DISTINCT trial_number), sum(state = 'finished'),"
        " sum(state IN ('failed', 'crashed', 'killed')) FROM runs WHERE trial_number IS NOT NULL"
    ).fetchone()
    db.close()
    log = soak.server.log()
    return [
        (f"the checker finds nothing: {list(checkup.problems[:5])}", not checkup.problems),
        (
            f"{sum(account.lines.values())} acknowledged lines of {len(account.lines)} runs are"
            f" there once, in order; not of {wrong_lines[:5]}",
            not wrong_lines,
        ),
        (f"{len(account.files)} acknowledged files, lost {lost_files[:5]}", not lost_files),
        (f"{len(account.finished)} ended runs, not so noted {unfinished[:5]}", not unfinished),
        (
            f"{trials[0]} attempts of {trials[1]} grid points: {trials[2]} finished,"
            f" {trials[3]} failed, crashed or killed",
            trials[0] == trials[1] and not trials[3],
        ),
        (f"streams ended by the server: {account.refused[:5]}", not account.refused),
        (f"tracebacks in the server's log: {log.count('Traceback')}", "Traceback" not in log),
        *growth(soak),
    ]


def lines_are_there(db: sqlite3.Connection, run: str, count: int) -> bool:
    """Return whether a run has each of its acknowledged lines once, and none but its own."""
    rows = db.execute(
        "SELECT h.line, h.content FROM history h JOIN runs r ON r.id = h.run_id"
        " WHERE r.name = ? ORDER BY h.line",
        (run,),
    ).fetchall()
    return len(rows) >= count and rows == [(n, line_of(run, n)) for n in range(len(rows))]


def growth(soak: Soak) -> list[tuple[str, bool]]:
    """Return whether memory and open files stayed level, over the lives and in the last one."""
    lives = {life: [s for s in soak.samples if s.life == life] for life in range(1, soak.life + 1)}
    for life, samples in lives.items():
        if samples:
            last = samples[-1]
            print(
                f"  life {life:2}: {last.age:4.0f} s, {last.memory_kb / 1024:6.1f} MiB at its end,"
                f" {max(s.files for s in samples)} open files at most"
            )
    last_life = [s for s in lives[soak.life] if s.age > 10]
    by_minute = {int(s.age // 60): s.memory_kb / 1024 for s in last_life}
    print("  memory in the last life by minute, MiB: " + _figures(by_minute.values()))
    if len(last_life) < 9:
        return [("the last life was too short to tell of memory", True)]
    third = len(last_life) // 3
    parts = (last_life[third : 2 * third], last_life[-third:])
    memory = [statistics.median(s.memory_kb for s in part) / 1024 for part in parts]
    files = [max(s.files for s in part) for part in parts]
    return [
        (
            f"memory in the last life: {memory[0]:.1f} MiB in its middle, {memory[1]:.1f} at its"
            " end",
            memory[1] <= memory[0] * MOST_GROWTH,
        ),
        (f"open files: {files[0]}, then {files[1]}", files[1] <= files[0] + 10),
    ]


def _figures(values: Iterable[float]) -> str:
    return " ".join(f"{value:.0f}" for value in values)


def main(arguments: list[str] | None = None) -> int:
    """Run it and print what came of it; returns how many verdicts are bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (at most 60)")
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--writers", type=int, default=200)
    parser.add_argument("--readers", type=int, default=3)
    parser.add_argument("--kill-every", type=float, default=60.0, help="seconds")
    parser.add_argument("--pace", type=float, default=8.0, help="seconds between a run's posts")
    parser.add_argument("--beat", type=float, default=5.0, help="seconds between heartbeats")
    parser.add_argument("--keep", type=Path, help="keep the data folder here")
    options = parser.parse_args(arguments)
    options.minutes = min(options.minutes, 60.0)
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        disk = Disk(Path(scratch) / "disk")
        server = BenchServer(disk.folder, "--retries", "2")
        try:
            server.start()
            soak = Soak(server, disk, options)
            asyncio.run(soak.run())
            cpu = server.cpu()
            server.stop()
            return report(soak, cpu)
        finally:
            server.stop(signal.SIGKILL)
            if options.keep:
                shutil.copytree(disk.folder, options.keep, dirs_exist_ok=True)
            disk.close()


def report(soak: Soak, cpu: float) -> int:
    """Print the figures; return how many are not as they should be."""
    account = soak.account
    where = (
        "a disk of its own" if soak.disk.mounted else "no disk of its own: files that cannot grow"
    )
    print(
        f"{soak.options.minutes:g} minutes, {soak.options.writers} writers,"
        f" {soak.options.agents} agents, {soak.options.readers} readers; {soak.kills} kills;"
        f" {where}"
    )
    print("  " + ", ".join(f"{name}: {account.count[name]}" for name in sorted(account.count)))
    if account.slowest:
        whole = statistics.quantiles(account.slowest, n=1000)
        print(
            f"  answers while nothing was broken: median {whole[499] * 1e3:.0f} ms,"
            f" p99 {whole[989] * 1e3:.0f} ms, slowest {max(account.slowest) * 1e3:.0f} ms"
        )
    print(f"  CPU of the last life: {cpu:.0f} s")
    bad = 0
    for sentence, good in verdicts(soak):
        bad += not good
        print(f"{'ok ' if good else 'BAD'} {sentence}")
    return bad


if __name__ == "__main__":
    sys.exit(main())
