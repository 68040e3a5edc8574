"""Rows of roles inside one project: of users and of teams. Registries use them."""

import sqlite3
from dataclasses import dataclass

from housing_sweep.server.store.db import write
from housing_sweep.server.store.people.users import (
    Entity,
    EntityId,
    User,
    UserId,
    get_entity,
    get_user,
)
from housing_sweep.server.store.projects.projects import ProjectId


@dataclass(frozen=True, slots=True)
class UserRole:
    """A user's role in a project."""

    user: User
    role: str


@dataclass(frozen=True, slots=True)
class TeamRole:
    """A team's role in a project: what all its members are there."""

    team: Entity
    role: str


def users(db: sqlite3.Connection, project_id: ProjectId) -> list[UserRole]:
    """Return the users a project names, in the order they were added."""
    rows = db.execute(
        "SELECT user_id, role FROM project_members WHERE project_id = ? AND user_id IS NOT NULL"
        " ORDER BY rowid",
        (project_id,),
    ).fetchall()
    return [UserRole(get_user(db, user_id), role) for user_id, role in rows]


def teams(db: sqlite3.Connection, project_id: ProjectId) -> list[TeamRole]:
    """Return the teams a project names, in the order they were added."""
    rows = db.execute(
        "SELECT team_id, role FROM project_members WHERE project_id = ? AND team_id IS NOT NULL"
        " ORDER BY rowid",
        (project_id,),
    ).fetchall()
    return [TeamRole(get_entity(db, team_id), role) for team_id, role in rows]


def add(
    db: sqlite3.Connection,
    project_id: ProjectId,
    users: list[UserId],
    teams: list[EntityId],
    role: str,
    now: float,
) -> None:
    """Add users and teams; those who are members already keep their role."""
    with write(db):
        db.executemany(
            "INSERT INTO project_members VALUES (?, ?, NULL, ?, ?) ON CONFLICT DO NOTHING",
            [(project_id, user, role, now) for user in users],
        )
        db.executemany(
            "INSERT INTO project_members VALUES (?, NULL, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(project_id, team, role, now) for team in teams],
        )


def remove(
    db: sqlite3.Connection, project_id: ProjectId, users: list[UserId], teams: list[EntityId]
) -> int:
    """Remove users and teams; return how many were members."""
    with write(db):
        gone = sum(
            db.execute(
                "DELETE FROM project_members WHERE project_id = ? AND user_id = ?",
                (project_id, user),
            ).rowcount
            for user in users
        )
        return gone + sum(
            db.execute(
                "DELETE FROM project_members WHERE project_id = ? AND team_id = ?",
                (project_id, team),
            ).rowcount
            for team in teams
        )


def set_role(
    db: sqlite3.Connection,
    project_id: ProjectId,
    role: str,
    *,
    user: UserId | None = None,
    team: EntityId | None = None,
) -> bool:
    """Change the role of a user or a team; return whether they were a member."""
    with write(db):
        return bool(
            db.execute(
                "UPDATE project_members SET role = ?"
                " WHERE project_id = ? AND (user_id = ? OR team_id = ?)",
                (role, project_id, user, team),
            ).rowcount
        )
