"""Projects on the wire. W&B's old word for a project is `model`."""

from typing import Any

from housing_sweep.errors import BadInput, NotFound, NotSupported
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.names import check_type_name
from housing_sweep.server.store.artifacts import collections
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import users
from housing_sweep.server.store.people.users import Entity, User
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project, ProjectId


def project(
    _root: None, info: Info, name: str | None = None, entityName: str | None = None
) -> Project | None:
    """Return a project the viewer may read, or null."""
    ctx = info.context
    return projects.readable(ctx.db, ctx.viewer, entityName, name)


def list_projects(
    _root: None,
    info: Info,
    entityName: str | None = None,
    after: str | None = None,
    first: int | None = None,
) -> relay.Connection:
    """Return an entity's projects that the viewer may read, page by page."""
    ctx = info.context
    owner = (
        users.entity_by_name(ctx.db, entityName)
        if entityName
        else users.default_entity(ctx.db, ctx.viewer)
    )
    if owner is None or not users.role_in_entity(ctx.db, ctx.viewer, owner):
        raise NotFound(f"entity {entityName!r} not found", fix="check the entity's name")
    size = relay.page_size(first)
    edges: list[relay.Edge] = []
    at, more = relay.offset_of(after), True
    while more and len(edges) <= size:
        rows = projects.of_entity(ctx.db, owner.id, after=at, limit=size + 1)
        more = len(rows) > size
        at = rows[-1].id if rows else at
        edges += [
            relay.Edge(row, relay.to_cursor(row.id))
            for row in rows
            if projects.role(ctx.db, ctx.viewer, row)
        ]
    return relay.connection(edges[: size + 1], size)


def entity_project(source: Entity, info: Info, name: str | None = None) -> Project | None:
    """Return a project of this entity that the viewer may read."""
    ctx = info.context
    return projects.readable(ctx.db, ctx.viewer, source.name, name)


def upsert_model(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Create a project or registry, or change what the request names; null keeps."""
    ctx = info.context
    access = input.get("access")
    if access is not None and access not in projects.ACCESS:
        raise NotSupported(
            f"the local server has no project access {access!r}",
            fix=f"use one of {', '.join(sorted(projects.ACCESS))}",
        )
    with write(ctx.db):
        project, inserted = _named(info, input, access)
        if not inserted and access is not None and access != project.access:
            projects.require_admin(ctx.db, ctx.viewer, project)
        project = projects.update(
            ctx.db,
            project.id,
            description=input.get("description"),
            access=access,
            allow_all_artifact_types=input.get("allowAllArtifactTypesInRegistry"),
            views=input.get("views"),
            now=ctx.now,
        )
        for kind in input.get("artifactTypes") or ():
            collections.ensure_type(ctx.db, project.id, check_type_name(kind["name"]), ctx.now)
    return {"project": project, "model": project, "inserted": inserted}


def _named(info: Info, input: dict[str, Any], access: str | None) -> tuple[Project, bool]:
    """Return the project that an upsert names, and whether it was made by it."""
    ctx = info.context
    if input.get("id"):
        return _editable(info, input["id"]), False
    if not input.get("name"):
        raise BadInput("a project needs a name")
    entity_name = input.get("entityName") or users.default_entity(ctx.db, ctx.viewer).name
    project = projects.find(ctx.db, entity_name, input["name"])
    if project is not None:
        return projects.require_editor(ctx.db, ctx.viewer, project), False
    project = projects.ensure(
        ctx.db, ctx.viewer, entity_name, input["name"], access=access or "PRIVATE", now=ctx.now
    )
    return project, True


def rename_project(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Give a project or registry another name."""
    ctx = info.context
    with write(ctx.db):
        project = projects.require_readable(
            ctx.db, ctx.viewer, input["entityName"], input["oldProjectName"]
        )
        projects.require_editor(ctx.db, ctx.viewer, project)
        project = projects.rename(ctx.db, project, input["newProjectName"], ctx.now)
    return {"project": project, "model": project, "inserted": False}


def delete_model(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Remove a project or registry with everything in it."""
    ctx = info.context
    with write(ctx.db):
        projects.delete(ctx.db, _editable(info, input["id"]).id)
    return {"success": True}


def _editable(info: Info, opaque: str) -> Project:
    ctx = info.context
    project = projects.find_by_id(ctx.db, ProjectId(relay.from_id("Project", opaque)))
    if project is None:
        raise NotFound(f"project {opaque!r} not found", fix="it may have been deleted")
    return projects.require_editor(ctx.db, ctx.viewer, project)


def project_entity(source: Project, info: Info) -> Entity:
    """Return a project's owner."""
    return users.get_entity(info.context.db, source.entity_id)


def project_user(source: Project, info: Info) -> User | None:
    """Return who made a project."""
    return users.user_by_id(info.context.db, source.user_id) if source.user_id else None


def read_only(source: Project, info: Info) -> bool:
    """Return whether the viewer may only look."""
    ctx = info.context
    return projects.role(ctx.db, ctx.viewer, source) not in projects.WRITERS


RESOLVERS: Resolvers = {
    "Query": {"project": project, "model": project, "models": list_projects},
    "Mutation": {
        "upsertModel": upsert_model,
        "renameProject": rename_project,
        "deleteModel": delete_model,
    },
    "Entity": {"project": entity_project},
    "Project": {
        # The client decodes this one to `Project:<int>` and sends the int back in filters.
        "internalId": lambda source, _info: relay.to_id("Project", source.id),
        "entity": project_entity,
        "user": project_user,
        "readOnly": read_only,
        "isBenchmark": lambda _source, _info: False,
        "allowAllArtifactTypesInRegistry": lambda source, _info: source.allow_all_artifact_types,
    },
}
