"""Rows of users, entities, organisations and keys, and who may see whose projects."""

import hashlib
import sqlite3
from dataclasses import dataclass, fields, replace
from typing import Any, NewType

from housing_sweep.errors import Conflict, Gone
from housing_sweep.server.rules.names import organization_entity_name
from housing_sweep.server.store.db import write

UserId = NewType("UserId", int)
EntityId = NewType("EntityId", int)
OrganizationId = NewType("OrganizationId", int)

PUBLIC_KEY_CHARS = 8
"""How much of a key may be shown; the SDK lists these as the key's name."""

ROLES = ("admin", "member", "viewer")
"""What a user may be in a team or an organisation, the most rights first."""


@dataclass(frozen=True, slots=True)
class User:
    """One person, or a service account of a team.

    `is_admin` lets a user manage accounts; it does not open other people's projects.
    """

    id: UserId
    name: str
    email: str | None
    is_admin: bool
    default_entity_id: EntityId | None
    created_at: float
    is_service: bool = False
    description: str | None = None
    deleted_at: float | None = None


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


_USER_NAMES = ", ".join(f.name for f in fields(User))
_ENTITY_NAMES = ", ".join(f.name for f in fields(Entity))
_ORGANIZATION_NAMES = ", ".join(f.name for f in fields(Organization))
USER_COLUMNS = ", ".join(f"u.{f.name}" for f in fields(User))
_USER = f"SELECT {USER_COLUMNS} FROM users u"
_ENTITY = f"SELECT {', '.join(f'e.{f.name}' for f in fields(Entity))} FROM entities e"
_ORGANIZATION = (
    f"SELECT {', '.join(f'o.{f.name}' for f in fields(Organization))} FROM organizations o"
)


def key_digest(api_key: str) -> str:
    """Return the SHA-256 that stands for a key in the database."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def user_by_key(db: sqlite3.Connection, api_key: str) -> User | None:
    """Return whose key this is."""
    row = db.execute(
        f"{_USER} JOIN api_keys k ON k.user_id = u.id WHERE k.digest = ?", (key_digest(api_key),)
    ).fetchone()
    return None if row is None else _user(row)


def user_by_name(db: sqlite3.Connection, name: str) -> User | None:
    """Return a user."""
    row = db.execute(f"{_USER} WHERE u.name = ?", (name,)).fetchone()
    return None if row is None else _user(row)


def get_user(db: sqlite3.Connection, user_id: UserId) -> User:
    """Return a user, also one that was removed: the row stays.

    Raises:
        Gone: there is none of that number.
    """
    if (user := user_by_id(db, user_id)) is None:
        raise Gone(f"user number {user_id} does not exist")
    return user


def user_by_id(db: sqlite3.Connection, user_id: UserId) -> User | None:
    """Return a user, also one that was removed."""
    row = db.execute(f"{_USER} WHERE u.id = ?", (user_id,)).fetchone()
    return None if row is None else _user(row)


def user_by_email(db: sqlite3.Connection, email: str) -> User | None:
    """Return a user; e-mail addresses are unique, whatever their case."""
    row = db.execute(f"{_USER} WHERE lower(email) = lower(?)", (email,)).fetchone()
    return None if row is None else _user(row)


def users(db: sqlite3.Connection) -> list[User]:
    """Return everybody who was not removed, by name."""
    rows = db.execute(f"{_USER} WHERE deleted_at IS NULL ORDER BY u.name")
    return [_user(row) for row in rows]


def search_users(db: sqlite3.Connection, text: str) -> list[User]:
    """Return users whose name or e-mail starts or ends like that, exact matches first."""
    return sorted(
        (user for user in users(db) if _rank(user, text.lower()) is not None),
        key=lambda user: (_rank(user, text.lower()), user.name),
    )


def _rank(user: User, text: str) -> int | None:
    names = [name.lower() for name in (user.name, user.email) if name]
    if text in names:
        return 0
    return 1 if any(name.startswith(text) or name.endswith(text) for name in names) else None


def entity_by_name(db: sqlite3.Connection, name: str) -> Entity | None:
    """Return an entity, whoever asks."""
    return _entity(db.execute(f"{_ENTITY} WHERE e.name = ?", (name,)).fetchone())


def get_entity(db: sqlite3.Connection, entity_id: EntityId) -> Entity:
    """Return an entity, whoever asks.

    Raises:
        Gone: it was deleted meanwhile.
    """
    if (entity := entity_by_id(db, entity_id)) is None:
        raise Gone(f"entity number {entity_id} was deleted")
    return entity


def entity_by_id(db: sqlite3.Connection, entity_id: EntityId) -> Entity | None:
    """Return an entity, whoever asks."""
    return _entity(db.execute(f"{_ENTITY} WHERE e.id = ?", (entity_id,)).fetchone())


def entity_of_user(db: sqlite3.Connection, user_id: UserId) -> Entity:
    """Return the own entity of a user.

    Raises:
        Gone: the user was removed meanwhile.
    """
    entity = _entity(db.execute(f"{_ENTITY} WHERE e.user_id = ?", (user_id,)).fetchone())
    if entity is None:
        raise Gone(f"user number {user_id} was removed")
    return entity


def default_entity(db: sqlite3.Connection, user: User) -> Entity:
    """Return the entity that a request without one means."""
    chosen = entity_by_id(db, user.default_entity_id) if user.default_entity_id else None
    return chosen or entity_of_user(db, user.id)


def get_organization(db: sqlite3.Connection, organization_id: OrganizationId) -> Organization:
    """Return an organisation.

    Raises:
        Gone: it was deleted meanwhile.
    """
    row = db.execute(f"{_ORGANIZATION} WHERE o.id = ?", (organization_id,)).fetchone()
    if row is None:
        raise _no_organization(organization_id)
    return _organization(row)


def organization_by_name(db: sqlite3.Connection, name: str) -> Organization | None:
    """Return an organisation by its display name or its entity's name."""
    row = db.execute(
        f"{_ORGANIZATION} JOIN entities e ON e.organization_id = o.id AND e.kind = 'organization'"
        " WHERE o.name = :name OR e.name = :name ORDER BY o.name = :name DESC",
        {"name": name},
    ).fetchone()
    return None if row is None else _organization(row)


