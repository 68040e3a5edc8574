"""Collections on the wire, to look at: types, collections of a project, what they are."""

from collections.abc import Callable, Mapping
from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.filters import EVERYTHING, Kind, Record, fields_of, matches, parse
from housing_sweep.server.services import rights
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.artifacts import collections, versions
from housing_sweep.server.store.artifacts.collections import SEQUENCE, ArtifactType, Collection
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project


def project_types(
    source: Project,
    info: Info,
    after: str | None = None,
    first: int | None = None,
    includeAll: bool | None = None,
) -> relay.Connection:
    """Return a project's artifact types."""
    return relay.offset_page(collections.types_of(info.context.db, source.id), after, first)


def project_type(source: Project, info: Info, name: str) -> ArtifactType | None:
    """Return one artifact type."""
    return collections.find_type(info.context.db, source.id, name)


def project_collections(
    source: Project,
    info: Info,
    after: str | None = None,
    first: int | None = None,
    filters: str | None = None,
    order: str | None = None,
) -> relay.Connection:
    """Return a project's collections."""
    rows = collections.of_project(info.context.db, source.id)
    return relay.offset_page(select(info, rows, filters, order), after, first)


def type_collections(
    source: ArtifactType,
    info: Info,
    after: str | None = None,
    first: int | None = None,
    filters: str | None = None,
    order: str | None = None,
) -> relay.Connection:
    """Return the collections of one type."""
    rows = collections.of_project(info.context.db, source.project_id, source.id)
    return relay.offset_page(select(info, rows, filters, order), after, first)


_NAMES = ("name", "collection_name", "artifact_collection_name")
_IDS = ("id", "collection_id", "artifact_collection_id")
_TAGS = ("tag", "tags")
_TIMES = ("createdAt", "created_at", "updatedAt", "updated_at")

FIELDS = fields_of(
    "collections",
    {
        **dict.fromkeys(_IDS, Kind.NUMBER),
        **dict.fromkeys((*_NAMES, *_TAGS, "description"), Kind.TEXT),
        **dict.fromkeys(_TIMES, Kind.TIME),
    },
)
"""In both of W&B's spellings; those of registry search: wandb/apis/public/registries/_utils.py."""


def record(ctx: Context, row: Collection) -> Record:
    """Return what a collection can be filtered by."""
    return {
        **dict.fromkeys(_IDS, row.id),
        **dict.fromkeys(_NAMES, row.name),
        **dict.fromkeys(_TAGS, tuple(collections.tags(ctx.db, row.id))),
        "description": row.description,
        **dict.fromkeys(("createdAt", "created_at"), row.created_at),
        **dict.fromkeys(("updatedAt", "updated_at"), row.updated_at),
    }


_ORDERS = {
    "name": "name",
    "createdAt": "created_at",
    "created_at": "created_at",
    "updatedAt": "updated_at",
    "description": "description",
}


def select(
    info: Info, rows: list[Collection], filters: str | None, order: str | None
) -> list[Collection]:
    """Return those of some collections that a filter lets pass, ordered."""
    test, ctx = parse(filters, FIELDS), info.context
    if test != EVERYTHING:
        rows = [row for row in rows if matches(test, record(ctx, row))]
    if order:
        name = order.lstrip("+-")
        if name not in _ORDERS:
            raise BadInput(f"collections cannot be ordered by {name!r}", fix=f"use {list(_ORDERS)}")
        rows = sorted(
            rows,
            key=lambda row: (getattr(row, _ORDERS[name]) or "", row.id),
            reverse=order.startswith("-"),
        )
    return rows


def project_collection(source: Project, info: Info, name: str) -> Collection | None:
    """Return one collection."""
    return collections.find(info.context.db, source.id, name)


def type_collection(source: ArtifactType, info: Info, name: str) -> Collection | None:
    """Return one collection of this type."""
    collection = collections.find(info.context.db, source.project_id, name)
    return collection if collection and collection.type_id == source.id else None


def collection_by_id(_root: None, info: Info, id: str) -> Collection | None:
    """Return a collection the viewer may read."""
    ctx = info.context
    collection = collections.find_by_id(ctx.db, relay.from_id("ArtifactCollection", id))
    return collection if collection and rights.sees(ctx, collection) else None


def collection_project(source: Collection, info: Info) -> Project | None:
    """Return a collection's project."""
    return projects.find_by_id(info.context.db, source.project_id)


def collection_tags(source: Collection, info: Info) -> dict[str, Any]:
    """Return a collection's tags."""
    names = collections.tags(info.context.db, source.id)
    return {"edges": [{"node": relay.tag(name)} for name in names]}


def _collection_type(source: Collection, info: Info) -> ArtifactType:
    return collections.type_of(info.context.db, source.id)


_COLLECTION: Mapping[str, Callable[..., Any]] = {
    # Sequences and portfolios share one id space: the client sends either to either.
    "id": lambda c, _info: relay.to_id("ArtifactCollection", c.id),
    "project": collection_project,
    "defaultArtifactType": _collection_type,
    "tags": collection_tags,
    "state": lambda _c, _info: "READY",
}

RESOLVERS: Resolvers = {
    "Query": {"artifactCollection": collection_by_id},
    "Project": {
        "artifactTypes": project_types,
        "artifactType": project_type,
        "artifactCollections": project_collections,
        "artifactCollection": project_collection,
    },
    "ArtifactType": {
        "artifactCollections": type_collections,
        "artifactCollection": type_collection,
    },
    "ArtifactCollection": {
        "__resolve_type": lambda c, _info, _type: (
            "ArtifactSequence" if c.kind == SEQUENCE else "ArtifactPortfolio"
        )
    },
    "ArtifactSequence": {
        **_COLLECTION,
        "digestAlgorithm": lambda c, info: versions.algorithm_of(info.context.db, c.id),
    },
    "ArtifactPortfolio": _COLLECTION,
}
