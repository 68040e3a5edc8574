"""Rows of artifact versions: drafts, commits, manifests and lineage."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NewType

from housing_sweep.errors import Conflict, Gone
from housing_sweep.server.store.artifacts import memberships
from housing_sweep.server.store.artifacts.collections import ArtifactId, CollectionId
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people.users import UserId
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run, RunId

ManifestId = NewType("ManifestId", int)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version; it has no index before its commit."""

    id: ArtifactId
    collection_id: CollectionId
    digest: str
    digest_algorithm: str
    state: str
    description: str | None
    metadata: str | None
    ttl_seconds: int | None
    size: int
    file_count: int
    run_id: RunId | None
    user_id: UserId | None
    history_step: int | None
    distributed_id: str | None
    pending_aliases: str
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """A version's list of files; `sha256` is None until its body came."""

    id: ManifestId
    artifact_id: ArtifactId
    name: str
    type: str
    base_artifact_id: ArtifactId | None
    digest: str
    sha256: str | None
    size: int
    created_at: float


_NAMES = ", ".join(f.name for f in fields(Artifact))
_COLUMNS = ", ".join(f"a.{f.name}" for f in fields(Artifact))
_MANIFEST_NAMES = ", ".join(f.name for f in fields(Manifest))
_MANIFEST = f"SELECT {_MANIFEST_NAMES} FROM manifests"


def get(db: sqlite3.Connection, artifact_id: int) -> Artifact:
    """Return a version, whoever asks.

    Raises:
        Gone: it was deleted meanwhile.
    """
    if (artifact := find_by_id(db, artifact_id)) is None:
        raise Gone(f"version number {artifact_id} was deleted")
    return artifact


def find_by_id(db: sqlite3.Connection, artifact_id: int) -> Artifact | None:
    """Return a version that was not deleted, whoever asks."""
    return _row(db, "a.id = ? AND a.state <> 'DELETED'", artifact_id)


def committed(
    db: sqlite3.Connection, collection_id: CollectionId, digest: str, algorithm: str
) -> Artifact | None:
    """Return the version of a collection that has this content."""
    where = "a.collection_id = ? AND a.digest = ? AND a.digest_algorithm = ?"
    return _row(db, f"{where} AND a.state = 'COMMITTED'", collection_id, digest, algorithm)


def algorithm_of(db: sqlite3.Connection, collection_id: CollectionId) -> str | None:
    """Return the digest algorithm of a collection's versions; None while it has none."""
    row = db.execute(
        "SELECT digest_algorithm FROM artifacts WHERE collection_id = ? AND state <> 'DELETED'"
        " ORDER BY id LIMIT 1",
        (collection_id,),
    ).fetchone()
    return None if row is None else str(row[0])


def open_draft(
    db: sqlite3.Connection, collection_id: CollectionId, distributed_id: str
) -> Artifact | None:
    """Return the draft that several writers share."""
    return _row(
        db,
        "a.collection_id = ? AND a.distributed_id = ? AND a.state = 'PENDING'",
        collection_id,
        distributed_id,
    )


def by_client_id(db: sqlite3.Connection, user_id: UserId, client_id: str) -> Artifact | None:
    """Return the version that a user's client calls by an id of its own."""
    where = "SELECT artifact_id FROM artifact_client_ids WHERE user_id = ? AND client_id = ?"
    return _row(db, f"a.id = ({where}) AND a.state <> 'DELETED'", user_id, client_id)


def create(db: sqlite3.Connection, **columns: object) -> Artifact:
    """Add a draft (state PENDING); `columns` are fields of `Artifact`."""
    names = ", ".join(columns)
    marks = ", ".join(f":{name}" for name in columns)
    sql = f"INSERT INTO artifacts ({names}, state) VALUES ({marks}, 'PENDING') RETURNING {_NAMES}"
    with write(db):
        return Artifact(*db.execute(sql, columns).fetchone())


