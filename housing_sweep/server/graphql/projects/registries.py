"""Registries on the wire: finding them, and who may do what in one.

A registry is a project named `wandb-registry-*` of an organisation. What is linked into it is in
`collections.py` and `links.py`.
"""

from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.filters import Kind, Record, fields_of, matches, parse
from housing_sweep.server.services import rights
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.users import Entity, EntityId, UserId
from housing_sweep.server.store.projects import projects, roles
from housing_sweep.server.store.projects.projects import Project, ProjectId
from housing_sweep.server.store.projects.roles import TeamRole, UserRole

ORDERS = ("name", "created_at", "updated_at")


def registries(
    source: Entity,
    info: Info,
    filters: str | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> relay.Connection:
    """Return an entity's projects, filtered and ordered; of an organisation, its registries."""
    ctx = info.context
    if source.kind == "organization":
        rows = projects.registries(ctx.db, source.id)
    else:
        rows = projects.of_entity(ctx.db, source.id, after=0, limit=relay.MAX_PAGE)
    test = parse(filters, FIELDS)
    readable = [
        project
        for project in rows
        if matches(test, record(project)) and projects.role(ctx.db, ctx.viewer, project)
    ]
    return relay.offset_page(_ordered(readable, order), after, first)


FIELDS = fields_of(
    "registries",
    {
        **dict.fromkeys(("id", "project_id", "entity_id"), Kind.NUMBER),
        **dict.fromkeys(("name", "description"), Kind.TEXT),
        **dict.fromkeys(("created_at", "updated_at"), Kind.TIME),
    },
)


def record(project: Project) -> Record:
    """Return what a registry can be filtered by (wandb/apis/public/registries/_utils.py)."""
    return {
        "id": project.id,
        "project_id": project.id,
        "name": project.name,
        "entity_id": project.entity_id,
        "description": project.description,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
    }


def _ordered(rows: list[Project], order: str | None) -> list[Project]:
    field = (order or "").lstrip("+-")
    if not field:
        return rows
    if field not in ORDERS:
        raise BadInput(f"cannot order by {order!r}", fix=f"use one of {', '.join(ORDERS)}")
    descending = str(order).startswith("-")
    return sorted(rows, key=lambda row: (getattr(row, field), row.id), reverse=descending)


def user_members(source: Project, info: Info) -> list[UserRole]:
    """Return the users a project names."""
    return roles.users(info.context.db, source.id)


def team_members(source: Project, info: Info) -> list[TeamRole]:
    """Return the teams a project names."""
    return roles.teams(info.context.db, source.id)


def create_members(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Add users and teams of the organisation; each starts as a member."""
    ctx = info.context
    with write(ctx.db):
        project, user_ids, team_ids = _named(info, input)
        roles.add(ctx.db, project.id, user_ids, team_ids, "member", ctx.now)
    return {"success": True}


def delete_members(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Take away the roles that users and teams were given."""
    ctx = info.context
    with write(ctx.db):
        project, user_ids, team_ids = _named(info, input)
        gone = roles.remove(ctx.db, project.id, user_ids, team_ids)
    if not gone:
        raise NotFound(f"none of them is a member of {project.name}")
    return {"success": True}


def update_member(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Change a user's role."""
    user = UserId(relay.from_id("User", input["userId"]))
    return _set_role(info, input, input["userProjectRole"], user=user)


def update_team_member(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Change a team's role."""
    team = EntityId(relay.from_id("Entity", input["teamId"]))
    return _set_role(info, input, input["teamProjectRole"], team=team)


def _set_role(info: Info, input: dict[str, Any], role: str, **whom: Any) -> dict[str, Any]:
    ctx = info.context
    if role not in projects.ROLES:
        raise BadInput(f"{role!r} is not a role", fix=f"use one of {', '.join(projects.ROLES)}")
    with write(ctx.db):
        project = _administered(info, input)
        if not roles.set_role(ctx.db, project.id, role, **whom):
            raise NotFound(f"no such member of {project.name}", fix="add the member first")
    return {"success": True}


def _administered(info: Info, input: dict[str, Any]) -> Project:
    ctx = info.context
    project = projects.find_by_id(ctx.db, ProjectId(relay.from_id("Project", input["projectId"])))
    if project is None:
        raise NotFound(f"project {input['projectId']!r} not found")
    return projects.require_admin(ctx.db, ctx.viewer, project)


def _named(info: Info, input: dict[str, Any]) -> tuple[Project, list[UserId], list[EntityId]]:
    """Return the project, users and teams of a request; all belong to one organisation."""
    ctx = info.context
    project = _administered(info, input)
    owner = users.get_entity(ctx.db, project.entity_id)
    user_ids = [UserId(relay.from_id("User", opaque)) for opaque in input.get("userIds") or ()]
    team_ids = [EntityId(relay.from_id("Entity", opaque)) for opaque in input.get("teamIds") or ()]
    for user_id in user_ids:
        user = users.user_by_id(ctx.db, user_id)
        if user is None or users.role_in_entity(ctx.db, user, owner) is None:
            raise NotFound(
                f"user {user.name if user else user_id} does not belong to {owner.name}",
                fix="add the user to the organization first",
            )
    for team_id in team_ids:
        team = users.entity_by_id(ctx.db, team_id)
        if team is None or team.kind != "team" or team.organization_id != owner.organization_id:
            raise NotFound(
                f"team {team.name if team else team_id} does not belong to {owner.name}",
                fix="use a team of the organization",
            )
    return project, user_ids, team_ids


RESOLVERS: Resolvers = {
    "Mutation": {
        "createProjectMembers": create_members,
        "deleteProjectMembers": delete_members,
        "updateProjectMember": update_member,
        "updateProjectTeamMember": update_team_member,
    },
    "Entity": {"projects": registries},
    "Project": {"members": user_members, "teamMembers": team_members},
    "ProjectMember": {
        # The USER's id: the client sends it back as such.
        "id": lambda it, _info: relay.to_id("User", it.user.id),
        "name": lambda it, _info: it.user.description or it.user.name,
        "username": lambda it, _info: it.user.name,
        "email": lambda it, info: rights.email(info.context, it.user),
        "role": lambda it, _info: {"name": it.role},
    },
    "ProjectTeamMember": {"role": lambda it, _info: {"name": it.role}},
}
