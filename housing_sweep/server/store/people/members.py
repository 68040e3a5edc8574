"""Rows of memberships: who belongs to which team or organisation, as what."""

import sqlite3
from dataclasses import dataclass

from housing_sweep.errors import Conflict
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.users import Entity, EntityId, OrganizationId, User, UserId


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a team or an organisation. `id` counts memberships of teams, 0 elsewhere."""

    id: int
    user: User
    role: str


def of_team(db: sqlite3.Connection, entity_id: EntityId) -> list[Member]:
    """Return a team's members in the order they joined."""
    rows = db.execute(
        "SELECT id, user_id, role FROM team_members WHERE entity_id = ? ORDER BY id", (entity_id,)
    ).fetchall()
    return [_member(db, *row) for row in rows]


def of_organization(db: sqlite3.Connection, organization_id: OrganizationId) -> list[Member]:
    """Return those who were added to an organisation itself, by name."""
    rows = db.execute(
        "SELECT 0, m.user_id, m.role FROM organization_members m JOIN users u ON u.id = m.user_id"
        " WHERE m.organization_id = ? ORDER BY u.name",
        (organization_id,),
    ).fetchall()
    return [_member(db, *row) for row in rows]


def create_team(
    db: sqlite3.Connection,
    name: str,
    organization_id: OrganizationId,
    admin: UserId,
    *,
    now: float,
) -> Entity:
    """Add a team of an organisation, with its first admin. Names are checked by the caller.

    Raises:
        Conflict: the name is taken.
    """
    with write(db):
        team = users.create_team(db, name, organization_id, now=now)
        set_team_role(db, team.id, admin, "admin", now=now)
    return team


def set_team_role(
    db: sqlite3.Connection, team: EntityId, user: UserId, role: str, *, now: float
) -> None:
    """Make a user a member of a team, or change the role of one.

    Raises:
        Conflict: the team would have no admin left.
    """
    with write(db):
        db.execute(
            "INSERT INTO team_members (entity_id, user_id, role, created_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (entity_id, user_id) DO UPDATE SET role = excluded.role",
            (team, user, role, now),
        )
        _require_team_admin(db, team)


def team_role(db: sqlite3.Connection, team: EntityId, user: UserId) -> str | None:
    """Return what a user is in a team."""
    row = db.execute(
        "SELECT role FROM team_members WHERE entity_id = ? AND user_id = ?", (team, user)
    ).fetchone()
    return str(row[0]) if row else None


def leave_team(db: sqlite3.Connection, team: EntityId, user: UserId) -> None:
    """Take a user out of a team.

    Raises:
        Conflict: the team would have no admin left.
    """
    with write(db):
        db.execute("DELETE FROM team_members WHERE entity_id = ? AND user_id = ?", (team, user))
        _require_team_admin(db, team)
        _forget_default(db, user, team)
        _forget_foreign_roles(db, user)


def set_organization_role(
    db: sqlite3.Connection, organization: OrganizationId, user: UserId, role: str, *, now: float
) -> None:
    """Make a user a member of an organisation, or change the role of one."""
    with write(db):
        db.execute(
            "INSERT INTO organization_members VALUES (?, ?, ?, ?)"
            " ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role",
            (organization, user, role, now),
        )
        _forget_foreign_roles(db, user)  # those of the default organisation, if it was that


def leave_organization(db: sqlite3.Connection, organization: OrganizationId, user: UserId) -> bool:
    """Take a user out of an organisation and its teams; return whether they were in it.

    Raises:
        Conflict: one of its teams would have no admin left.
    """
    with write(db):
        gone = db.execute(
            "DELETE FROM organization_members WHERE organization_id = ? AND user_id = ?",
            (organization, user),
        ).rowcount
        for team in users.teams_of_user(db, user):
            if team.organization_id == organization:
                leave_team(db, team.id, user)
                gone += 1
        _forget_foreign_roles(db, user)
    return gone > 0


def remove_team(db: sqlite3.Connection, team: Entity, *, now: float) -> None:
    """Remove a team with its projects and service accounts."""
    with write(db):
        for member in of_team(db, team.id):
            if member.user.is_service:
                remove_user(db, member.user, now=now)
        db.execute("DELETE FROM entities WHERE id = ?", (team.id,))


def remove_organization(
    db: sqlite3.Connection, organization: OrganizationId, *, now: float
) -> None:
    """Remove an organisation with its registries and teams; its users stay."""
    with write(db):
        for team in users.teams(db):
            if team.organization_id == organization:
                remove_team(db, team, now=now)
        db.execute("DELETE FROM organizations WHERE id = ?", (organization,))


def remove_user(db: sqlite3.Connection, user: User, *, now: float) -> None:
    """Remove a user with their keys, memberships and own projects; the name is free again.

    What they made in teams stays, and names its maker as removed.
    """
    with write(db):
        for table in ("api_keys", "team_members", "organization_members", "project_members"):
            db.execute(f"DELETE FROM {table} WHERE user_id = ?", (user.id,))
        db.execute("DELETE FROM entities WHERE user_id = ?", (user.id,))
        db.execute(
            "UPDATE users SET name = name || '~' || id, email = NULL, is_admin = 0,"
            " default_entity_id = NULL, deleted_at = ? WHERE id = ?",
            (now, user.id),
        )


def _member(db: sqlite3.Connection, member_id: int, user_id: UserId, role: str) -> Member:
    return Member(member_id, users.get_user(db, user_id), role)


def _require_team_admin(db: sqlite3.Connection, team: EntityId) -> None:
    if not any(member.role == "admin" for member in of_team(db, team)):
        raise Conflict("a team needs an admin", fix="make another member admin first")


def _forget_default(db: sqlite3.Connection, user: UserId, team: EntityId) -> None:
    db.execute(
        "UPDATE users SET default_entity_id = NULL WHERE id = ? AND default_entity_id = ?",
        (user, team),
    )


def _forget_foreign_roles(db: sqlite3.Connection, user: UserId) -> None:
    """Drop a user's roles in projects of teams and organisations that they have left."""
    db.execute(
        "DELETE FROM project_members WHERE user_id = :user AND project_id IN (SELECT p.id"
        " FROM projects p JOIN entities e ON e.id = p.entity_id WHERE e.kind = 'team'"
        " AND e.id NOT IN (SELECT entity_id FROM team_members WHERE user_id = :user))",
        {"user": user},
    )
    own = [organization.id for organization in users.organizations_of_user(db, user)]
    marks = ", ".join("?" * len(own))
    db.execute(
        "DELETE FROM project_members WHERE user_id = ? AND project_id IN (SELECT p.id"
        " FROM projects p JOIN entities e ON e.id = p.entity_id WHERE e.kind = 'organization'"
        f" AND e.organization_id NOT IN ({marks}))",
        (user, *own),
    )
