"""Rows of collections: sequences (made by logging) and portfolios (made by linking)."""

import sqlite3
from dataclasses import dataclass, fields
from typing import NewType

from housing_sweep.errors import Conflict, Gone
from housing_sweep.server.rules.names import check_collection_name, check_type_name
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects.projects import ProjectId

CollectionId = NewType("CollectionId", int)
TypeId = NewType("TypeId", int)
ArtifactId = NewType("ArtifactId", int)

SEQUENCE, PORTFOLIO = "SEQUENCE", "PORTFOLIO"


@dataclass(frozen=True, slots=True)
class ArtifactType:
    """A type name within a project."""

    id: TypeId
    project_id: ProjectId
    name: str
    description: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class Collection:
    """A named series of versions."""

    id: CollectionId
    project_id: ProjectId
    type_id: TypeId
    kind: str
    name: str
    description: str | None
    created_at: float
    updated_at: float


_TYPE_NAMES = ", ".join(f.name for f in fields(ArtifactType))
_TYPE = f"SELECT {', '.join(f't.{f.name}' for f in fields(ArtifactType))} FROM artifact_types t"
_NAMES = ", ".join(f.name for f in fields(Collection))
_COLLECTION = f"SELECT {_NAMES} FROM collections c"


def ensure_type(
    db: sqlite3.Connection, project_id: ProjectId, name: str, now: float
) -> ArtifactType:
    """Return a project's artifact type, made when it is new."""
    with write(db):
        if (same := find_type(db, project_id, name)) is not None:
            return same
        row = db.execute(
            "INSERT INTO artifact_types (project_id, name, created_at) VALUES (?, ?, ?)"
            f" RETURNING {_TYPE_NAMES}",
            (project_id, name, now),
        ).fetchone()
    return ArtifactType(*row)


def find_type(db: sqlite3.Connection, project_id: ProjectId, name: str) -> ArtifactType | None:
    """Return a project's artifact type."""
    where = "WHERE t.project_id = ? AND t.name = ?"
    row = db.execute(f"{_TYPE} {where}", (project_id, name)).fetchone()
    return None if row is None else ArtifactType(*row)


def type_of(db: sqlite3.Connection, collection_id: CollectionId) -> ArtifactType:
    """Return the type of a collection, and so of its versions.

    Raises:
        Gone: the collection was deleted meanwhile.
    """
    where = "JOIN collections c ON c.type_id = t.id WHERE c.id = ?"
    row = db.execute(f"{_TYPE} {where}", (collection_id,)).fetchone()
    if row is None:
        raise _gone(collection_id)
    return ArtifactType(*row)


def types_of(db: sqlite3.Connection, project_id: ProjectId) -> list[ArtifactType]:
    """Return a project's types, by name."""
    rows = db.execute(f"{_TYPE} WHERE t.project_id = ? ORDER BY t.name", (project_id,))
    return [ArtifactType(*row) for row in rows]


def ensure(
    db: sqlite3.Connection,
    project_id: ProjectId,
    name: str,
    type_name: str,
    kind: str,
    now: float,
) -> Collection:
    """Return a collection, made when it is new.

    Raises:
        BadInput: it is new, and its name or type breaks W&B's rules.
        Conflict: it exists with another type, or as the other kind.
    """
    with write(db):
        collection = find(db, project_id, name)
        if collection is None:
            check_collection_name(name)
            check_type_name(type_name)
            type_id = ensure_type(db, project_id, type_name, now).id
            row = db.execute(
                "INSERT INTO collections (project_id, type_id, kind, name, created_at, updated_at)"
                f" VALUES (?, ?, ?, ?, ?, ?) RETURNING {_NAMES}",
                (project_id, type_id, kind, name, now, now),
            ).fetchone()
            return Collection(*row)
        own_type = type_of(db, collection.id).name
    if own_type != type_name:
        raise Conflict(
            f"collection {name!r} has type {own_type!r}, not {type_name!r}", fix="use another name"
        )
    if collection.kind != kind:
        raise Conflict(f"{name!r} is a {collection.kind.lower()} already", fix="use another name")
    return collection


