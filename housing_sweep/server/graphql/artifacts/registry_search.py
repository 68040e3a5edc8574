"""Registry search on the wire: `Api().registries().collections()` and `.versions()`.

Field names and orders are those that the client lets pass (wandb/apis/public/registries/_utils.py).
Registries and collections are few; versions are read a page at a time, unless a filter or an order
needs a look at each of them.
"""

from collections.abc import Sequence

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts.version_record import VersionRecord
from housing_sweep.server.graphql.projects.registries import parse_filters
from housing_sweep.server.graphql.projects.registries import record as registry_record
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules import filters as matching
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.artifacts import collections, memberships
from housing_sweep.server.store.artifacts.collections import Collection
from housing_sweep.server.store.people.users import Entity
from housing_sweep.server.store.projects import projects

COLLECTION_ORDERS = ("name", "created_at", "updated_at")
VERSION_ORDERS = ("artifact_created_at", "artifact_size", "acm_created_at")
_SAME = {"created_at": "artifact_created_at", "linked_at": "acm_created_at"}


def entity_collections(
    source: Entity,
    info: Info,
    projectFilters: str | None = None,
    filters: str | None = None,
    collectionTypes: Sequence[str] | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> relay.Connection:
    """Return the collections of the registries that the viewer may read."""
    shown = [
        row
        for row in _collections(info.context, source, projectFilters, filters)
        if not collectionTypes or row.kind.upper() in collectionTypes
    ]
    if order:
        name = _order(order, COLLECTION_ORDERS)
        shown.sort(key=lambda row: (getattr(row, name), row.id), reverse=order.startswith("-"))
    return relay.offset_page(shown, after, first)


def entity_memberships(
    source: Entity,
    info: Info,
    projectFilters: str | None = None,
    collectionFilters: str | None = None,
    filters: str | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> relay.Connection:
    """Return the versions linked into the registries that the viewer may read."""
    ctx, wanted = info.context, parse_filters(filters)
    held = _collections(ctx, source, projectFilters, collectionFilters)
    ids = [row.id for row in held]
    if not wanted and not order:
        size = relay.page_size(first)
        rows = memberships.in_collections(ctx.db, ids, relay.offset_of(after), size + 1)
        edges = [relay.Edge(row, relay.to_cursor(row.id)) for row in rows]
        return relay.connection(edges, size, memberships.count_in(ctx.db, ids))
    shown = [
        (version, place)
        for place in memberships.in_collections(ctx.db, ids, 0, None)
        if matching.matches(wanted, version := VersionRecord(ctx.db, place))
    ]
    if order:
        name = _order(order, VERSION_ORDERS)
        shown.sort(key=lambda pair: (pair[0][name], pair[1].id), reverse=order.startswith("-"))
    return relay.offset_page([place for _, place in shown], after, first)


def _collections(
    ctx: Context, source: Entity, project_filters: str | None, filters: str | None
) -> list[Collection]:
    """Return the collections that both filters let pass, in the order they were made."""
    of_projects, wanted = parse_filters(project_filters), parse_filters(filters)
    return [
        row
        for project in projects.registries(ctx.db, source.id)
        if matching.matches(of_projects, registry_record(project))
        and projects.role(ctx.db, ctx.viewer, project)
        for row in collections.of_project(ctx.db, project.id)
        if matching.matches(wanted, _collection_record(ctx, row))
    ]


def _collection_record(ctx: Context, row: Collection) -> matching.Record:
    tags = collections.tags(ctx.db, row.id)
    return {
        **dict.fromkeys(("id", "collection_id", "artifact_collection_id"), row.id),
        **dict.fromkeys(("name", "collection_name", "artifact_collection_name"), row.name),
        "tag": tags,
        "tags": tags,
        "description": row.description,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _order(order: str, known: Sequence[str]) -> str:
    name = order.lstrip("+-")
    name = _SAME.get(name, name) if known is VERSION_ORDERS else name
    if name not in known:
        raise BadInput(f"cannot order by {order!r}", fix=f"use one of {', '.join(known)}")
    return name


RESOLVERS: Resolvers = {
    "Entity": {
        "artifactCollections": entity_collections,
        "artifactMemberships": entity_memberships,
    },
    "Organization": {"advancedRegistryFeatures": lambda _o, _info: {"advancedSearch": True}},
}