def name_by_client(
    db: sqlite3.Connection, artifact_id: ArtifactId, user_id: UserId, client_id: str
) -> None:
    """Remember the id a user's client uses for a version; of a repeated one, the newest."""
    with write(db):
        db.execute(
            "INSERT OR REPLACE INTO artifact_client_ids VALUES (?, ?, ?)",
            (user_id, client_id, artifact_id),
        )


def edit(
    db: sqlite3.Connection, artifact_id: ArtifactId, now: float, **columns: object
) -> Artifact:
    """Set some columns.

    Raises:
        Gone: the version was removed meanwhile.
    """
    assignments = ", ".join(f"{name} = :{name}" for name in ["updated_at", *columns])
    with write(db):
        row = db.execute(
            f"UPDATE artifacts SET {assignments} WHERE id = :id RETURNING {_NAMES}",
            {**columns, "updated_at": now, "id": artifact_id},
        ).fetchone()
    if row is None:
        raise Gone(f"version number {artifact_id} was deleted")
    return Artifact(*row)


def publish(
    db: sqlite3.Connection,
    artifact: Artifact,
    *,
    digest: str,
    size: int,
    file_count: int,
    now: float,
) -> Artifact:
    """Make a draft a version: index, aliases, state, all at once; again is harmless.

    It is as old as its commit: before it, nobody could have meant it by any name.
    """
    created_at = now if artifact.state == "PENDING" else artifact.created_at
    with write(db):
        membership = memberships.add_version(db, artifact.collection_id, artifact.id, now)
        for alias in json.loads(artifact.pending_aliases):
            memberships.set_alias(db, membership, alias)
        memberships.repair_latest(db, artifact.collection_id)
        return edit(
            db,
            artifact.id,
            now,
            state="COMMITTED",
            created_at=created_at,
            digest=digest,
            size=size,
            file_count=file_count,
            pending_aliases="[]",
        )


def delete(db: sqlite3.Connection, artifact: Artifact, *, with_aliases: bool, now: float) -> None:
    """Delete a version; `latest` moves to the newest that is left.

    Raises:
        Conflict: it has aliases beside `latest`, and they were not to go too.
    """
    with write(db):
        aliases = {alias.name for alias in memberships.aliases_of_artifact(db, artifact.id)}
        named = sorted(aliases - {"latest"})
        if named and not with_aliases:
            raise Conflict(
                f"the version has aliases {named}", fix="delete them first, or delete_aliases=True"
            )
        for membership in memberships.of_artifact(db, artifact.id):
            memberships.remove_version(db, membership)
        edit(db, artifact.id, now, state="DELETED")
        for table in ("artifact_files", "manifests", "artifact_client_ids"):
            db.execute(f"DELETE FROM {table} WHERE artifact_id = ?", (artifact.id,))


def tags(db: sqlite3.Connection, artifact_id: ArtifactId) -> list[str]:
    """Return a version's tags, by name."""
    rows = db.execute(
        "SELECT name FROM artifact_tags WHERE artifact_id = ? ORDER BY name", (artifact_id,)
    )
    return [name for (name,) in rows]


def change_tags(
    db: sqlite3.Connection, artifact_id: ArtifactId, add: Iterable[str], remove: Iterable[str]
) -> None:
    """Add and remove tags."""
    with write(db):
        db.executemany(
            "INSERT OR IGNORE INTO artifact_tags VALUES (?, ?)", [(artifact_id, t) for t in add]
        )
        db.executemany(
            "DELETE FROM artifact_tags WHERE artifact_id = ? AND name = ?",
            [(artifact_id, t) for t in remove],
        )


