"""Rows of projects, and the one place that decides who may read or write one."""

import sqlite3
from dataclasses import dataclass
from typing import NewType

from housing_sweep.errors import BadInput, Conflict, Gone, NotFound, PermissionDenied
from housing_sweep.server.rules.names import REGISTRY_PREFIX as REGISTRY_PREFIX
from housing_sweep.server.rules.names import check_project_name
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.users import EntityId, User, UserId

ProjectId = NewType("ProjectId", int)

ROLES = ("admin", "member", "viewer", "restricted_viewer")
"""What a user or a team may be in a project, the most rights first."""

WRITERS = frozenset({"admin", "member"})
LOOKS_ONLY = "restricted_viewer"
"""The role that sees what is there but may not download it."""

RESTRICTED = "RESTRICTED"
ACCESS = frozenset({"PRIVATE", RESTRICTED})
"""Whom a project is open to: the members of its entity, or only those it names."""


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


def get(db: sqlite3.Connection, project_id: ProjectId) -> Project:
    """Return a project, whoever asks.

    Raises:
        Gone: it was deleted meanwhile.
    """
    if (project := find_by_id(db, project_id)) is None:
        raise Gone(f"project number {project_id} was deleted")
    return project


def find_by_id(db: sqlite3.Connection, project_id: ProjectId) -> Project | None:
    """Return a project, whoever asks."""
    row = db.execute(f"{_PROJECT} WHERE p.id = ?", (project_id,)).fetchone()
    return None if row is None else _project(row)


def find(db: sqlite3.Connection, entity_name: str, name: str) -> Project | None:
    """Return a project, whoever asks."""
    row = db.execute(f"{_PROJECT} WHERE e.name = ? AND p.name = ?", (entity_name, name)).fetchone()
    return None if row is None else _project(row)


def role(db: sqlite3.Connection, user: User, project: Project) -> str | None:
    """Return what a user may do in a project: admin, member, viewer, restricted_viewer or None.

    An admin of its entity is one of the project, whatever it says. Else a role given to the user
    in the project wins, then the best one of their teams, then the role in its entity. A restricted
    project is open to those it names and to its entity's admins.
    """
    in_entity = users.role_in_entity(db, user, users.get_entity(db, project.entity_id))
    if in_entity == "admin":
        return in_entity
    own = db.execute(
        "SELECT role FROM project_members WHERE project_id = ? AND user_id = ?",
        (project.id, user.id),
    ).fetchone()
    if own:
        return str(own[0])
    by_team = db.execute(
        "SELECT p.role FROM project_members p JOIN team_members t ON t.entity_id = p.team_id"
        " WHERE p.project_id = ? AND t.user_id = ?",
        (project.id, user.id),
    ).fetchall()
    if by_team:
        return min((str(row[0]) for row in by_team), key=ROLES.index)
    return None if project.access == RESTRICTED else in_entity


def readable(
    db: sqlite3.Connection, user: User, entity_name: str | None, name: str | None
) -> Project | None:
    """Return a project if the user may see it; a missing entity means the default one."""
    entity_name = entity_name or users.default_entity(db, user).name
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
    own_role = role(db, user, project)
    if own_role is None:
        raise NotFound(f"project {project.entity_name}/{project.name} not found")
    if own_role not in WRITERS:
        raise PermissionDenied(
            f"permission denied: {user.name} may only read {project.entity_name}/{project.name}",
            fix="ask an admin of the entity for the member role",
        )
    return project


def require_editor(db: sqlite3.Connection, user: User, project: Project) -> Project:
    """Return the project if the user may rename, describe or remove it.

    Every writer may of a plain project; a registry has admins.

    Raises:
        NotFound: the user may not even see it.
        PermissionDenied: the user only looks, or is no admin of the registry.
    """
    require_writable(db, user, project)
    return require_admin(db, user, project) if project.is_registry else project


def require_admin(db: sqlite3.Connection, user: User, project: Project) -> Project:
    """Return the project if the user may say whom it is open to, and as what.

    Raises:
        NotFound: the user may not even see it.
        PermissionDenied: the user is no admin of it.
    """
    require_writable(db, user, project)
    if role(db, user, project) != "admin":
        raise PermissionDenied(
            f"permission denied: {user.name} is no admin of {project.entity_name}/{project.name}",
            fix="ask an admin of it, or of the team or organization that owns it",
        )
    return project


