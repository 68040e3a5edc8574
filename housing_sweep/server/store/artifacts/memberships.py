"""Rows of memberships: the places of versions in collections, and the aliases that point there."""

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NewType

from housing_sweep.errors import BadInput, Gone
from housing_sweep.server.store.artifacts import collections
from housing_sweep.server.store.artifacts.collections import ArtifactId, CollectionId
from housing_sweep.server.store.db import emit, write
from housing_sweep.server.store.events import AliasMoved
from housing_sweep.server.store.projects.projects import ProjectId

MembershipId = NewType("MembershipId", int)

MOST_DIGITS = 18
"""Digits of a version's number that the database can hold, whatever they are."""

_VERSION = re.compile(r"v(\d+)")


@dataclass(frozen=True, slots=True)
class Membership:
    """A version's place in a collection."""

    id: MembershipId
    collection_id: CollectionId
    artifact_id: ArtifactId
    version_index: int
    created_at: float


@dataclass(frozen=True, slots=True)
class Alias:
    """A movable name, unique in its collection."""

    id: int
    collection_id: CollectionId
    membership_id: MembershipId
    name: str


_NAMES = ", ".join(f.name for f in fields(Membership))
_MEMBERSHIP = f"SELECT {', '.join(f'm.{f.name}' for f in fields(Membership))} FROM memberships m"
_ALIAS = "SELECT a.id, a.collection_id, a.membership_id, a.name FROM aliases a"


def add_version(
    db: sqlite3.Connection, collection_id: CollectionId, artifact_id: ArtifactId, now: float
) -> Membership:
    """Give a version its place in a collection, unless it has one: an index never given before.

    Raises:
        Gone: the collection was deleted meanwhile.
    """
    with write(db):
        if (same := find(db, collection_id, artifact_id)) is not None:
            return same
        row = db.execute(
            "INSERT INTO memberships (collection_id, artifact_id, version_index, created_at)"
            f" SELECT id, ?, next_version, ? FROM collections WHERE id = ? RETURNING {_NAMES}",
            (artifact_id, now, collection_id),
        ).fetchone()
        if row is None:
            raise Gone(f"artifact collection number {collection_id} was deleted")
        db.execute(
            "UPDATE collections SET next_version = next_version + 1 WHERE id = ?", (collection_id,)
        )
    return Membership(*row)


def remove_version(db: sqlite3.Connection, membership: Membership) -> None:
    """Take a version out of a portfolio; `latest` goes to the newest that is left."""
    with write(db):
        aliases = aliases_of_membership(db, membership.id)
        db.execute("DELETE FROM memberships WHERE id = ?", (membership.id,))
        for alias in aliases:
            _emit_move(db, membership.collection_id, alias.name)
        repair_latest(db, membership.collection_id)


def get(db: sqlite3.Connection, collection_id: CollectionId, artifact_id: ArtifactId) -> Membership:
    """Return a version's place in a collection.

    Raises:
        Gone: it was taken out, or deleted, meanwhile.
    """
    if (membership := find(db, collection_id, artifact_id)) is None:
        raise Gone(f"version number {artifact_id} was deleted")
    return membership


def find(
    db: sqlite3.Connection, collection_id: CollectionId, artifact_id: ArtifactId
) -> Membership | None:
    """Return a version's place in a collection."""
    return _membership(db, "m.collection_id = ? AND m.artifact_id = ?", collection_id, artifact_id)


def of_artifact(db: sqlite3.Connection, artifact_id: ArtifactId) -> list[Membership]:
    """Return every place of a version, its own sequence first."""
    rows = db.execute(f"{_MEMBERSHIP} WHERE m.artifact_id = ? ORDER BY m.id", (artifact_id,))
    return [Membership(*row) for row in rows]


def of_collection(
    db: sqlite3.Connection, collection_id: CollectionId, *, before: int | None, limit: int
) -> list[Membership]:
    """Return a collection's versions, newest first, older than the index `before`."""
    rows = db.execute(
        f"{_MEMBERSHIP} WHERE m.collection_id = :c AND (:b IS NULL OR m.version_index < :b)"
        " ORDER BY m.version_index DESC LIMIT :limit",
        {"c": collection_id, "b": before, "limit": limit},
    )
    return [Membership(*row) for row in rows]


ORDERS = {
    "version": "m.version_index",
    "createdAt": "a.created_at",
    "updatedAt": "a.updated_at",
    "size": "a.size",
    "version_index": "m.version_index",
    "created_at": "a.created_at",
    "updated_at": "a.updated_at",
}
"""What the versions of a collection can be ordered by; W&B's clients spell it both ways."""


def ordered(
    db: sqlite3.Connection,
    collection_id: CollectionId,
    by: str,
    *,
    backwards: bool,
    start: int,
    limit: int | None,
) -> list[Membership]:
    """Return a part of a collection's versions ordered by one of `ORDERS`, then by number."""
    way = "DESC" if backwards else "ASC"
    rows = db.execute(
        f"{_MEMBERSHIP} JOIN artifacts a ON a.id = m.artifact_id WHERE m.collection_id = ?"
        f" ORDER BY {ORDERS[by]} {way}, m.version_index {way} LIMIT ? OFFSET ?",
        (collection_id, -1 if limit is None else limit, start),
    )
    return [Membership(*row) for row in rows]