def organizations(db: sqlite3.Connection) -> list[Organization]:
    """Return every organisation, by name."""
    return [_organization(row) for row in db.execute(f"{_ORGANIZATION} ORDER BY o.name")]


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
    """Return the entity that owns an organisation's registries.

    Raises:
        Gone: the organisation was deleted meanwhile.
    """
    row = db.execute(
        f"{_ENTITY} WHERE e.organization_id = ? AND kind = 'organization'", (organization_id,)
    ).fetchone()
    if row is None:
        raise _no_organization(organization_id)
    return Entity(*row)


def _no_organization(organization_id: OrganizationId) -> Gone:
    return Gone(f"organization number {organization_id} was deleted")


def teams_of_user(db: sqlite3.Connection, user_id: UserId) -> list[Entity]:
    """Return the team entities a user is a member of, by name."""
    rows = db.execute(
        f"{_ENTITY} JOIN team_members t ON t.entity_id = e.id WHERE t.user_id = ? ORDER BY e.name",
        (user_id,),
    )
    return [Entity(*row) for row in rows]


def role_in_entity(db: sqlite3.Connection, user: User, entity: Entity) -> str | None:
    """Return what a user is to an entity: admin, member, viewer, or None for a stranger.

    To an organisation, who was not added to it itself is what the best of their teams makes them:
    of teams that they only look at, a viewer.
    """
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
    if not any(o.id == entity.organization_id for o in organizations_of_user(db, user.id)):
        return None
    if user.is_admin:
        return "admin"
    in_teams = db.execute(
        "SELECT t.role FROM team_members t JOIN entities e ON e.id = t.entity_id"
        " WHERE t.user_id = ? AND e.organization_id = ?",
        (user.id, entity.organization_id),
    ).fetchall()
    only_looks = in_teams and all(role == "viewer" for (role,) in in_teams)
    return "viewer" if only_looks else "member"


def may_manage(db: sqlite3.Connection, user: User, entity: Entity) -> bool:
    """Return whether a user may add and remove members of a team or an organisation."""
    if user.is_admin or role_in_entity(db, user, entity) == "admin":
        return True
    if entity.kind != "team" or entity.organization_id is None:
        return False
    owner = organization_entity(db, entity.organization_id)
    return role_in_entity(db, user, owner) == "admin"


def may_know(db: sqlite3.Connection, viewer: User, other: UserId) -> bool:
    """Return whether a user may know of another: they share an organisation or a team."""
    if viewer.is_admin or viewer.id == other:
        return True
    mine = {o.id for o in organizations_of_user(db, viewer.id)}
    if mine & {o.id for o in organizations_of_user(db, other)}:
        return True
    teams = {team.id for team in teams_of_user(db, viewer.id)}
    return bool(teams & {team.id for team in teams_of_user(db, other)})