def ensure(
    db: sqlite3.Connection,
    user: User,
    entity_name: str | None,
    name: str,
    *,
    access: str = "PRIVATE",
    now: float,
) -> Project:
    """Return the writable project of that name, created when it is new.

    Who makes a registry or a restricted project is its first admin.

    Raises:
        BadInput: the name breaks W&B's rules, or a registry is asked for outside an organisation.
        NotFound: no such entity.
        PermissionDenied: the user may not write there.
    """
    entity = (
        users.entity_by_name(db, entity_name) if entity_name else users.default_entity(db, user)
    )
    if entity is None:
        raise NotFound(f"entity {entity_name!r} not found", fix="check WANDB_ENTITY")
    with write(db):
        if project := find(db, entity.name, name):
            return require_writable(db, user, project)
        if users.role_in_entity(db, user, entity) not in WRITERS:
            raise PermissionDenied(
                f"permission denied: {user.name} may not write to {entity.name}",
                fix="check WANDB_ENTITY, or ask an admin of that team",
            )
        check_project_name(name)
        if name.startswith(REGISTRY_PREFIX) and entity.kind != "organization":
            raise BadInput(
                f"{name!r} is a registry's name, and {entity.name} is no organization",
                fix="leave out the prefix, or name the organization",
            )
        (project_id,) = db.execute(
            "INSERT INTO projects (entity_id, name, user_id, access, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (entity.id, name, user.id, access, now, now),
        ).fetchone()
        project = get(db, project_id)
        if project.is_registry or access == RESTRICTED:
            db.execute(
                "INSERT INTO project_members (project_id, user_id, role, created_at)"
                " VALUES (?, ?, 'admin', ?)",
                (project.id, user.id, now),
            )
        return project


def update(
    db: sqlite3.Connection,
    project_id: ProjectId,
    *,
    description: str | None = None,
    access: str | None = None,
    allow_all_artifact_types: bool | None = None,
    views: str | None = None,
    now: float,
) -> Project:
    """Set what is given; None keeps, "" clears.

    Raises:
        Gone: the project was deleted meanwhile.
    """
    with write(db):
        db.execute(
            "UPDATE projects SET description = coalesce(?, description),"
            " access = coalesce(?, access),"
            " allow_all_artifact_types = coalesce(?, allow_all_artifact_types),"
            " views = coalesce(?, views), updated_at = ? WHERE id = ?",
            (description, access, allow_all_artifact_types, views, now, project_id),
        )
        return get(db, project_id)


def rename(db: sqlite3.Connection, project: Project, name: str, now: float) -> Project:
    """Give a project another name.

    Raises:
        BadInput: the name breaks W&B's rules, or would turn a registry into a project.
        Conflict: it is taken.
        Gone: the project was deleted meanwhile.
    """
    check_project_name(name)
    if name.startswith(REGISTRY_PREFIX) != project.is_registry:
        raise BadInput(
            f"{project.name!r} cannot become {name!r}",
            fix=f"registries, and only they, are called {REGISTRY_PREFIX}...",
        )
    with write(db):
        if name != project.name and find(db, project.entity_name, name):
            raise Conflict(f"project {project.entity_name}/{name} exists already")
        db.execute(
            "UPDATE projects SET name = ?, updated_at = ? WHERE id = ?", (name, now, project.id)
        )
        return get(db, project.id)


def delete(db: sqlite3.Connection, project_id: ProjectId) -> None:
    """Remove a project with everything in it."""
    with write(db):
        db.execute("DELETE FROM projects WHERE id = ?", (project_id,))


def of_entity(
    db: sqlite3.Connection, entity_id: EntityId, *, after: int, limit: int
) -> list[Project]:
    """Return an entity's projects in the order of their making, beyond the one numbered `after`."""
    rows = db.execute(
        f"{_PROJECT} WHERE p.entity_id = ? AND p.id > ? ORDER BY p.id LIMIT ?",
        (entity_id, after, limit),
    )
    return [_project(row) for row in rows]


def registries(db: sqlite3.Connection, entity_id: EntityId) -> list[Project]:
    """Return an organisation's registries in the order of their making, whoever asks."""
    rows = db.execute(
        f"{_PROJECT} WHERE p.entity_id = ? AND p.name GLOB ? ORDER BY p.id",
        (entity_id, f"{REGISTRY_PREFIX}*"),
    )
    return [_project(row) for row in rows]


def _project(row: sqlite3.Row) -> Project:
    return Project(
        **{**dict(row), "allow_all_artifact_types": bool(row["allow_all_artifact_types"])}
    )
