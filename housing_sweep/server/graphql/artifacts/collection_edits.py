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
    collection = collections.find_by_id(ctx.db, collection_id)
    if collection is None:
        raise NotFound("artifact collection not found")
    projects.require_writable(ctx.db, ctx.viewer, projects.get(ctx.db, collection.project_id))
    return collection


def by_path(info: Info, entity: str, project_name: str, name: str) -> Collection:
    """Return a collection the viewer may change, by its path.

    Raises:
        NotFound: no such collection, or not for this viewer.
        PermissionDenied: the viewer may only look.
    """
    ctx = info.context
    project = projects.require_readable(ctx.db, ctx.viewer, entity, project_name)
    projects.require_writable(ctx.db, ctx.viewer, project)
    collection = collections.find(ctx.db, project.id, name)
    if collection is None:
        raise NotFound(f"artifact collection {entity}/{project_name}/{name} not found")
    return collection


def add_aliases(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Point aliases at a version, each in the collection it names; an old holder loses it."""
    with write(info.context.db):
        for membership, alias in _targets(info, input):
            memberships.set_alias(info.context.db, membership, alias)
    return {"success": True}


def delete_aliases(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Remove aliases from a version; those that moved to another one meanwhile stay there."""
    with write(info.context.db):
        for membership, alias in _targets(info, input):
            memberships.remove_alias(info.context.db, membership, alias)
    return {"success": True}


def _targets(info: Info, input: dict[str, Any]) -> list[tuple[Membership, str]]:
    artifact_id = relay.from_id("Artifact", input["artifactID"])
    targets = []
    for item in input["aliases"]:
        names = (item["entityName"], item["projectName"], item["artifactCollectionName"])
        collection = by_path(info, *names)
        membership = memberships.find(
            info.context.db, collection.id, collections.ArtifactId(artifact_id)
        )
        if membership is None:
            raise NotFound(f"this version is not in {'/'.join(names)}")
        targets.append((membership, item["alias"]))
    return targets


def update_collection(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Rename or describe a collection."""
    ctx = info.context
    opaque = input.get("artifactSequenceID") or input["artifactPortfolioID"]
    collection = writable(info, relay.from_id("ArtifactCollection", opaque))
    if input.get("name") is not None:
        check_collection_name(input["name"])
    collection = collections.edit(
        ctx.db,
        collection.id,
        name=input.get("name"),
        description=input.get("description"),
        now=ctx.now,
    )
    return {"artifactCollection": collection}


def move_sequence(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Change a sequence's type."""
    ctx = info.context
    collection = writable(info, relay.from_id("ArtifactCollection", input["artifactSequenceID"]))
    kind = check_type_name(input["destinationArtifactTypeName"])
    return {"artifactCollection": collections.move(ctx.db, collection, kind, ctx.now)}


def delete_collection(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Delete a collection with its versions (of a portfolio: its links).

    Raises:
        Conflict: versions of it are linked elsewhere.
    """
    ctx = info.context
    opaque = input.get("artifactSequenceID") or input["artifactPortfolioID"]
    collection = writable(info, relay.from_id("ArtifactCollection", opaque))
    with write(ctx.db):
        if collection.kind == SEQUENCE:
            linked = memberships.first_linked_elsewhere(ctx.db, collection.id)
            if linked is not None:
                raise Conflict(
                    f"v{linked.version_index} of {collection.name} is linked elsewhere",
                    fix="unlink it first",
                )
        collections.delete(ctx.db, collection.id)
    return {"artifactCollection": collection}


def add_tags(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Tag a collection."""
    collection, names = _tagged(info, input)
    collections.change_tags(info.context.db, collection.id, names, [])
    return {"tags": [relay.tag(name) for name in names]}


def delete_tags(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Remove tags from a collection."""
    collection, names = _tagged(info, input)
    collections.change_tags(info.context.db, collection.id, [], names)
    return {"success": True}


def _tagged(info: Info, input: dict[str, Any]) -> tuple[Collection, list[str]]:
    collection = by_path(
        info, input["entityName"], input["projectName"], input["artifactCollectionName"]
    )
    return collection, [tag["tagName"] for tag in input["tags"]]


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
