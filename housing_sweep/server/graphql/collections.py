"""Collections on the wire: types, versions by name, aliases, tags."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from housing_sweep.errors import BadInput, Conflict, NotFound
from housing_sweep.server import matching
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.graphql.version_record import VersionRecord
from housing_sweep.server.names import check_collection_name, check_type_name
from housing_sweep.server.store import artifacts, collections, memberships, projects
from housing_sweep.server.store.collections import SEQUENCE, ArtifactType, Collection
from housing_sweep.server.store.db import write
from housing_sweep.server.store.memberships import Alias, Membership
from housing_sweep.server.store.projects import Project


def writable(info: Info, collection_id: int) -> Collection:
    """Return a collection the viewer may change.

    Raises:
        NotFound: no such collection, or not for this viewer.
        PermissionDenied: the viewer may only look.
    """
    ctx = info.context
    found = collections.by_id(ctx.db, collection_id)
    project = projects.by_id(ctx.db, found.project_id) if found else None
    if found is None or project is None:
        raise NotFound("artifact collection not found")
    projects.require_writable(ctx.db, ctx.viewer, project)
    return found


def by_path(info: Info, entity: str, project_name: str, name: str) -> Collection:
    """Return a collection the viewer may change, by its path.

    Raises:
        NotFound: no such collection, or not for this viewer.
        PermissionDenied: the viewer may only look.
    """
    ctx = info.context
    project = projects.require_readable(ctx.db, ctx.viewer, entity, project_name)
    projects.require_writable(ctx.db, ctx.viewer, project)
    found = collections.find(ctx.db, project.id, name)
    if found is None:
        raise NotFound(f"artifact collection {entity}/{project_name}/{name} not found")
    return found


def add_aliases(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Point aliases at a version, each in the collection it names; an old holder loses it."""
    with write(info.context.db):
        for place, alias in _places(info, input):
            memberships.point(info.context.db, place, alias)
    return {"success": True}


