"""Rows of the files of artifact versions: what they are called by, and the blob of their bytes."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from housing_sweep.server.content.blobs import Blob
from housing_sweep.server.content.digests import Digests
from housing_sweep.server.store.artifacts.collections import ArtifactId
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects.projects import ProjectId


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """One file of a version; `sha256` is None until its bytes came."""

    artifact_id: ArtifactId
    name: str
    md5: str | None
    xxh128: str | None
    sha256: str | None
    size: int
    updated_at: float

    @property
    def digests(self) -> Digests:
        """What was announced, or what its bytes have."""
        return Digests(self.md5, self.xxh128)


_NAMES = [field.name for field in fields(ArtifactFile)]
_FILE = f"SELECT {', '.join(f'f.{name}' for name in _NAMES)} FROM artifact_files f"
_SET = (
    f"INSERT OR REPLACE INTO artifact_files ({', '.join(_NAMES)}) VALUES (?, ?, ?, ?, ?, ?, ?)"
    f" RETURNING {', '.join(_NAMES)}"
)


def declare(
    db: sqlite3.Connection,
    project_id: ProjectId,
    artifact_id: ArtifactId,
    name: str,
    digests: Digests,
    now: float,
) -> ArtifactFile:
    """Add a file to a draft; its bytes are taken from the same project if they are there."""
    with write(db):
        same, own = stored(db, project_id, digests), find(db, artifact_id, name)
        if same is None and own and own.sha256 and own.digests.contains_all(digests):
            same = own
        known = same.digests if same else digests
        sha256, size = (same.sha256, same.size) if same else (None, 0)
        row = (artifact_id, name, known.md5, known.xxh128, sha256, size, now)
        return ArtifactFile(*db.execute(_SET, row).fetchone())


def record_upload(
    db: sqlite3.Connection, artifact_id: ArtifactId, name: str, blob: Blob, now: float
) -> None:
    """Record that a file's bytes are stored."""
    with write(db):
        row = (blob.digests.md5, blob.digests.xxh128, blob.sha256, blob.size, now)
        db.execute(_SET, (artifact_id, name, *row))


def find(db: sqlite3.Connection, artifact_id: ArtifactId, name: str) -> ArtifactFile | None:
    """Return a version's file."""
    return _row(db, f"{_FILE} WHERE f.artifact_id = ? AND f.name = ?", artifact_id, name)


def page(
    db: sqlite3.Connection,
    artifact_id: ArtifactId,
    *,
    names: Sequence[str] | None,
    after: str,
    limit: int,
) -> list[ArtifactFile]:
    """Return a version's stored files by name, beyond `after`."""
    if names:
        files = (find(db, artifact_id, name) for name in sorted(set(names)))
        return [f for f in files if f and f.sha256 and f.name > after][:limit]
    rows = db.execute(
        f"{_FILE} WHERE f.artifact_id = ? AND f.sha256 IS NOT NULL AND f.name > ?"
        " ORDER BY f.name LIMIT ?",
        (artifact_id, after, limit),
    )
    return [ArtifactFile(*row) for row in rows]


def count(db: sqlite3.Connection, artifact_id: ArtifactId) -> int:
    """Return how many files of a version are stored here (references are not)."""
    (number,) = db.execute(
        "SELECT count(*) FROM artifact_files WHERE artifact_id = ? AND sha256 IS NOT NULL",
        (artifact_id,),
    ).fetchone()
    return int(number)


def stored(db: sqlite3.Connection, project_id: ProjectId, digests: Digests) -> ArtifactFile | None:
    """Return a stored file with these digests in a project: never another project's."""
    joined = "JOIN artifacts a ON a.id = f.artifact_id JOIN collections c ON c.id = a.collection_id"
    return _with_digests(db, joined, project_id, digests)


def linked(db: sqlite3.Connection, project_id: ProjectId, digests: Digests) -> ArtifactFile | None:
    """Return a stored file with these digests among the versions linked into a project."""
    joined = (
        "JOIN memberships m ON m.artifact_id = f.artifact_id"
        " JOIN collections c ON c.id = m.collection_id"
    )
    return _with_digests(db, joined, project_id, digests)


def _with_digests(
    db: sqlite3.Connection, joined: str, project_id: ProjectId, digests: Digests
) -> ArtifactFile | None:
    pairs = (("md5", digests.md5), ("xxh128", digests.xxh128))
    known = {name: digest for name, digest in pairs if digest}
    if not known:
        return None
    tests = " AND ".join(f"f.{name} = ?" for name in known)
    sql = f"{_FILE} {joined} WHERE {tests} AND f.sha256 IS NOT NULL AND c.project_id = ? LIMIT 1"
    return _row(db, sql, *known.values(), project_id)


def keep_only(db: sqlite3.Connection, artifact_id: ArtifactId, names: Iterable[str]) -> None:
    """Forget files of a draft that its manifest does not list."""
    listed = set(names)
    rows = db.execute("SELECT name FROM artifact_files WHERE artifact_id = ?", (artifact_id,))
    with write(db):
        db.executemany(
            "DELETE FROM artifact_files WHERE artifact_id = ? AND name = ?",
            [(artifact_id, name) for (name,) in rows.fetchall() if name not in listed],
        )


def _row(db: sqlite3.Connection, sql: str, *values: object) -> ArtifactFile | None:
    row = db.execute(sql, values).fetchone()
    return None if row is None else ArtifactFile(*row)
