"""Rows of users, entities, organisations and keys, and who may see whose projects."""

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import NewType

from housing_sweep.server.store.db import write

UserId = NewType("UserId", int)
EntityId = NewType("EntityId", int)
OrganizationId = NewType("OrganizationId", int)

PUBLIC_KEY_CHARS = 8
"""How much of a key may be shown; the SDK lists these as the key's name."""


@dataclass(frozen=True, slots=True)
class User:
    """One person or service account."""

    id: UserId
    name: str
    email: str | None
    is_admin: bool
    default_entity_id: EntityId | None
    created_at: float


@dataclass(frozen=True, slots=True)
class Entity:
    """An owner of projects: kind is user, team or organization."""

    id: EntityId
    name: str
    kind: str
    user_id: UserId | None
    organization_id: OrganizationId | None
    created_at: float


@dataclass(frozen=True, slots=True)
class Organization:
    """A group of users and teams; registries belong to its entity."""

    id: OrganizationId
    name: str
    is_default: bool
    created_at: float


_USER = "SELECT u.id, u.name, email, is_admin, default_entity_id, u.created_at FROM users u"
_ENTITY = "SELECT e.id, e.name, kind, e.user_id, e.organization_id, e.created_at FROM entities e"
_ORGANIZATION = "SELECT o.id, o.name, is_default, o.created_at FROM organizations o"


def key_digest(api_key: str) -> str:
    """Return the SHA-256 that stands for a key in the database."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def user_by_key(db: sqlite3.Connection, api_key: str) -> User | None:
    """Return whose key this is."""
    row = db.execute(
        f"{_USER} JOIN api_keys k ON k.user_id = u.id WHERE k.digest = ?", (key_digest(api_key),)
    ).fetchone()
    return _user(row)


def user_by_name(db: sqlite3.Connection, name: str) -> User | None:
    """Return a user."""
    return _user(db.execute(f"{_USER} WHERE u.name = ?", (name,)).fetchone())


def user_by_id(db: sqlite3.Connection, user_id: UserId) -> User | None:
    """Return a user."""
    return _user(db.execute(f"{_USER} WHERE u.id = ?", (user_id,)).fetchone())


def entity_by_name(db: sqlite3.Connection, name: str) -> Entity | None:
    """Return an entity, whoever asks."""
    return _entity(db.execute(f"{_ENTITY} WHERE e.name = ?", (name,)).fetchone())


def entity_by_id(db: sqlite3.Connection, entity_id: EntityId) -> Entity | None:
    """Return an entity, whoever asks."""
    return _entity(db.execute(f"{_ENTITY} WHERE e.id = ?", (entity_id,)).fetchone())


def entity_of_user(db: sqlite3.Connection, user_id: UserId) -> Entity:
    """Return a user's own entity."""
    entity = _entity(db.execute(f"{_ENTITY} WHERE e.user_id = ?", (user_id,)).fetchone())
    assert entity is not None
    return entity


def default_entity(db: sqlite3.Connection, user: User) -> Entity:
    """Return the entity that a request without one means."""
    chosen = entity_by_id(db, user.default_entity_id) if user.default_entity_id else None
    return chosen or entity_of_user(db, user.id)


def organization_by_id(db: sqlite3.Connection, organization_id: OrganizationId) -> Organization:
    """Return an organisation that is known to exist."""
    row = db.execute(f"{_ORGANIZATION} WHERE o.id = ?", (organization_id,)).fetchone()
    return _organization(row)


def organizations_of_user(db: sqlite3.Connection, user_id: UserId) -> list[Organization]:
    """Return the organisations a user belongs to; without any membership, the default one.

    Exactly one must come out for the SDK not to ask which (wandb/apis/public/_srcs org lookups).
    """
    rows = db.execute(
        f"""{_ORGANIZATION} WHERE o.id IN (
                SELECT organization_id FROM organization_members WHERE user_id = :user
                UNION
                SELECT e.organization_id FROM team_members t JOIN entities e ON e.id = t.entity_id
                WHERE t.user_id = :user AND e.organization_id IS NOT NULL)
            ORDER BY o.id""",
        {"user": user_id},
    ).fetchall()
    if not rows:
        rows = db.execute(f"{_ORGANIZATION} WHERE is_default ORDER BY o.id").fetchall()
    return [_organization(row) for row in rows]


