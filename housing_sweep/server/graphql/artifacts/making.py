"""How a version comes to be on the wire: draft, manifests, files, the commit.

The commit is the only moment at which a version appears, and it appears whole.
"""

import json
from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.content import manifests
from housing_sweep.server.content.digests import MD5, Digests
from housing_sweep.server.content.inner_paths import check_inner_path
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.artifacts.access import readable, writable
from housing_sweep.server.graphql.artifacts.files import part_urls, wire_file
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.services import rights
from housing_sweep.server.store.artifacts import collections, files, memberships, versions
from housing_sweep.server.store.artifacts.collections import SEQUENCE, Collection
from housing_sweep.server.store.artifacts.versions import Artifact, Manifest
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run


def _run_of(info: Info, project: Project, name: str | None) -> Run | None:
    return runs.find(info.context.db, project.id, name) if name else None


def create_artifact(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Start a draft, or return the committed version that has this content already."""
    ctx = info.context
    names = [input.get("artifactCollectionName"), *(input.get("artifactCollectionNames") or [])]
    name = next((n for n in names if n), None)
    if name is None:
        raise BadInput("an artifact needs a collection name")
    if input.get("storageRegion") not in (None, "", "default"):
        raise BadInput(
            f"storage region {input['storageRegion']!r} is unknown to the local server",
            fix="leave storage_region out",
        )
    with write(ctx.db):
        project = projects.ensure(
            ctx.db, ctx.viewer, input.get("entityName"), input["projectName"], now=ctx.now
        )
        collection = collections.ensure(
            ctx.db, project.id, name, input["artifactTypeName"], SEQUENCE, ctx.now
        )
        run = _run_of(info, project, input.get("runName"))
        artifact = _same_or_draft(info, collection, run, input)
        if input.get("clientID"):
            versions.name_by_client(ctx.db, artifact.id, ctx.viewer.id, input["clientID"])
        if run is not None:
            versions.output(ctx.db, run.id, artifact.id, ctx.now)
        if tags := [tag["tagName"] for tag in input.get("tags") or []]:
            versions.change_tags(ctx.db, artifact.id, tags, [])
    return {"artifact": artifact}


def _same_or_draft(
    info: Info, collection: Collection, run: Run | None, input: dict[str, Any]
) -> Artifact:
    ctx = info.context
    algorithm = input.get("digestAlgorithm") or MD5
    aliases = [item["alias"] for item in input.get("aliases") or []]
    if input.get("distributedID"):
        shared = versions.open_draft(ctx.db, collection.id, input["distributedID"])
        if shared is not None:
            return shared
    elif input.get("enableDigestDeduplication", True):
        same = versions.committed(ctx.db, collection.id, input["digest"], algorithm)
        if same is not None:
            membership = memberships.get(ctx.db, collection.id, same.id)
            for alias in aliases:
                memberships.set_alias(ctx.db, membership, alias)
            return same
    ttl = input.get("ttlDurationSeconds")
    return versions.create(
        ctx.db,
        collection_id=collection.id,
        digest=input["digest"],
        digest_algorithm=algorithm,
        description=input.get("description"),
        metadata=input.get("metadata"),
        ttl_seconds=ttl if ttl and ttl > 0 else None,
        run_id=run.id if run else None,
        user_id=ctx.viewer.id,
        history_step=input.get("historyStep"),
        distributed_id=input.get("distributedID"),
        pending_aliases=json.dumps(aliases),
        created_at=ctx.now,
        updated_at=ctx.now,
    )


def create_manifest(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Announce a manifest; the answer says where to put its body."""
    ctx, artifact = info.context, writable(info, relay.from_id("Artifact", input["artifactID"]))
    _require_draft(artifact)
    base = input.get("baseArtifactID")
    manifest = versions.add_manifest(
        ctx.db,
        ctx.now,
        artifact_id=artifact.id,
        name=input["name"],
        type=input.get("type") or "FULL",
        base_artifact_id=_base(info, base).id if base else None,
        digest=input["digest"],
    )
    return {"artifactManifest": manifest}


def _base(info: Info, opaque: str) -> Artifact:
    """Return the version to build on: what it lists becomes the new one's, so that must be had."""
    try:
        base = readable(info, relay.from_id("Artifact", opaque))
    except NotFound:
        raise _base_is_gone() from None
    rights.require_download(info.context, base)
    return base


def _base_is_gone() -> BadInput:
    return BadInput("the version this one builds on was deleted", fix="log all its files anew")


def update_manifest(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Set a manifest's digest once its body is known."""
    ctx = info.context
    manifest = versions.find_manifest(
        ctx.db, relay.from_id("ArtifactManifest", input["artifactManifestID"])
    )
    if manifest is None:
        raise NotFound("manifest not found")
    _require_draft(writable(info, manifest.artifact_id))
    if input.get("digest"):
        manifest = versions.set_manifest(ctx.db, manifest.id, digest=input["digest"])
    return {"artifactManifest": manifest}


def _require_draft(artifact: Artifact) -> None:
    if artifact.state != "PENDING":
        raise BadInput("this version is committed and cannot change", fix="log a new version")


def create_files(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Announce files, in order; those whose bytes the project has get no upload URL."""
    ctx = info.context
    edges = []
    with write(ctx.db):
        for spec in input["artifactFiles"]:
            artifact = writable(info, relay.from_id("Artifact", spec["artifactID"]))
            _require_draft(artifact)
            collection = collections.get(ctx.db, artifact.collection_id)
            digests, name = _announced(artifact, spec), check_inner_path(spec["name"], "a version")
            file = files.declare(ctx.db, collection.project_id, artifact.id, name, digests, ctx.now)
            node = wire_file(ctx, artifact, file, upload=True)
            parts = part_urls(ctx, artifact, file, spec.get("uploadPartsInput") or ())
            edges.append(relay.Edge({**node, "uploadMultipartUrls": parts}, file.name))
    return {"files": relay.connection(edges, len(edges), len(edges))}


def _announced(artifact: Artifact, spec: dict[str, Any]) -> Digests:
    """Return what a file is announced as: beside an XXH128 digest comes the MD5, for the upload."""
    digests = Digests.of(artifact.digest_algorithm, spec.get("digest") or None)
    return Digests(spec.get("md5") or digests.md5, digests.xxh128)


def commit(_root: None, info: Info, input: dict[str, Any]) -> dict[str, Any]:
    """Publish a draft: the only moment at which a version appears, and it appears whole.

    Raises:
        BadInput: no manifest came, or bytes that it lists did not.
    """
    ctx, artifact = info.context, writable(info, relay.from_id("Artifact", input["artifactID"]))
    if artifact.state == "COMMITTED":
        return {"artifact": artifact}
    with write(ctx.db):
        document, digest = _whole_manifest(info, artifact)
        listed = manifests.entries(document)
        _complete_files(info, artifact, listed)
        artifact = versions.publish(
            ctx.db,
            artifact,
            digest=digest,
            size=sum(entry.size for entry in listed),
            file_count=len(listed),
            now=ctx.now,
        )
    return {"artifact": artifact}


def _whole_manifest(info: Info, artifact: Artifact) -> tuple[dict[str, object], str]:
    """Return the version's full manifest and digest, merging partial ones into a stored one."""
    ctx = info.context
    bodies = versions.manifests_with_body(ctx.db, artifact.id)
    if not bodies:
        raise BadInput("the version has no manifest yet", fix="upload it before the commit")
    newest = bodies[-1]
    if newest.type == "FULL":
        return manifests.parse(_body(info, newest)), artifact.digest
    parts = []
    base = newest.base_artifact_id
    # Core names the newest version as base of every manifest; what a PATCH leaves out is not in it.
    if base is not None and newest.type == "INCREMENTAL":
        earlier = versions.manifests_with_body(ctx.db, base)
        if not earlier:
            raise _base_is_gone()
        parts.append(manifests.parse(_body(info, earlier[-1])))
    parts += [manifests.parse(_body(info, manifest)) for manifest in bodies]
    merged = manifests.merge(parts)
    blob = ctx.services.blobs.put(json.dumps(merged).encode())
    versions.add_manifest(
        ctx.db,
        ctx.now,
        artifact_id=artifact.id,
        name="wandb_manifest.json",
        type="FULL",
        digest=blob.digests.md5,
        sha256=blob.sha256,
        size=blob.size,
    )
    return merged, manifests.digest(merged, artifact.digest_algorithm)


def _body(info: Info, manifest: Manifest) -> bytes:
    return info.context.services.blobs.read(manifest.sha256 or "")


def _complete_files(info: Info, artifact: Artifact, listed: list[manifests.Entry]) -> None:
    """Make sure that every byte the manifest lists is stored, unchanged files of others too."""
    ctx = info.context
    collection = collections.get(ctx.db, artifact.collection_id)
    missing = []
    for entry in (entry for entry in listed if not entry.is_reference):
        file = files.find(ctx.db, artifact.id, entry.path)
        if file is None or file.sha256 is None or not file.digests.contains_all(entry.digests):
            file = files.declare(
                ctx.db, collection.project_id, artifact.id, entry.path, entry.digests, ctx.now
            )
        if file.sha256 is None:
            missing.append(entry.path)
    if missing:
        raise BadInput(f"these files were never uploaded: {', '.join(missing[:10])}")
    files.keep_only(ctx.db, artifact.id, (entry.path for entry in listed if not entry.is_reference))


RESOLVERS: Resolvers = {
    "Mutation": {
        "createArtifact": create_artifact,
        "createArtifactManifest": create_manifest,
        "updateArtifactManifest": update_manifest,
        "createArtifactFiles": create_files,
        "commitArtifact": commit,
    },
}
