"""Rows of multipart uploads: the parts that came, until their file is whole (`blobs`)."""

import sqlite3
from dataclasses import dataclass

from housing_sweep.server.store.artifacts.collections import ArtifactId
from housing_sweep.server.store.db import write


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file that came: its number, counted from 1, its MD5 in base64, its bytes."""

    number: int
    md5: str
    size: int


def keep_part(db: sqlite3.Connection, upload_id: str, artifact_id: ArtifactId, part: Part) -> None:
    """Remember a part; the same part again replaces it."""
    with write(db):
        db.execute(
            "INSERT OR REPLACE INTO upload_parts VALUES (?, ?, ?, ?, ?)",
            (upload_id, part.number, artifact_id, part.md5, part.size),
        )


def parts(db: sqlite3.Connection, upload_id: str, artifact_id: ArtifactId) -> list[Part]:
    """Return the parts that came of an upload, in order."""
    rows = db.execute(
        "SELECT part_number, md5, size FROM upload_parts"
        " WHERE upload_id = ? AND artifact_id = ? ORDER BY part_number",
        (upload_id, artifact_id),
    )
    return [Part(*row) for row in rows]


def forget(db: sqlite3.Connection, upload_id: str) -> None:
    """Drop the rows of an upload's parts."""
    with write(db):
        db.execute("DELETE FROM upload_parts WHERE upload_id = ?", (upload_id,))


def in_progress(db: sqlite3.Connection) -> set[str]:
    """Return the uploads that are on their way."""
    return {upload for (upload,) in db.execute("SELECT DISTINCT upload_id FROM upload_parts")}