def organization_entity(db: sqlite3.Connection, organization_id: OrganizationId) -> Entity:
    """Return the entity that owns an organisation's registries."""
    row = db.execute(
        f"{_ENTITY} WHERE e.organization_id = ? AND kind = 'organization'", (organization_id,)
    ).fetchone()
    entity = _entity(row)
    assert entity is not None
    return entity


def teams_of_user(db: sqlite3.Connection, user_id: UserId) -> list[Entity]:
    """Return the team entities a user is a member of, by name."""
    rows = db.execute(
        f"{_ENTITY} JOIN team_members t ON t.entity_id = e.id WHERE t.user_id = ? ORDER BY e.name",
        (user_id,),
    )
    return [Entity(*row) for row in rows]


def role_in_entity(db: sqlite3.Connection, user: User, entity: Entity) -> str | None:
    """Return what a user is to an entity: admin, member, viewer, or None for a stranger."""
    if entity.kind == "user":
        return "admin" if entity.user_id == user.id else None
    if entity.kind == "team":
        row = db.execute(
            "SELECT role FROM team_members WHERE entity_id = ? AND user_id = ?",
            (entity.id, user.id),
        ).fetchone()
        return str(row[0]) if row else None
    row = db.execute(
        "SELECT role FROM organization_members WHERE organization_id = ? AND user_id = ?",
        (entity.organization_id, user.id),
    ).fetchone()
    if row:
        return str(row[0])
    belongs = (o.id == entity.organization_id for o in organizations_of_user(db, user.id))
    return "member" if any(belongs) else None


def create_user(
    db: sqlite3.Connection, name: str, *, email: str | None, is_admin: bool, now: float
) -> User:
    """Add a user and the entity of the same name. Names are checked by the caller."""
    with write(db):
        user_id = db.execute(
            "INSERT INTO users (name, email, is_admin, created_at) VALUES (?, ?, ?, ?)",
            (name, email, is_admin, now),
        ).lastrowid
        db.execute(
            "INSERT INTO entities (name, kind, user_id, created_at) VALUES (?, 'user', ?, ?)",
            (name, user_id, now),
        )
    user = user_by_name(db, name)
    assert user is not None
    return user


def create_organization(
    db: sqlite3.Connection, name: str, *, is_default: bool = False, now: float
) -> Organization:
    """Add an organisation and the entity of the same name."""
    with write(db):
        organization_id = db.execute(
            "INSERT INTO organizations (name, is_default, created_at) VALUES (?, ?, ?)",
            (name, is_default, now),
        ).lastrowid
        db.execute(
            "INSERT INTO entities (name, kind, organization_id, created_at)"
            " VALUES (?, 'organization', ?, ?)",
            (name, organization_id, now),
        )
    assert organization_id is not None
    return organization_by_id(db, OrganizationId(organization_id))


def add_key(
    db: sqlite3.Connection, user_id: UserId, api_key: str, *, description: str | None, now: float
) -> None:
    """Let a key stand for a user; only its digest is kept. Adding it again changes nothing."""
    with write(db):
        db.execute(
            "INSERT INTO api_keys (user_id, public_id, digest, description, created_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
            (user_id, api_key[:PUBLIC_KEY_CHARS], key_digest(api_key), description, now),
        )


def setting(db: sqlite3.Connection, key: str, default: str) -> str:
    """Return a server-wide fact, stored as `default` when it is new."""
    with write(db):
        db.execute("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO NOTHING", (key, default))
        (value,) = db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return str(value)


def _user(row: sqlite3.Row | None) -> User | None:
    if row is None:
        return None
    user_id, name, email, is_admin, default_entity_id, created_at = row
    return User(user_id, name, email, bool(is_admin), default_entity_id, created_at)


def _entity(row: sqlite3.Row | None) -> Entity | None:
    return None if row is None else Entity(*row)


def _organization(row: sqlite3.Row) -> Organization:
    organization_id, name, is_default, created_at = row
    return Organization(organization_id, name, bool(is_default), created_at)
