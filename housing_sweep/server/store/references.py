"""Which files on disk the rows refer to, whatever the noun: for who copies or checks them."""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """What a row says of a blob: who refers to it, and as what."""

    sha256: str
    owner: str
    size: int
    md5: str | None = None
    xxh128: str | None = None


@dataclass(frozen=True, slots=True)
class UploadPart:
    """One part of a file that is on its way."""

    upload: str
    number: int
    size: int


_OF_RUN = "r.name || '/' || f.name"
_OF_VERSION = "'version ' || f.artifact_id || '/' || f.name"


def of_blobs(db: sqlite3.Connection) -> list[Reference]:
    """Return every reference of a row to a blob."""
    rows = db.execute(
        f"SELECT f.sha256, 'run ' || {_OF_RUN}, f.size, f.md5, NULL"
        " FROM run_files f JOIN runs r ON r.id = f.run_id WHERE f.sha256 IS NOT NULL"
        f" UNION ALL SELECT f.sha256, {_OF_VERSION}, f.size, f.md5, f.xxh128"
        " FROM artifact_files f WHERE f.sha256 IS NOT NULL"
        " UNION ALL SELECT m.sha256, 'manifest of version ' || m.artifact_id, m.size, NULL, NULL"
        " FROM manifests m WHERE m.sha256 IS NOT NULL"
    )
    return [Reference(*row) for row in rows]


def blobs(db: sqlite3.Connection) -> set[str]:
    """Return the names of all blobs that a row refers to."""
    rows = db.execute(
        "SELECT sha256 FROM run_files WHERE sha256 IS NOT NULL"
        " UNION SELECT sha256 FROM artifact_files WHERE sha256 IS NOT NULL"
        " UNION SELECT sha256 FROM manifests WHERE sha256 IS NOT NULL"
    )
    return {name for (name,) in rows}


def upload_parts(db: sqlite3.Connection) -> list[UploadPart]:
    """Return the parts of files that are on their way."""
    rows = db.execute("SELECT upload_id, part_number, size FROM upload_parts")
    return [UploadPart(*row) for row in rows]
