"""The server is away for a while in mid-run: the SDK's own retries bring everything in, once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.impatient import ImpatientServer
from tests.support.local_server import PATIENCE, SDK_PYTHON, LocalServer, warm

pytestmark = pytest.mark.slow

LINES = 60
AWAY_SECONDS = 3.0

LOG = """
import sys, time, wandb
lines = int(sys.argv[1])
settings = wandb.Settings(x_file_stream_transmit_interval=1, console="wrap")
with wandb.init(project="outage", id="one", settings=settings) as run:
    made = wandb.Artifact("model", "model")
    with made.new_file("weights.bin", mode="wb") as file:
        file.write(bytes(range(256)) * 4096)
    for i in range(lines):
        run.log({"i": i, "loss": 1 / (i + 1)})
        print("line", i)
        if i == lines // 2:
            run.log_artifact(made, aliases=["best"])
            with open("note.txt", "w") as file:
                file.write("kept")
            run.save("note.txt", policy="now")
        time.sleep(0.1)
"""

READ = """
import hashlib, json, wandb
api = wandb.Api()
run = api.run("outage/one")
artifact = api.artifact("outage/model:best")
folder = artifact.download(root="down")
artifact.verify(folder)
print(json.dumps({
    "state": run.state, "rows": [[row["_step"], row["i"]] for row in run.scan_history()],
    "sampled": [row["i"] for row in run.history(pandas=False)],
    "last": run.summary["i"],
    "note": run.file("note.txt").download(root=".", replace=True).read(),
    "versions": [a.version for a in api.artifacts("model", "outage/model")],
    "weights": hashlib.sha256(open(folder + "/weights.bin", "rb").read()).hexdigest(),
    "runs": [r.id for r in api.runs("outage")],
}))
"""


def start(server: LocalServer) -> subprocess.Popen[bytes]:
    """Start the run; return once its first lines are in."""
    process = subprocess.Popen(
        [warm(SDK_PYTHON), "-c", LOG, str(LINES)],
        env=server.env,
        cwd=server.env["HOME"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    query = '{ project(name: "outage") { run(name: "one") { historyLineCount } } }'
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        project = server.graphql(query)[1]["data"]["project"]
        if project and project["run"] and project["run"]["historyLineCount"] > 2:
            return process
        time.sleep(0.1)
    raise AssertionError("the run sent nothing")


def everything_is_there_once(server: LocalServer) -> None:
    """Read the run back in another process and compare it with what was logged."""
    held: dict[str, Any] = server.sdk(READ)
    assert held["state"] == "finished"
    assert held["rows"] == [[i, i] for i in range(LINES)]
    assert held["sampled"] == list(range(LINES))
    assert server.console("outage/one") == [f"line {i}" for i in range(LINES)]
    assert (held["last"], held["note"]) == (LINES - 1, "kept")
    assert held["versions"] == ["v0"]
    assert held["runs"] == ["one"]


def answers(server: LocalServer) -> int:
    """Return the status that a write gets now."""
    mutation = 'mutation { upsertBucket(input: {modelName: "other", name: "probe"}) { inserted } }'
    return server.graphql(mutation)[0]


def wait_until(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait for something to become so."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_is_away_for_a_while_misses_nothing(
    own_server: LocalServer, how: signal.Signals
) -> None:
    process = start(own_server)
    port = int(own_server.url.rsplit(":", 1)[1])
    own_server.stop(how)
    time.sleep(AWAY_SECONDS)
    own_server.start(port)
    assert process.wait(PATIENCE) == 0
    everything_is_there_once(own_server)


def test_a_database_locked_by_another_process_is_waited_for(tmp_path: Path) -> None:
    with ImpatientServer(tmp_path, busy_timeout=0.5) as server:
        process = start(server)
        other = sqlite3.connect(server.data_dir / "housing-sweep.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert answers(server) == 503
        assert server.state("outage", "one") == "running"  # reading goes on
        time.sleep(AWAY_SECONDS)
        other.execute("ROLLBACK")
        other.close()
        assert process.wait(PATIENCE) == 0
        everything_is_there_once(server)


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Path]:
    """A file system of so many MiB, or a skip where none may be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if done.returncode != 0:
        pytest.skip(f"may not mount a small disk here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path, leave: int) -> None:
    """Take the space of a disk but for `leave` bytes."""
    left = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, left.f_bavail * left.f_frsize - leave))


@pytest.mark.parametrize("leave", [0, 32 * 2**20], ids=["no byte left", "no room for uploads"])
def test_a_full_disk_tears_nothing_and_gets_everything_later(tmp_path: Path, leave: int) -> None:
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(tmp_path / "disk", 100))
        server = LocalServer(tmp_path)
        server.data_dir = disk / "server"
        server.start()
        stack.callback(server.stop)
        process = start(server)
        fill(disk / "filler", leave)
        if leave == 0:
            wait_until(lambda: answers(server) == 503)
        time.sleep(AWAY_SECONDS)
        assert process.poll() is None
        (disk / "filler").unlink()
        assert answers(server) == 200
        assert process.wait(PATIENCE) == 0
        everything_is_there_once(server)


def test_a_server_does_not_start_on_a_full_disk_and_says_why(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8) as disk:
        fill(disk / "filler", 0)
        command = [sys.executable, "-m", "housing_sweep.cli.main", "server", "--port", "0"]
        done = subprocess.run(
            [*command, "--data-dir", str(disk)], capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 1
        assert "disk is full" in done.stderr
        assert "Traceback" not in done.stderr
