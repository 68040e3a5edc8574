"""Artifact versions on the wire: by name and id, their fields, edits, deletion."""

from typing import Any

from housing_sweep.errors import NotFound
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts.access import deletable, readable, writable
from housing_sweep.server.graphql.artifacts.files import wire_manifest_file
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.memberships import Membership
from housing_sweep.server.store.artifacts.versions import Artifact, Manifest
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs.runs import Run

NO_TTL = -2
"""What `ttlDurationSeconds` says when there is none; the client also wants it "inherited"."""


def update_artifact(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Set a version's description, metadata, tags or time to live."""
    ctx, artifact = info.context, writable(info, relay.from_id("Artifact", input["artifactID"]))
    changes = {key: input[key] for key in ("description", "metadata") if input.get(key) is not None}
    ttl = input.get("ttlDurationSeconds")
    if ttl is not None:
        changes["ttl_seconds"] = ttl if ttl > 0 else None
    with write(ctx.db):
        artifact = versions.edit(ctx.db, artifact.id, ctx.now, **changes)
        versions.change_tags(
            ctx.db,
            artifact.id,
            [tag["tagName"] for tag in input.get("tagsToAdd") or []],
            [tag["tagName"] for tag in input.get("tagsToDelete") or []],
        )
    return {"artifact": artifact}


def delete_artifact(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Delete a version.

    Raises:
        Conflict: it still has aliases beside `latest`.
        PermissionDenied: it is linked where the viewer may not write.
    """
    ctx, artifact = info.context, deletable(info, relay.from_id("Artifact", input["artifactID"]))
    with_aliases = bool(input.get("deleteAliases"))
    versions.delete(ctx.db, artifact, with_aliases=with_aliases, now=ctx.now)
    return {"artifact": artifact}


def artifact_by_id(_root: None, info: Info, id: str) -> Artifact | None:
    """Return a version the viewer may read, or null."""
    try:
        return readable(info, relay.from_id("Artifact", id))
    except NotFound:
        return None


def client_id_mapping(_root: None, info: Info, clientID: str) -> dict[str, object] | None:
    """Return the version that the viewer's client calls by an id of its own."""
    artifact = versions.by_client_id(info.context.db, info.context.viewer.id, clientID)
    if artifact is None:
        return None
    return {"artifact": artifact, "serverID": relay.to_id("Artifact", artifact.id)}


def project_artifact(source: Project, info: Info, name: str) -> Artifact | None:
    """Return the version that `collection:alias` means."""
    membership = memberships.by_name(info.context.db, source.id, name)
    return versions.find_by_id(info.context.db, membership.artifact_id) if membership else None


def home(source: Artifact, info: Info) -> Membership | None:
    """Return a version's place in its own sequence; none before the commit."""
    return memberships.find(info.context.db, source.collection_id, source.id)


def version_index(source: Artifact, info: Info) -> int | None:
    """Return a version's number in its own sequence."""
    membership = home(source, info)
    return membership.version_index if membership else None


def current_manifest(source: Artifact, info: Info) -> Manifest | None:
    """Return the newest manifest that has a body."""
    bodies = versions.manifests_with_body(info.context.db, source.id)
    return bodies[-1] if bodies else None


def manifest_file(source: Manifest, info: Info) -> dict[str, Any]:
    """Return where a manifest's body is: it lists what is there, and holds none of it."""
    artifact = versions.get(info.context.db, source.artifact_id)
    return wire_manifest_file(info.context, artifact, source)


RESOLVERS: Resolvers = {
    "Query": {"artifact": artifact_by_id, "clientIDMapping": client_id_mapping},
    "Project": {"artifact": project_artifact},
    "Mutation": {
        "updateArtifact": update_artifact,
        "deleteArtifact": delete_artifact,
    },
    "Artifact": {
        "artifactSequence": lambda a, info: collections.get(info.context.db, a.collection_id),
        "versionIndex": version_index,
        "artifactType": lambda a, info: collections.type_of(info.context.db, a.collection_id),
        "ttlDurationSeconds": lambda a, _info: a.ttl_seconds or NO_TTL,
        "ttlIsInherited": lambda a, _info: a.ttl_seconds is None,
        "tags": lambda a, info: [relay.tag(name) for name in versions.tags(info.context.db, a.id)],
        "commitHash": lambda a, _info: a.digest,
        # Those that others gave it where the viewer may not look are left out: `decisions.py`.
        "aliases": lambda a, info: memberships.aliases_of_artifact(info.context.db, a.id),
        "currentManifest": current_manifest,
    },
    "ArtifactManifest": {"file": manifest_file},
    "ArtifactCreator": {
        "__resolve_type": lambda value, _info, _type: "Run" if isinstance(value, Run) else "User"
    },
}
