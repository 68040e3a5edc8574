"""A file above 2 GiB: wandb-core sends it in parts, and downloads it in parts."""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.local_server import LocalServer

pytestmark = pytest.mark.slow

BYTES = 2 * 2**30 + 12_345_678
NEEDED_BYTES = 12 * 2**30
"""The file, the SDK's copy of it, the parts and their whole for a moment, the download."""

MOST_MEMORY_KB = 200 * 1024

LOG = """
import json, sys, wandb
with wandb.init(project="large") as run:
    made = wandb.Artifact("large", "dataset")
    made.add_file(sys.argv[1], name="large.bin", policy="immutable", skip_cache=True)
    print(json.dumps(run.log_artifact(made).wait().size))
"""
READ = """
import hashlib, json, sys, wandb
path = wandb.Api().artifact("large/large:v0").download(sys.argv[1], skip_cache=True)
with open(path + "/large.bin", "rb") as file:
    print(json.dumps(hashlib.file_digest(file, "sha256").hexdigest()))
"""


def _write(path: Path) -> str:
    """Write a file with something at both ends of every part; return its SHA-256."""
    part = 100 * 2**20
    with path.open("wb") as file:
        file.truncate(BYTES)
        for at in range(0, BYTES, part):
            for place in (at, min(at + part, BYTES) - 8):
                file.seek(place)
                file.write(os.urandom(8))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[LocalServer]:
    """A server that imported nothing before: its memory is measured."""
    server = LocalServer(tmp_path, python=sys.executable).start()
    yield server
    server.stop()


def test_a_file_above_2_gib_goes_up_and_down_and_is_stored_once(
    own_server: LocalServer, tmp_path: Path
) -> None:
    if shutil.disk_usage(tmp_path).free < NEEDED_BYTES:
        pytest.skip(f"needs {NEEDED_BYTES / 2**30:.0f} GiB of disk")
    sha256 = _write(tmp_path / "large.bin")
    assert own_server.sdk(LOG, str(tmp_path / "large.bin")) == BYTES
    (tmp_path / "large.bin").unlink()
    blobs = own_server.data_dir / "blobs"
    assert (blobs / sha256[:2] / sha256).stat().st_size == BYTES
    assert (blobs / "parts").is_dir()  # it came in parts ...
    assert list((blobs / "parts").iterdir()) == []  # ... which are gone
    assert own_server.sdk(READ, str(tmp_path / "down")) == sha256
    assert own_server.peak_memory_kb() < MOST_MEMORY_KB
