"""Projects on the wire. W&B's old word for a project is `model`."""

from housing_sweep.errors import NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store import people, projects
from housing_sweep.server.store.people import Entity, User
from housing_sweep.server.store.projects import Project


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
    """Return an entity's projects, page by page."""
    ctx = info.context
    owner = (
        people.entity_by_name(ctx.db, entityName)
        if entityName
        else people.default_entity(ctx.db, ctx.viewer)
    )
    if owner is None or not people.role_in_entity(ctx.db, ctx.viewer, owner):
        raise NotFound(f"entity {entityName!r} not found")
    size = relay.page_size(first)
    rows = projects.of_entity(ctx.db, owner.id, after=relay.offset_of(after), limit=size + 1)
    edges = [relay.Edge(row, relay.to_cursor(row.id)) for row in rows]
    return relay.connection(edges, size)


def entity_project(source: Entity, info: Info, name: str | None = None) -> Project | None:
    """Return a project of this entity that the viewer may read."""
    ctx = info.context
    return projects.readable(ctx.db, ctx.viewer, source.name, name)


def project_entity(source: Project, info: Info) -> Entity | None:
    """Return a project's owner."""
    return people.entity_by_id(info.context.db, source.entity_id)


def project_user(source: Project, info: Info) -> User | None:
    """Return who made a project."""
    return people.user_by_id(info.context.db, source.user_id) if source.user_id else None


def read_only(source: Project, info: Info) -> bool:
    """Return whether the viewer may only look."""
    ctx = info.context
    return projects.role(ctx.db, ctx.viewer, source) in (None, "viewer", "restricted_viewer")


RESOLVERS: Resolvers = {
    "Query": {"project": project, "model": project, "models": list_projects},
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
