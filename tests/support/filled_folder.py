"""A data folder with something of each kind in it, whose server has ended."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.store.artifacts import collections, files, versions
from housing_sweep.server.store.artifacts.collections import SEQUENCE
from housing_sweep.server.store.runs import files as run_files
from tests.support.sweep_play import RANDOM, Play


def fill(folder: Path) -> ServerConfig:
    """Make it: a trial with lines and a file, a version with a file."""
    shutil.copytree(_filled_once(), folder)
    return ServerConfig(data_dir=folder)


@cache
def _filled_once() -> Path:
    """One a process, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="housing-sweep-filled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    play = Play(folder)
    db, blobs = play.ctx.db, play.services.blobs
    run = play.trial(play.agent(play.sweep(RANDOM)), 0.5)
    run_files.declare(db, run.id, ["log.txt"], play.now)
    run_files.record_upload(db, run.id, "log.txt", blobs.put(b"a log"), play.now)
    home = collections.ensure(db, play.project.id, "nets", "model", SEQUENCE, play.now)
    draft = versions.create(
        db,
        collection_id=home.id,
        digest="d",
        digest_algorithm="MANIFEST_MD5",
        pending_aliases="[]",
        created_at=play.now,
        updated_at=play.now,
    )
    files.record_upload(db, draft.id, "weights", blobs.put(b"weights" * 1000), play.now)
    versions.publish(db, draft, digest="d", size=7000, file_count=1, now=play.now)
    play.close()
    return folder
