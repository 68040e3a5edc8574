"""Registry search on the wire: `Api().registries().collections()` and `.versions()`.

Field names and orders are those that the client lets pass (wandb/apis/public/registries/_utils.py).
Registries and collections are few; versions are read a page at a time, unless a filter or an order
needs a look at each of them.
"""

from collections.abc import Sequence

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts import collections as collections_on_wire
from housing_sweep.server.graphql.artifacts.version_record import FIELDS, VersionRecord
from housing_sweep.server.graphql.projects import registries
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.filters import EVERYTHING, matches, parse
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
    rows = [
        row
        for row in _collections(info.context, source, projectFilters, filters)
        if not collectionTypes or row.kind.upper() in collectionTypes
    ]
    if order:
        name = _order(order, COLLECTION_ORDERS)
        rows.sort(key=lambda row: (getattr(row, name), row.id), reverse=order.startswith("-"))
    return relay.offset_page(rows, after, first)


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
    ctx, test = info.context, parse(filters, FIELDS)
    ids = [row.id for row in _collections(ctx, source, projectFilters, collectionFilters)]
    if test == EVERYTHING and not order:
        size = relay.page_size(first)
        rows = memberships.in_collections(ctx.db, ids, relay.offset_of(after), size + 1)
        edges = [relay.Edge(row, relay.to_cursor(row.id)) for row in rows]
        return relay.connection(edges, size, memberships.count_in(ctx.db, ids))
    pairs = [
        (version, member)
        for member in memberships.in_collections(ctx.db, ids, 0, None)
        if matches(test, version := VersionRecord(ctx.db, member))
    ]
    if order:
        name = _order(order, VERSION_ORDERS)
        pairs.sort(key=lambda pair: (pair[0][name], pair[1].id), reverse=order.startswith("-"))
    return relay.offset_page([member for _, member in pairs], after, first)


def _collections(
    ctx: Context, source: Entity, project_filters: str | None, filters: str | None
) -> list[Collection]:
    """Return the collections that both filters let pass, in the order they were made."""
    of_registries = parse(project_filters, registries.FIELDS)
    of_collections = parse(filters, collections_on_wire.FIELDS)
    return [
        row
        for project in projects.registries(ctx.db, source.id)
        if matches(of_registries, registries.record(project))
        and projects.role(ctx.db, ctx.viewer, project)
        for row in collections.of_project(ctx.db, project.id)
        if matches(of_collections, collections_on_wire.record(ctx, row))
    ]


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
