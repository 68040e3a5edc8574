"""The versions of a collection on the wire: by name, in pages, with their aliases."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts.version_record import FIELDS, VersionRecord
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.filters import EVERYTHING, matches, parse
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.collections import Collection
from housing_sweep.server.store.artifacts.memberships import Membership
from housing_sweep.server.store.projects.projects import Project


def project_membership(source: Project, info: Info, name: str) -> Membership | None:
    """Return the version that `collection:alias`, `:v3` or a digest means; default latest."""
    return memberships.by_name(info.context.db, source.id, name)


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
    """Return a collection's versions, newest first unless ordered otherwise.

    Raises:
        BadInput: versions cannot be ordered or filtered so.
    """
    ctx, size = info.context, relay.page_size(first)
    test = parse(filters, FIELDS)
    picky = test not in (EVERYTHING, _COMMITTED)
    if not order and not picky:
        before = relay.offset_of(after) if after else None
        members = memberships.of_collection(ctx.db, source.id, before=before, limit=size + 1)
        edges = [_edge(info, member, member.version_index) for member in members]
        return relay.connection(edges, size, memberships.count(ctx.db, source.id))
    start = relay.offset_of(after)
    if picky:  # each version is looked at
        passed = [
            member
            for member in _ordered(info, source, order or "-version")
            if matches(test, VersionRecord(ctx.db, member))
        ]
        total, members = len(passed), passed[start : start + size + 1]
    else:
        total = memberships.count(ctx.db, source.id)
        members = _ordered(info, source, order or "", start, size + 1)
    edges = [_edge(info, member, position) for position, member in enumerate(members, start + 1)]
    return relay.connection(edges, size, total)


_COMMITTED = parse('{"state": "COMMITTED"}', FIELDS)
"""What every listed version is."""


def _ordered(
    info: Info, source: Collection, order: str, start: int = 0, limit: int | None = None
) -> list[Membership]:
    name = order.lstrip("+-")
    if name not in memberships.ORDERS:
        known = ", ".join(memberships.ORDERS)
        raise BadInput(f"versions cannot be ordered by {name!r}", fix=f"use one of {known}")
    backwards = order.startswith("-")
    return memberships.ordered(
        info.context.db, source.id, name, backwards=backwards, start=start, limit=limit
    )


def _edge(info: Info, member: Membership, position: int) -> "VersionEdge":
    artifact = versions.find_by_id(info.context.db, member.artifact_id)
    return VersionEdge(artifact, relay.to_cursor(position), f"v{member.version_index}")


@dataclass(frozen=True, slots=True)
class VersionEdge(relay.Edge):
    """An edge that also says which version of the collection its node is."""

    version: str


def latest_artifact(source: Collection, info: Info) -> object:
    """Return the version that `latest` means."""
    newest = memberships.resolve(info.context.db, source.id, "latest")
    return versions.find_by_id(info.context.db, newest.artifact_id) if newest else None


_VERSIONS: Mapping[str, Callable[..., Any]] = {
    "aliases": collection_aliases,
    "artifactMembership": collection_membership,
    "artifacts": collection_versions,
}

RESOLVERS: Resolvers = {
    "Project": {"artifactCollectionMembership": project_membership},
    "ArtifactSequence": {**_VERSIONS, "latestArtifact": latest_artifact},
    "ArtifactPortfolio": _VERSIONS,
    "ArtifactAlias": {
        "alias": lambda alias, _info: alias.name,
        "artifactCollection": lambda alias, info: collections.find_by_id(
            info.context.db, alias.collection_id
        ),
    },
    "ArtifactCollectionMembership": {
        "aliases": lambda m, info: memberships.aliases_of_membership(info.context.db, m.id),
        "artifactCollection": lambda m, info: collections.find_by_id(
            info.context.db, m.collection_id
        ),
        "artifact": lambda m, info: versions.find_by_id(info.context.db, m.artifact_id),
    },
}
