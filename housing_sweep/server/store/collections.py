"""Rows of collections: sequences (made by logging), portfolios (made by linking), aliases."""

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType

from housing_sweep.errors import BadInput, Conflict
from housing_sweep.server.names import check_collection_name, check_type_name
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import ProjectId

CollectionId = NewType("CollectionId", int)
TypeId = NewType("TypeId", int)
MembershipId = NewType("MembershipId", int)
ArtifactId = NewType("ArtifactId", int)

SEQUENCE, PORTFOLIO = "SEQUENCE", "PORTFOLIO"
_VERSION = re.compile(r"v(\d+)")


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


_TYPE = "SELECT t.id, t.project_id, t.name, t.description, t.created_at FROM artifact_types t"
_COLLECTION = (
    "SELECT c.id, c.project_id, c.type_id, c.kind, c.name, c.description, c.created_at,"
    " c.updated_at FROM collections c"
)
_MEMBERSHIP = (
    "SELECT m.id, m.collection_id, m.artifact_id, m.version_index, m.created_at FROM memberships m"
)
_ALIAS = "SELECT a.id, a.collection_id, a.membership_id, a.name FROM aliases a"


def ensure_type(
    db: sqlite3.Connection, project_id: ProjectId, name: str, now: float
) -> ArtifactType:
    """Return a project's artifact type, made when it is new."""
    with write(db):
        db.execute(
            "INSERT INTO artifact_types (project_id, name, created_at) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (project_id, name, now),
        )
    found = find_type(db, project_id, name)
    assert found is not None
    return found


def find_type(db: sqlite3.Connection, project_id: ProjectId, name: str) -> ArtifactType | None:
    """Return a project's artifact type."""
    row = db.execute(f"{_TYPE} WHERE t.project_id = ? AND t.name = ?", (project_id, name))
    found = row.fetchone()
    return None if found is None else ArtifactType(*found)


def type_by_id(db: sqlite3.Connection, type_id: TypeId) -> ArtifactType:
    """Return a type that is known to exist."""
    return ArtifactType(*db.execute(f"{_TYPE} WHERE t.id = ?", (type_id,)).fetchone())


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
        found = find(db, project_id, name)
        if found is None:
            check_collection_name(name)
            check_type_name(type_name)
            type_id = ensure_type(db, project_id, type_name, now).id
            db.execute(
                "INSERT INTO collections (project_id, type_id, kind, name, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (project_id, type_id, kind, name, now, now),
            )
            found = find(db, project_id, name)
            assert found is not None
    held = type_by_id(db, found.type_id).name
    if held != type_name:
        raise Conflict(
            f"collection {name!r} has type {held!r}, not {type_name!r}", fix="use another name"
        )
    if found.kind != kind:
        raise Conflict(f"{name!r} is a {found.kind.lower()} already", fix="use another name")
    return found


def find(db: sqlite3.Connection, project_id: ProjectId, name: str) -> Collection | None:
    """Return a project's collection."""
    row = db.execute(f"{_COLLECTION} WHERE c.project_id = ? AND c.name = ?", (project_id, name))
    found = row.fetchone()
    return None if found is None else Collection(*found)


def by_id(db: sqlite3.Connection, collection_id: int) -> Collection | None:
    """Return a collection, whoever asks."""
    row = db.execute(f"{_COLLECTION} WHERE c.id = ?", (collection_id,)).fetchone()
    return None if row is None else Collection(*row)


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
) -> None:
    """Rename or describe a collection; None keeps.

    Raises:
        Conflict: the name is taken.
    """
    with write(db):
        try:
            db.execute(
                "UPDATE collections SET name = coalesce(?, name),"
                " description = coalesce(?, description), updated_at = ? WHERE id = ?",
                (name, description, now, collection_id),
            )
        except sqlite3.IntegrityError:
            raise Conflict(f"a collection named {name!r} exists already") from None


def move(db: sqlite3.Connection, collection: Collection, type_name: str, now: float) -> None:
    """Change a collection's type, made when it is new."""
    with write(db):
        type_id = ensure_type(db, collection.project_id, type_name, now).id
        db.execute(
            "UPDATE collections SET type_id = ?, updated_at = ? WHERE id = ?",
            (type_id, now, collection.id),
        )


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


def join(
    db: sqlite3.Connection, collection_id: CollectionId, artifact_id: ArtifactId, now: float
) -> Membership:
    """Give a version its place in a collection, unless it has one: an index never given before."""
    with write(db):
        held = membership_of(db, collection_id, artifact_id)
        if held is not None:
            return held
        db.execute(
            "INSERT INTO memberships (collection_id, artifact_id, version_index, created_at)"
            " SELECT id, ?, next_version, ? FROM collections WHERE id = ?",
            (artifact_id, now, collection_id),
        )
        db.execute(
            "UPDATE collections SET next_version = next_version + 1 WHERE id = ?", (collection_id,)
        )
        made = membership_of(db, collection_id, artifact_id)
    assert made is not None
    return made


