"""Rows of projects, and the one place that decides who may read or write one."""

import sqlite3
from dataclasses import dataclass
from typing import NewType

from housing_sweep.errors import NotFound, PermissionDenied
from housing_sweep.server.store import people
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import EntityId, User, UserId

ProjectId = NewType("ProjectId", int)

REGISTRY_PREFIX = "wandb-registry-"


@dataclass(frozen=True, slots=True)
class Project:
    """One project; a registry when its name says so."""

    id: ProjectId
    entity_id: EntityId
    entity_name: str
    name: str
    description: str | None
    access: str
    allow_all_artifact_types: bool
    views: str | None
    user_id: UserId | None
    created_at: float
    updated_at: float

    @property
    def is_registry(self) -> bool:
        """Whether this project holds linked versions of an organisation."""
        return self.name.startswith(REGISTRY_PREFIX)


_PROJECT = """
SELECT p.id, p.entity_id, e.name AS entity_name, p.name, p.description, p.access,
       p.allow_all_artifact_types, p.views, p.user_id, p.created_at, p.updated_at
FROM projects p JOIN entities e ON e.id = p.entity_id
"""


def by_id(db: sqlite3.Connection, project_id: ProjectId) -> Project | None:
    """Return a project, whoever asks."""
    return _project(db.execute(f"{_PROJECT} WHERE p.id = ?", (project_id,)).fetchone())


def find(db: sqlite3.Connection, entity_name: str, name: str) -> Project | None:
    """Return a project, whoever asks."""
    row = db.execute(f"{_PROJECT} WHERE e.name = ? AND p.name = ?", (entity_name, name)).fetchone()
    return _project(row)


def role(db: sqlite3.Connection, user: User, project: Project) -> str | None:
    """Return what a user may do in a project: admin, member, viewer, restricted_viewer or None.

    A role given inside the project (registries) wins over the role in its entity.
    """
    own = db.execute(
        """SELECT role FROM project_members WHERE project_id = :project AND (user_id = :user
               OR team_id IN (SELECT entity_id FROM team_members WHERE user_id = :user))
           ORDER BY user_id IS NULL LIMIT 1""",
        {"project": project.id, "user": user.id},
    ).fetchone()
    if own:
        return str(own[0])
    entity = people.entity_by_id(db, project.entity_id)
    assert entity is not None
    if project.is_registry and project.access == "RESTRICTED":
        return None
    return people.role_in_entity(db, user, entity)


def readable(
    db: sqlite3.Connection, user: User, entity_name: str | None, name: str | None
) -> Project | None:
    """Return a project if the user may see it; a missing entity means the default one."""
    entity_name = entity_name or people.default_entity(db, user).name
    project = find(db, entity_name, name) if name else None
    return project if project and role(db, user, project) else None


def require_readable(
    db: sqlite3.Connection, user: User, entity_name: str | None, name: str | None
) -> Project:
    """Return a project the user may see.

    Raises:
        NotFound: it does not exist, or not for this user; both look the same on purpose.
    """
    project = readable(db, user, entity_name, name)
    if project is None:
        raise NotFound(
            f"project {entity_name or ''}/{name} not found", fix="check the entity and project name"
        )
    return project


def require_writable(db: sqlite3.Connection, user: User, project: Project) -> Project:
    """Return the project if the user may change it.

    Raises:
        NotFound: the user may not even see it.
        PermissionDenied: the user may only look.
    """
    held = role(db, user, project)
    if held is None:
        raise NotFound(f"project {project.entity_name}/{project.name} not found")
    if held in ("viewer", "restricted_viewer"):
        raise PermissionDenied(
            f"permission denied: {user.name} may only read {project.entity_name}/{project.name}",
            fix="ask an admin of the entity for the member role",
        )
    return project


def ensure(
    db: sqlite3.Connection, user: User, entity_name: str | None, name: str, *, now: float
) -> Project:
    """Return the writable project of that name, created when it is new.

    Raises:
        NotFound: no such entity.
        PermissionDenied: the user may not write there.
    """
    entity = (
        people.entity_by_name(db, entity_name) if entity_name else people.default_entity(db, user)
    )
    if entity is None:
        raise NotFound(f"entity {entity_name!r} not found", fix="check WANDB_ENTITY")
    with write(db):
        if project := find(db, entity.name, name):
            return require_writable(db, user, project)
        if people.role_in_entity(db, user, entity) not in ("admin", "member"):
            raise PermissionDenied(
                f"permission denied: {user.name} may not write to {entity.name}",
                fix="check WANDB_ENTITY, or ask an admin of that team",
            )
        db.execute(
            "INSERT INTO projects (entity_id, name, user_id, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (entity.id, name, user.id, now, now),
        )
        project = find(db, entity.name, name)
        assert project is not None
        return project


def of_entity(
    db: sqlite3.Connection, entity_id: EntityId, *, after: int, limit: int
) -> list[Project]:
    """Return an entity's projects in the order of their making, beyond the one numbered `after`."""
    rows = db.execute(
        f"{_PROJECT} WHERE p.entity_id = ? AND p.id > ? ORDER BY p.id LIMIT ?",
        (entity_id, after, limit),
    )
    return [project for row in rows if (project := _project(row))]


def _project(row: sqlite3.Row | None) -> Project | None:
    if row is None:
        return None
    return Project(
        **{**dict(row), "allow_all_artifact_types": bool(row["allow_all_artifact_types"])}
    )