def delete_aliases(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Remove aliases from a version; those that moved to another one meanwhile stay there."""
    with write(info.context.db):
        for place, alias in _places(info, input):
            memberships.unpoint(info.context.db, place, alias)
    return {"success": True}


def _places(info: Info, input: dict[str, Any]) -> list[tuple[Membership, str]]:
    artifact_id = relay.from_id("Artifact", input["artifactID"])
    found = []
    for item in input["aliases"]:
        names = (item["entityName"], item["projectName"], item["artifactCollectionName"])
        collection = by_path(info, *names)
        place = memberships.find(
            info.context.db, collection.id, collections.ArtifactId(artifact_id)
        )
        if place is None:
            raise NotFound(f"this version is not in {'/'.join(names)}")
        found.append((place, item["alias"]))
    return found


def update_collection(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Rename or describe a collection."""
    ctx = info.context
    opaque = input.get("artifactSequenceID") or input["artifactPortfolioID"]
    found = writable(info, relay.from_id("ArtifactCollection", opaque))
    if input.get("name") is not None:
        check_collection_name(input["name"])
    collections.edit(
        ctx.db,
        found.id,
        name=input.get("name"),
        description=input.get("description"),
        now=ctx.now,
    )
    return {"artifactCollection": collections.by_id(ctx.db, found.id)}


def move_sequence(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Change a sequence's type."""
    ctx = info.context
    found = writable(info, relay.from_id("ArtifactCollection", input["artifactSequenceID"]))
    kind = check_type_name(input["destinationArtifactTypeName"])
    collections.move(ctx.db, found, kind, ctx.now)
    return {"artifactCollection": collections.by_id(ctx.db, found.id)}


def delete_collection(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Delete a collection with its versions (of a portfolio: its links).

    Raises:
        Conflict: versions of it are linked elsewhere.
    """
    ctx = info.context
    opaque = input.get("artifactSequenceID") or input["artifactPortfolioID"]
    found = writable(info, relay.from_id("ArtifactCollection", opaque))
    with write(ctx.db):
        if found.kind == SEQUENCE:
            linked = memberships.first_linked_elsewhere(ctx.db, found.id)
            if linked is not None:
                raise Conflict(
                    f"v{linked.version_index} of {found.name} is linked elsewhere",
                    fix="unlink it first",
                )
        collections.delete(ctx.db, found.id)
    return {"artifactCollection": found}


def add_tags(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Tag a collection."""
    found, names = _tagged(info, input)
    collections.change_tags(info.context.db, found.id, names, [])
    return {"tags": [_tag(name) for name in names]}


def delete_tags(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from a collection."""
    found, names = _tagged(info, input)
    collections.change_tags(info.context.db, found.id, [], names)
    return {"success": True}


def _tagged(info: Info, input: dict[str, Any]) -> tuple[Collection, list[str]]:
    found = by_path(
        info, input["entityName"], input["projectName"], input["artifactCollectionName"]
    )
    return found, [tag["tagName"] for tag in input["tags"]]


def _tag(name: str) -> dict[str, str]:
    return {"id": relay.to_id("Tag", name), "name": name}


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


_FIELDS = {
    "name": "name",
    "createdAt": "created_at",
    "created_at": "created_at",
    "updatedAt": "updated_at",
    "description": "description",
}


def select(
    info: Info, rows: list[Collection], filters: str | None, order: str | None
) -> list[Collection]:
    """Return collections filtered by name, tag or description, and ordered."""
    wanted = json.loads(filters) if filters else {}
    shown = [row for row in rows if _matches(info, row, wanted)]
    if order:
        name = order.lstrip("+-")
        if name not in _FIELDS:
            raise BadInput(f"collections cannot be ordered by {name!r}", fix=f"use {list(_FIELDS)}")
        shown.sort(
            key=lambda row: (getattr(row, _FIELDS[name]) or "", row.id),
            reverse=order.startswith("-"),
        )
    return shown


def _matches(info: Info, row: Collection, wanted: dict[str, Any]) -> bool:
    for key, test in wanted.items():
        if key in ("$and", "$or"):
            found = [_matches(info, row, part) for part in test]
            if not (all(found) if key == "$and" else any(found)):
                return False
            continue
        if key == "tag":
            held = collections.tags(info.context.db, row.id)
        elif key in _FIELDS:
            held = [getattr(row, _FIELDS[key])]
        else:
            raise BadInput(f"collections cannot be filtered by {key!r}", fix="use name or tag")
        if not any(relay.compare(value, test) for value in held):
            return False
    return True


def project_collection(source: Project, info: Info, name: str) -> Collection | None:
    """Return one collection."""
    return collections.find(info.context.db, source.id, name)


def type_collection(source: ArtifactType, info: Info, name: str) -> Collection | None:
    """Return one collection of this type."""
    found = collections.find(info.context.db, source.project_id, name)
    return found if found and found.type_id == source.id else None


def project_membership(source: Project, info: Info, name: str) -> Membership | None:
    """Return the version that `collection:alias`, `:v3` or a digest means; default latest."""
    collection_name, _, reference = name.partition(":")
    found = collections.find(info.context.db, source.id, collection_name)
    if found is None:
        return None
    return memberships.resolve(info.context.db, found.id, reference or "latest")


def collection_by_id(_root: None, info: Info, id: str) -> Collection | None:
    """Return a collection the viewer may read."""
    ctx = info.context
    found = collections.by_id(ctx.db, relay.from_id("ArtifactCollection", id))
    project = projects.by_id(ctx.db, found.project_id) if found else None
    return found if project and projects.role(ctx.db, ctx.viewer, project) else None


def collection_project(source: Collection, info: Info) -> Project | None:
    """Return a collection's project; null to those who may not read it (sources of links)."""
    ctx = info.context
    project = projects.by_id(ctx.db, source.project_id)
    return project if project and projects.role(ctx.db, ctx.viewer, project) else None


def collection_tags(source: Collection, info: Info) -> dict[str, Any]:
    """Return a collection's tags."""
    names = collections.tags(info.context.db, source.id)
    return {"edges": [{"node": _tag(name)} for name in names]}


def collection_aliases(
    source: Collection, info: Info, after: str | None = None, first: int | None = None
) -> relay.Connection:
    """Return a collection's aliases."""
    rows = memberships.aliases_of_collection(info.context.db, source.id)
    return relay.offset_page(rows, after, first)


def collection_membership(source: Collection, info: Info, aliasName: str) -> Membership | None:
    """Return the version an alias means in this collection."""
    return memberships.resolve(info.context.db, source.id, aliasName)


def collection_versions(
    source: Collection,
    info: Info,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
    filters: str | None = None,
) -> relay.Connection:
    """Return a collection's versions, newest first unless ordered otherwise."""
    ctx, size = info.context, relay.page_size(first)
    wanted = json.loads(filters) if filters else {}
    if order or wanted not in ({}, {"state": "COMMITTED"}):
        shown, start = _selected(info, source, wanted, order), relay.offset_of(after)
        edges = [
            VersionEdge(artifacts.by_id(ctx.db, place.artifact_id), place.version_index, position)
            for position, place in enumerate(shown[start : start + size + 1], start=start + 1)
        ]
        return relay.connection(edges, size, len(shown))
    before = relay.offset_of(after) if after else None
    places = memberships.of_collection(ctx.db, source.id, before=before, limit=size + 1)
    edges = [
        VersionEdge(artifacts.by_id(ctx.db, place.artifact_id), place.version_index)
        for place in places
    ]
    total = memberships.count(ctx.db, source.id)
    return relay.connection(edges, size, total)


_VERSION_ORDERS = ("createdAt", "updatedAt", "size", "version")


def _selected(
    info: Info, source: Collection, wanted: object, order: str | None
) -> list[Membership]:
    """Return the versions that a filter lets pass, each looked at."""
    db, name = info.context.db, (order or "-createdAt").lstrip("+-")
    if name not in _VERSION_ORDERS:
        raise BadInput(f"versions cannot be ordered by {name!r}", fix=f"use {_VERSION_ORDERS}")
    places = memberships.of_collection(db, source.id, before=None, limit=relay.MAX_PAGE)
    shown = [
        (version[name], place)
        for place in places
        if matching.matches(wanted, version := VersionRecord(db, place))
    ]
    backwards = not order or order.startswith("-")
    shown.sort(key=lambda pair: (pair[0], pair[1].version_index), reverse=backwards)
    return [place for _, place in shown]


class VersionEdge(relay.Edge):
    """An edge that also says which version of the collection its node is."""

    __slots__ = ("version",)

    def __init__(self, node: object, index: int, position: int | None = None) -> None:
        super().__init__(node, relay.to_cursor(index if position is None else position))
        object.__setattr__(self, "version", f"v{index}")


def latest_artifact(source: Collection, info: Info) -> object:
    """Return the version that `latest` means."""
    place = memberships.resolve(info.context.db, source.id, "latest")
    return artifacts.by_id(info.context.db, place.artifact_id) if place else None


def _collection_type(source: Collection, info: Info) -> ArtifactType:
    return collections.type_by_id(info.context.db, source.type_id)


_COLLECTION: Mapping[str, Callable[..., Any]] = {
    # Sequences and portfolios share one id space: the client sends either to either.
    "id": lambda c, _info: relay.to_id("ArtifactCollection", c.id),
    "project": collection_project,
    "defaultArtifactType": _collection_type,
    "tags": collection_tags,
    "state": lambda _c, _info: "READY",
    "aliases": collection_aliases,
    "artifactMembership": collection_membership,
    "artifacts": collection_versions,
}

RESOLVERS: Resolvers = {
    "Query": {"artifactCollection": collection_by_id},
    "Project": {
        "artifactTypes": project_types,
        "artifactType": project_type,
        "artifactCollections": project_collections,
        "artifactCollection": project_collection,
        "artifactCollectionMembership": project_membership,
    },
    "Mutation": {
        "addAliases": add_aliases,
        "deleteAliases": delete_aliases,
        "updateArtifactSequence": update_collection,
        "updateArtifactPortfolio": update_collection,
        "moveArtifactSequence": move_sequence,
        "deleteArtifactSequence": delete_collection,
        "deleteArtifactPortfolio": delete_collection,
        "createArtifactCollectionTagAssignments": add_tags,
        "deleteArtifactCollectionTagAssignments": delete_tags,
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
        "latestArtifact": latest_artifact,
        "digestAlgorithm": lambda c, info: artifacts.algorithm_of(info.context.db, c.id),
    },
    "ArtifactPortfolio": _COLLECTION,
    "ArtifactAlias": {
        "alias": lambda alias, _info: alias.name,
        "artifactCollection": lambda alias, info: collections.by_id(
            info.context.db, alias.collection_id
        ),
    },
    "ArtifactCollectionMembership": {
        "aliases": lambda m, info: memberships.aliases_of_membership(info.context.db, m.id),
        "artifactCollection": lambda m, info: collections.by_id(info.context.db, m.collection_id),
        "artifact": lambda m, info: artifacts.by_id(info.context.db, m.artifact_id),
    },
}

__all__ = ["RESOLVERS", "Alias", "by_path", "select", "writable"]
