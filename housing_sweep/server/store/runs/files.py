"""Rows of run files: a name in a run, and the blob that holds its bytes."""

import posixpath
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NewType

from housing_sweep.server.content.blobs import Blob
from housing_sweep.server.content.inner_paths import check_inner_path
from housing_sweep.server.store.db import write
from housing_sweep.server.store.runs.runs import RunId

FileId = NewType("FileId", int)


@dataclass(frozen=True, slots=True)
class RunFile:
    """One file of a run; `sha256` is None until its bytes came."""

    id: FileId
    run_id: RunId
    name: str
    sha256: str | None
    md5: str | None
    size: int
    updated_at: float


_FILE = "SELECT id, run_id, name, sha256, md5, size, updated_at FROM run_files"


def clean_name(name: str) -> str:
    """Return a file name without `./`.

    Raises:
        BadInput: it is empty, absolute or leaves the run's folder.
    """
    return check_inner_path(posixpath.normpath(name.replace("\\", "/")), "a run")


def declare(db: sqlite3.Connection, run_id: RunId, names: Iterable[str], now: float) -> None:
    """Make rows for files that will be uploaded."""
    with write(db):
        db.executemany(
            "INSERT INTO run_files (run_id, name, updated_at) VALUES (?, ?, ?)"
            " ON CONFLICT (run_id, name) DO NOTHING",
            [(run_id, clean_name(name), now) for name in names],
        )


def record_upload(db: sqlite3.Connection, run_id: RunId, name: str, blob: Blob, now: float) -> None:
    """Record that a file's bytes are stored."""
    with write(db):
        db.execute(
            "INSERT INTO run_files (run_id, name, sha256, md5, size, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, name) DO UPDATE SET"
            " sha256 = excluded.sha256, md5 = excluded.md5, size = excluded.size,"
            " updated_at = excluded.updated_at",
            (run_id, clean_name(name), blob.sha256, blob.digests.md5, blob.size, now),
        )


def find(db: sqlite3.Connection, run_id: RunId, name: str) -> RunFile | None:
    """Return a file by its name."""
    row = db.execute(f"{_FILE} WHERE run_id = ? AND name = ?", (run_id, clean_name(name)))
    return _row(row.fetchone())


def find_by_id(db: sqlite3.Connection, file_id: int) -> RunFile | None:
    """Return a file, whoever asks."""
    return _row(db.execute(f"{_FILE} WHERE id = ?", (file_id,)).fetchone())


def page(
    db: sqlite3.Connection,
    run_id: RunId,
    *,
    names: Sequence[str] | None,
    pattern: str | None,
    after: str,
    limit: int,
) -> list[RunFile]:
    """Return uploaded files by name beyond `after`; `pattern` is an SQL LIKE pattern."""
    if names:
        files = (find(db, run_id, name) for name in names)
        uploaded = sorted((f for f in files if f and f.sha256 and f.name > after), key=_name)
        return uploaded[:limit]
    rows = db.execute(
        f"{_FILE} WHERE run_id = :run AND sha256 IS NOT NULL AND name > :after"
        " AND (:pattern IS NULL OR name LIKE :pattern) ORDER BY name LIMIT :limit",
        {"run": run_id, "after": after, "pattern": pattern, "limit": limit},
    )
    return [file for row in rows if (file := _row(row))]


def count(db: sqlite3.Connection, run_id: RunId) -> int:
    """Return how many files were uploaded."""
    (number,) = db.execute(
        "SELECT count(*) FROM run_files WHERE run_id = ? AND sha256 IS NOT NULL", (run_id,)
    ).fetchone()
    return int(number)


def delete(db: sqlite3.Connection, file_id: FileId) -> None:
    """Remove a file from its run."""
    with write(db):
        db.execute("DELETE FROM run_files WHERE id = ?", (file_id,))


def _name(file: RunFile) -> str:
    return file.name


def _row(row: sqlite3.Row | None) -> RunFile | None:
    return None if row is None else RunFile(*row)