def first_linked_elsewhere(
    db: sqlite3.Connection, collection_id: CollectionId
) -> Membership | None:
    """Return the oldest version of a sequence that another collection holds too."""
    return _membership(
        db,
        "m.collection_id = ? AND EXISTS (SELECT 1 FROM memberships o"
        " WHERE o.artifact_id = m.artifact_id AND o.collection_id <> m.collection_id)"
        " ORDER BY m.version_index LIMIT 1",
        collection_id,
    )


def in_collections(
    db: sqlite3.Connection, ids: Sequence[CollectionId], after: int, limit: int | None
) -> list[Membership]:
    """Return versions of several collections, in the order they joined, beyond an id."""
    rows = db.execute(
        f"{_MEMBERSHIP} WHERE m.id > :after"
        " AND m.collection_id IN (SELECT value FROM json_each(:ids)) ORDER BY m.id LIMIT :limit",
        {"after": after, "ids": json.dumps(list(ids)), "limit": -1 if limit is None else limit},
    )
    return [Membership(*row) for row in rows]


def count_in(db: sqlite3.Connection, ids: Sequence[CollectionId]) -> int:
    """Return how many versions several collections have."""
    (number,) = db.execute(
        "SELECT count(*) FROM memberships WHERE collection_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    ).fetchone()
    return int(number)


def count(db: sqlite3.Connection, collection_id: CollectionId) -> int:
    """Return how many versions a collection has."""
    (number,) = db.execute(
        "SELECT count(*) FROM memberships WHERE collection_id = ?", (collection_id,)
    ).fetchone()
    return int(number)


def resolve(
    db: sqlite3.Connection, collection_id: CollectionId, reference: str
) -> Membership | None:
    """Return the version that an alias, `v3` or a digest means in a collection."""
    by_alias = _membership(
        db,
        "m.id = (SELECT membership_id FROM aliases WHERE collection_id = ? AND name = ?)",
        collection_id,
        reference,
    )
    if by_alias is not None:
        return by_alias
    if match := _VERSION.fullmatch(reference):
        if len(match[1]) > MOST_DIGITS:
            return None
        index = int(match[1])
        return _membership(db, "m.collection_id = ? AND m.version_index = ?", collection_id, index)
    return _membership(
        db,
        "m.collection_id = ? AND m.artifact_id IN (SELECT id FROM artifacts WHERE digest = ?)",
        collection_id,
        reference,
    )


def by_name(db: sqlite3.Connection, project_id: ProjectId, name: str) -> Membership | None:
    """Return the version that `collection:alias`, `:v3` or a digest means; default latest."""
    collection_name, _, reference = name.partition(":")
    collection = collections.find(db, project_id, collection_name)
    return resolve(db, collection.id, reference or "latest") if collection else None


def aliases_of_membership(db: sqlite3.Connection, membership_id: MembershipId) -> list[Alias]:
    """Return the aliases that point at one version in one collection."""
    rows = db.execute(f"{_ALIAS} WHERE a.membership_id = ? ORDER BY a.id", (membership_id,))
    return [Alias(*row) for row in rows]


def aliases_of_artifact(db: sqlite3.Connection, artifact_id: ArtifactId) -> list[Alias]:
    """Return a version's aliases in all its collections."""
    rows = db.execute(
        f"{_ALIAS} JOIN memberships m ON m.id = a.membership_id WHERE m.artifact_id = ?"
        " ORDER BY a.id",
        (artifact_id,),
    )
    return [Alias(*row) for row in rows]


def aliases_of_collection(db: sqlite3.Connection, collection_id: CollectionId) -> list[Alias]:
    """Return every alias of a collection."""
    rows = db.execute(f"{_ALIAS} WHERE a.collection_id = ? ORDER BY a.id", (collection_id,))
    return [Alias(*row) for row in rows]


def set_alias(db: sqlite3.Connection, membership: Membership, name: str) -> None:
    """Let an alias point at a version, taking it from whichever held it.

    Raises:
        BadInput: the name cannot be an alias.
    """
    if not name or len(name) > 128 or any(c in "/:\\" for c in name) or _VERSION.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot be an alias", fix="use a name without / and :, not like v3"
        )
    with write(db):
        moved = db.execute(
            "INSERT INTO aliases (collection_id, membership_id, name) VALUES (?, ?, ?)"
            " ON CONFLICT (collection_id, name)"
            " DO UPDATE SET membership_id = excluded.membership_id"
            " WHERE membership_id <> excluded.membership_id",
            (membership.collection_id, membership.id, name),
        ).rowcount
        if moved:
            _emit_move(db, membership.collection_id, name)


def remove_alias(db: sqlite3.Connection, membership: Membership, name: str) -> None:
    """Take an alias from a version; one that it does not hold (any more) is left alone."""
    with write(db):
        gone = db.execute(
            "DELETE FROM aliases WHERE membership_id = ? AND name = ?", (membership.id, name)
        ).rowcount
        if gone:
            _emit_move(db, membership.collection_id, name)


def repair_latest(db: sqlite3.Connection, collection_id: CollectionId) -> None:
    """Point `latest` at the newest version if it points nowhere."""
    if resolve(db, collection_id, "latest") is None:
        newest = of_collection(db, collection_id, before=None, limit=1)
        if newest:
            set_alias(db, newest[0], "latest")


def _emit_move(db: sqlite3.Connection, collection_id: CollectionId, alias: str) -> None:
    project_id = collections.get(db, collection_id).project_id
    emit(db, AliasMoved(project_id, collection_id, alias))


def _membership(db: sqlite3.Connection, where: str, *values: object) -> Membership | None:
    row = db.execute(f"{_MEMBERSHIP} WHERE {where}", values).fetchone()
    return None if row is None else Membership(*row)
