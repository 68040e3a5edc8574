"""Changes of collections on the wire: names, descriptions, types, tags, aliases, deletion."""

from typing import Any

from housing_sweep.errors import Conflict, NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.names import check_collection_name, check_type_name
from housing_sweep.server.store.artifacts import collections, memberships
from housing_sweep.server.store.artifacts.collections import SEQUENCE, Collection
from housing_sweep.server.store.artifacts.memberships import Membership
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects


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
    return {"tags": [relay.tag(name) for name in names]}


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


RESOLVERS: Resolvers = {
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
}
