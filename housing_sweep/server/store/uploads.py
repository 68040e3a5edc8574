"""Rows of multipart uploads: the parts that came, until their file is whole."""

import sqlite3
from dataclasses import dataclass

from housing_sweep.server.store.collections import ArtifactId
from housing_sweep.server.store.db import write


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file: its number, counted from 1, and its bytes as a blob."""

    number: int
    md5: str
    sha256: str
    size: int


def keep_part(db: sqlite3.Connection, upload_id: str, artifact_id: ArtifactId, part: Part) -> None:
    """Remember a part; the same part again replaces it."""
    with write(db):
        db.execute(
            "INSERT OR REPLACE INTO upload_parts VALUES (?, ?, ?, ?, ?, ?)",
            (upload_id, part.number, artifact_id, part.md5, part.sha256, part.size),
        )


def parts(db: sqlite3.Connection, upload_id: str, artifact_id: ArtifactId) -> list[Part]:
    """Return the parts that came of an upload, in order."""
    rows = db.execute(
        "SELECT part_number, md5, sha256, size FROM upload_parts"
        " WHERE upload_id = ? AND artifact_id = ? ORDER BY part_number",
        (upload_id, artifact_id),
    )
    return [Part(*row) for row in rows]


def forget(db: sqlite3.Connection, upload_id: str) -> None:
    """Drop an upload's parts; their blobs are collected."""
    with write(db):
        db.execute("DELETE FROM upload_parts WHERE upload_id = ?", (upload_id,))


def blobs(db: sqlite3.Connection) -> set[str]:
    """Return the blobs that uploads still need."""
    return {sha256 for (sha256,) in db.execute("SELECT DISTINCT sha256 FROM upload_parts")}