def find(db: sqlite3.Connection, project_id: ProjectId, name: str) -> Collection | None:
    """Return a project's collection."""
    where = "WHERE c.project_id = ? AND c.name = ?"
    row = db.execute(f"{_COLLECTION} {where}", (project_id, name)).fetchone()
    return None if row is None else Collection(*row)


def get(db: sqlite3.Connection, collection_id: int) -> Collection:
    """Return a collection, whoever asks.

    Raises:
        Gone: it was deleted meanwhile.
    """
    if (collection := find_by_id(db, collection_id)) is None:
        raise _gone(collection_id)
    return collection


def find_by_id(db: sqlite3.Connection, collection_id: int) -> Collection | None:
    """Return a collection, whoever asks."""
    row = db.execute(f"{_COLLECTION} WHERE c.id = ?", (collection_id,)).fetchone()
    return None if row is None else Collection(*row)


def _gone(collection_id: int) -> Gone:
    return Gone(f"artifact collection number {collection_id} was deleted")


def of_project(
    db: sqlite3.Connection, project_id: ProjectId, type_id: TypeId | None = None
) -> list[Collection]:
    """Return a project's collections, newest first; of one type, or all."""
    rows = db.execute(
        f"{_COLLECTION} WHERE c.project_id = :project AND (:type IS NULL OR c.type_id = :type)"
        " ORDER BY c.id DESC",
        {"project": project_id, "type": type_id},
    )
    return [Collection(*row) for row in rows]


def edit(
    db: sqlite3.Connection,
    collection_id: CollectionId,
    *,
    name: str | None,
    description: str | None,
    now: float,
) -> Collection:
    """Rename or describe a collection; None keeps.

    Raises:
        Conflict: the name is taken.
        Gone: the collection was deleted meanwhile.
    """
    with write(db):
        try:
            row = db.execute(
                "UPDATE collections SET name = coalesce(?, name),"
                " description = coalesce(?, description), updated_at = ? WHERE id = ?"
                f" RETURNING {_NAMES}",
                (name, description, now, collection_id),
            ).fetchone()
        except sqlite3.IntegrityError:
            raise Conflict(f"a collection named {name!r} exists already") from None
    if row is None:
        raise _gone(collection_id)
    return Collection(*row)


def move(db: sqlite3.Connection, collection: Collection, type_name: str, now: float) -> Collection:
    """Change a collection's type, made when it is new.

    Raises:
        Gone: the collection was deleted meanwhile.
    """
    with write(db):
        type_id = ensure_type(db, collection.project_id, type_name, now).id
        row = db.execute(
            f"UPDATE collections SET type_id = ?, updated_at = ? WHERE id = ? RETURNING {_NAMES}",
            (type_id, now, collection.id),
        ).fetchone()
        if row is None:
            raise _gone(collection.id)
    return Collection(*row)


def delete(db: sqlite3.Connection, collection_id: CollectionId) -> None:
    """Remove a collection; of a sequence, its versions too."""
    with write(db):
        db.execute("DELETE FROM collections WHERE id = ?", (collection_id,))


def tags(db: sqlite3.Connection, collection_id: CollectionId) -> list[str]:
    """Return a collection's tags, by name."""
    rows = db.execute(
        "SELECT name FROM collection_tags WHERE collection_id = ? ORDER BY name", (collection_id,)
    )
    return [name for (name,) in rows]


def change_tags(
    db: sqlite3.Connection, collection_id: CollectionId, add: list[str], remove: list[str]
) -> None:
    """Add and remove tags."""
    with write(db):
        db.executemany(
            "INSERT OR IGNORE INTO collection_tags VALUES (?, ?)", [(collection_id, t) for t in add]
        )
        db.executemany(
            "DELETE FROM collection_tags WHERE collection_id = ? AND name = ?",
            [(collection_id, t) for t in remove],
        )