def add_manifest(db: sqlite3.Connection, now: float, **columns: object) -> Manifest:
    """Add a manifest without a body; `columns` are fields of `Manifest`."""
    names = ", ".join(columns)
    marks = ", ".join(f":{name}" for name in columns)
    with write(db):
        row = db.execute(
            f"INSERT INTO manifests ({names}, created_at) VALUES ({marks}, :created_at)"
            f" RETURNING {_MANIFEST_NAMES}",
            {**columns, "created_at": now},
        ).fetchone()
    return Manifest(*row)


def find_manifest(db: sqlite3.Connection, manifest_id: int) -> Manifest | None:
    """Return a manifest, whoever asks."""
    row = db.execute(f"{_MANIFEST} WHERE id = ?", (manifest_id,)).fetchone()
    return None if row is None else Manifest(*row)


def manifests_with_body(db: sqlite3.Connection, artifact_id: ArtifactId) -> list[Manifest]:
    """Return a version's manifests whose bodies came, oldest first."""
    rows = db.execute(
        f"{_MANIFEST} WHERE artifact_id = ? AND sha256 IS NOT NULL ORDER BY id", (artifact_id,)
    )
    return [Manifest(*row) for row in rows]


def set_manifest(db: sqlite3.Connection, manifest_id: ManifestId, **columns: object) -> Manifest:
    """Set some columns of a manifest: its digest, or the blob of its body.

    Raises:
        Gone: it was deleted, with its version, meanwhile.
    """
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    with write(db):
        row = db.execute(
            f"UPDATE manifests SET {assignments} WHERE id = :id RETURNING {_MANIFEST_NAMES}",
            {**columns, "id": manifest_id},
        ).fetchone()
    if row is None:
        raise Gone(f"manifest number {manifest_id} was deleted")
    return Manifest(*row)


def use(
    db: sqlite3.Connection, run_id: RunId, artifact_id: ArtifactId, used_as: str | None, now: float
) -> None:
    """Record that a run takes a version as input."""
    with write(db):
        db.execute(
            "INSERT INTO artifact_uses VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET used_as = coalesce(excluded.used_as, used_as)",
            (run_id, artifact_id, used_as, now),
        )


def output(db: sqlite3.Connection, run_id: RunId, artifact_id: ArtifactId, now: float) -> None:
    """Record that a run logged a version; several runs may log the same content."""
    with write(db):
        db.execute(
            "INSERT OR IGNORE INTO artifact_outputs VALUES (?, ?, ?)", (run_id, artifact_id, now)
        )


def inputs_of(db: sqlite3.Connection, run_id: RunId) -> list[Artifact]:
    """Return the versions a run took as input, in that order."""
    return _joined(db, "artifact_uses", run_id)


def outputs_of(db: sqlite3.Connection, run_id: RunId) -> list[Artifact]:
    """Return the versions a run logged, in that order."""
    return _joined(db, "artifact_outputs", run_id)


def users_of(db: sqlite3.Connection, artifact_id: ArtifactId) -> list[Run]:
    """Return the runs that took a version as input, oldest first."""
    rows = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r JOIN artifact_uses u ON u.run_id = r.id"
        " WHERE u.artifact_id = ? ORDER BY r.id",
        (artifact_id,),
    )
    return [run for row in rows if (run := runs.from_row(row))]


def abandon_drafts(db: sqlite3.Connection, before: float) -> int:
    """Remove drafts that nobody touched since `before`; returns how many."""
    with write(db):
        return db.execute(
            "DELETE FROM artifacts WHERE state = 'PENDING' AND updated_at < ?", (before,)
        ).rowcount


def _joined(db: sqlite3.Connection, table: str, run_id: RunId) -> list[Artifact]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM artifacts a JOIN {table} t ON t.artifact_id = a.id"
        " WHERE t.run_id = ? AND a.state = 'COMMITTED' ORDER BY t.created_at, a.id",
        (run_id,),
    )
    return [Artifact(*row) for row in rows]


def _row(db: sqlite3.Connection, where: str, *values: object) -> Artifact | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM artifacts a WHERE {where}", values).fetchone()
    return None if row is None else Artifact(*row)