def leave(db: sqlite3.Connection, membership: Membership) -> None:
    """Take a version out of a portfolio; `latest` goes to the newest that is left."""
    with write(db):
        db.execute("DELETE FROM memberships WHERE id = ?", (membership.id,))
        mend_latest(db, membership.collection_id)


def membership_of(
    db: sqlite3.Connection, collection_id: CollectionId, artifact_id: ArtifactId
) -> Membership | None:
    """Return a version's place in a collection."""
    return _membership(db, "m.collection_id = ? AND m.artifact_id = ?", collection_id, artifact_id)


def membership_by_id(db: sqlite3.Connection, membership_id: int) -> Membership | None:
    """Return a membership, whoever asks."""
    return _membership(db, "m.id = ?", membership_id)


def memberships_of_artifact(db: sqlite3.Connection, artifact_id: ArtifactId) -> list[Membership]:
    """Return every place of a version, its own sequence first."""
    rows = db.execute(f"{_MEMBERSHIP} WHERE m.artifact_id = ? ORDER BY m.id", (artifact_id,))
    return [Membership(*row) for row in rows]


def memberships_of_collection(
    db: sqlite3.Connection, collection_id: CollectionId, *, before: int | None, limit: int
) -> list[Membership]:
    """Return a collection's versions, newest first, older than the index `before`."""
    rows = db.execute(
        f"{_MEMBERSHIP} WHERE m.collection_id = :c AND (:b IS NULL OR m.version_index < :b)"
        " ORDER BY m.version_index DESC LIMIT :limit",
        {"c": collection_id, "b": before, "limit": limit},
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


def memberships_in(
    db: sqlite3.Connection, ids: Sequence[CollectionId], after: int, limit: int | None
) -> list[Membership]:
    """Return versions of several collections, in the order they joined, beyond an id."""
    rows = db.execute(
        f"{_MEMBERSHIP} WHERE m.id > :after"
        " AND m.collection_id IN (SELECT value FROM json_each(:ids)) ORDER BY m.id LIMIT :limit",
        {"after": after, "ids": json.dumps(list(ids)), "limit": -1 if limit is None else limit},
    )
    return [Membership(*row) for row in rows]


def count_memberships_in(db: sqlite3.Connection, ids: Sequence[CollectionId]) -> int:
    """Return how many versions several collections have."""
    (number,) = db.execute(
        "SELECT count(*) FROM memberships WHERE collection_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    ).fetchone()
    return int(number)


def count_memberships(db: sqlite3.Connection, collection_id: CollectionId) -> int:
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
    if found := _VERSION.fullmatch(reference):
        index = int(found[1])
        return _membership(db, "m.collection_id = ? AND m.version_index = ?", collection_id, index)
    return _membership(
        db,
        "m.collection_id = ? AND m.artifact_id IN (SELECT id FROM artifacts WHERE digest = ?)",
        collection_id,
        reference,
    )


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


def point(db: sqlite3.Connection, membership: Membership, name: str) -> None:
    """Let an alias point at a version, taking it from whichever held it.

    Raises:
        BadInput: the name cannot be an alias.
    """
    if not name or len(name) > 128 or any(c in "/:\\" for c in name) or _VERSION.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot be an alias", fix="use a name without / and :, not like v3"
        )
    with write(db):
        db.execute(
            "INSERT INTO aliases (collection_id, membership_id, name) VALUES (?, ?, ?)"
            " ON CONFLICT (collection_id, name)"
            " DO UPDATE SET membership_id = excluded.membership_id",
            (membership.collection_id, membership.id, name),
        )


def unpoint(db: sqlite3.Connection, membership: Membership, name: str) -> None:
    """Take an alias from a version; one that it does not hold (any more) is left alone."""
    with write(db):
        db.execute(
            "DELETE FROM aliases WHERE membership_id = ? AND name = ?", (membership.id, name)
        )


def mend_latest(db: sqlite3.Connection, collection_id: CollectionId) -> None:
    """Point `latest` at the newest version if it points nowhere."""
    if resolve(db, collection_id, "latest") is None:
        newest = memberships_of_collection(db, collection_id, before=None, limit=1)
        if newest:
            point(db, newest[0], "latest")


def _membership(db: sqlite3.Connection, where: str, *values: object) -> Membership | None:
    row = db.execute(f"{_MEMBERSHIP} WHERE {where}", values).fetchone()
    return None if row is None else Membership(*row)