def require_free_name(db: sqlite3.Connection, name: str) -> None:
    """Check that no user, team or organisation has this name, whatever its case.

    Raises:
        Conflict: one has.
    """
    row = db.execute(
        "SELECT kind FROM entities WHERE lower(name) = lower(:name)"
        " UNION SELECT 'organization' FROM organizations WHERE lower(name) = lower(:name)",
        {"name": name},
    ).fetchone()
    if row:
        article = "an" if row[0] == "organization" else "a"
        raise Conflict(f"{article} {row[0]} named {name!r} exists already", fix="use another name")


def create_user(
    db: sqlite3.Connection,
    name: str,
    *,
    email: str | None = None,
    is_admin: bool = False,
    service_for: str | None = None,
    now: float,
) -> User:
    """Add a user and the entity of the same name. Names are checked by the caller.

    Args:
        db: the database.
        name: of the user and of the entity.
        email: unique, where given.
        is_admin: whether the user may manage accounts.
        service_for: what a service account is for; None makes a person.
        now: seconds since the epoch.

    Raises:
        Conflict: the name or the e-mail address is taken.
    """
    with write(db):
        require_free_name(db, name)
        if email and user_by_email(db, email):
            raise Conflict(f"a user with e-mail {email!r} exists already", fix="use another one")
        row = db.execute(
            "INSERT INTO users (name, email, is_admin, is_service, description, created_at)"
            f" VALUES (?, ?, ?, ?, ?, ?) RETURNING {_USER_NAMES}",
            (name, email, is_admin, service_for is not None, service_for, now),
        ).fetchone()
        user = _user(row)
        db.execute(
            "INSERT INTO entities (name, kind, user_id, created_at) VALUES (?, 'user', ?, ?)",
            (name, user.id, now),
        )
    return user


def create_organization(
    db: sqlite3.Connection, name: str, *, is_default: bool = False, now: float
) -> Organization:
    """Add an organisation and its entity, of the same name as far as paths allow.

    Raises:
        Conflict: the name is taken.
    """
    entity_name = organization_entity_name(name)
    with write(db):
        require_free_name(db, name)
        require_free_name(db, entity_name)
        row = db.execute(
            "INSERT INTO organizations (name, is_default, created_at) VALUES (?, ?, ?)"
            f" RETURNING {_ORGANIZATION_NAMES}",
            (name, is_default, now),
        ).fetchone()
        organization = _organization(row)
        db.execute(
            "INSERT INTO entities (name, kind, organization_id, created_at)"
            " VALUES (?, 'organization', ?, ?)",
            (entity_name, organization.id, now),
        )
    return organization


def create_team(
    db: sqlite3.Connection, name: str, organization_id: OrganizationId, *, now: float
) -> Entity:
    """Add a team's entity, without members yet: `members.create_team` gives it the first.

    Raises:
        Conflict: the name is taken.
    """
    with write(db):
        require_free_name(db, name)
        row = db.execute(
            "INSERT INTO entities (name, kind, organization_id, created_at)"
            f" VALUES (?, 'team', ?, ?) RETURNING {_ENTITY_NAMES}",
            (name, organization_id, now),
        ).fetchone()
    return Entity(*row)


def teams(db: sqlite3.Connection) -> list[Entity]:
    """Return every team, by name."""
    rows = db.execute(f"{_ENTITY} WHERE kind = 'team' ORDER BY e.name")
    return [Entity(*row) for row in rows]


def set_default_entity(db: sqlite3.Connection, user_id: UserId, entity_id: EntityId) -> User:
    """Set the entity that a user's requests without one mean.

    Raises:
        Gone: the user was removed meanwhile.
    """
    with write(db):
        row = db.execute(
            f"UPDATE users SET default_entity_id = ? WHERE id = ? RETURNING {_USER_NAMES}",
            (entity_id, user_id),
        ).fetchone()
    if row is None:
        raise Gone(f"user number {user_id} does not exist")
    return _user(row)


def _user(row: sqlite3.Row) -> User:
    return user_of(tuple(row))


def user_of(values: tuple[Any, ...]) -> User:
    """Return the user whose `USER_COLUMNS` were read."""
    user = User(*values)
    return replace(user, is_admin=bool(user.is_admin), is_service=bool(user.is_service))


def _entity(row: sqlite3.Row | None) -> Entity | None:
    return None if row is None else Entity(*row)


def _organization(row: sqlite3.Row) -> Organization:
    organization_id, name, is_default, created_at = row
    return Organization(organization_id, name, bool(is_default), created_at)
