"""Registry search on the wire: `Api().registries().collections()` and `.versions()`.

Field names and orders are those that the client lets pass (wandb/apis/public/registries/_utils.py).
Registries and collections are few; versions are read a page at a time, unless a filter or an order
needs a look at each of them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from housing_sweep.errors import BadInput
from housing_sweep.server import matching
from housing_sweep.server.context import Context
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.registries import parse_filters
from housing_sweep.server.graphql.registries import record as registry_record
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store import artifacts, collections, projects
from housing_sweep.server.store.artifacts import Artifact
from housing_sweep.server.store.collections import Collection, Membership
from housing_sweep.server.store.people import Entity

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
        rows = collections.memberships_in(ctx.db, ids, relay.offset_of(after), size + 1)
        edges = [relay.Edge(row, relay.to_cursor(row.id)) for row in rows]
        return relay.connection(edges, size, collections.count_memberships_in(ctx.db, ids))
    shown = [
        (version, place)
        for place in collections.memberships_in(ctx.db, ids, 0, None)
        if matching.matches(wanted, version := _Version(ctx, place))
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


class _Version(Mapping[str, object]):
    """What a linked version can be filtered and ordered by; read when it is asked for."""

    FIELDS = (
        *("id", "artifact_id", "version", "version_index", "tag", "tags", "alias", "aliases"),
        *("metadata", "artifact_metadata", "created_at", "artifact_created_at", "updated_at"),
        *("artifact_size", "acm_created_at", "linked_at"),
    )

    def __init__(self, ctx: Context, place: Membership) -> None:
        self._ctx, self._place = ctx, place
        self._row: Artifact | None = None

    def __getitem__(self, name: str) -> object:
        place, db = self._place, self._ctx.db
        match name:
            case "version" | "version_index":
                return [place.version_index, f"v{place.version_index}"]
            case "id" | "artifact_id":
                return place.artifact_id
            case "acm_created_at" | "linked_at":
                return place.created_at
            case "tag" | "tags":
                return artifacts.tags(db, place.artifact_id)
            case "alias" | "aliases":
                held = collections.aliases_of_membership(db, place.id)
                return [alias.name for alias in held]
            case "metadata" | "artifact_metadata":
                return json.loads(self._artifact.metadata or "{}")
            case "created_at" | "artifact_created_at":
                return self._artifact.created_at
            case "updated_at":
                return self._artifact.updated_at
            case "artifact_size":
                return self._artifact.size
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.FIELDS)

    def __len__(self) -> int:
        return len(self.FIELDS)

    def __contains__(self, name: object) -> bool:
        return name in self.FIELDS

    @property
    def _artifact(self) -> Artifact:
        if self._row is None:
            self._row = artifacts.by_id(self._ctx.db, self._place.artifact_id)
        assert self._row is not None
        return self._row


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
