"""Files of artifacts on the wire: signed URLs for their bytes and their manifests."""

import base64
import posixpath
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from housing_sweep.errors import BadInput
from housing_sweep.server.content import manifests
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.services import rights
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.artifacts import files, versions
from housing_sweep.server.store.artifacts.files import ArtifactFile
from housing_sweep.server.store.artifacts.memberships import Membership
from housing_sweep.server.store.artifacts.versions import Artifact, Manifest

MOST_PARTS = 160
"""16 GB in parts of 100 MB. Joining reads every byte once while the client waits for the answer (30
s by default); a larger file is better sent whole, which streams and has no such end."""


def wire_file(
    ctx: Context, artifact: Artifact, file: ArtifactFile, *, upload: bool = False
) -> dict[str, Any]:
    """Return a file as `File`; an upload URL only where bytes are asked for and missing."""
    path = f"/storage/wandb_artifacts/{artifact.id}/{quote(file.name)}"
    scope = {"artifact": str(artifact.id), "name": file.name}
    get = ctx.url(path, allows="get", **scope)
    is_missing = upload and file.sha256 is None
    announced = {"md5": file.md5 or "", "xxh128": file.xxh128 or ""}
    return {
        "id": relay.to_id("ArtifactFile", f"{artifact.id}/{file.name}"),
        "name": file.name,
        "displayName": file.name,
        "url": get,
        "directUrl": get,
        "uploadUrl": ctx.url(path, allows="put", **announced, **scope) if is_missing else None,
        "uploadHeaders": [],
        "sizeBytes": file.size,
        "mimetype": None,
        "updatedAt": file.updated_at,
        "md5": file.md5,
        "digest": file.digests.by(artifact.digest_algorithm),
        "storagePath": f"wandb_artifacts/{artifact.id}/{file.name}",
        "artifact": artifact,
        "owner": artifact,
    }


def part_urls(
    ctx: Context, artifact: Artifact, file: ArtifactFile, parts: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return where to send the parts of a file, or None where it shall come whole."""
    if not 1 < len(parts) <= MOST_PARTS or file.sha256 is not None:
        return None
    upload = secrets.token_hex(12)
    path = f"/storage/wandb_artifacts/{artifact.id}/{quote(file.name)}"
    scope = {"allows": "put", "artifact": str(artifact.id), "name": file.name, "upload": upload}
    return {
        "uploadID": upload,
        "uploadUrlParts": [
            {
                "partNumber": int(part["partNumber"]),
                "uploadUrl": ctx.url(
                    path, part=str(part["partNumber"]), md5=hex_to_base64(part["hexMD5"]), **scope
                ),
            }
            for part in parts
        ],
    }


def hex_to_base64(hex_digest: str) -> str:
    """Return an MD5 as manifests spell it; quotes around it, as in an ETag, are left out.

    Raises:
        BadInput: it is not hexadecimal.
    """
    try:
        return base64.b64encode(bytes.fromhex(hex_digest.strip('"'))).decode()
    except ValueError:
        raise BadInput(f"{hex_digest!r} is not an MD5 in hex") from None


def wire_manifest_file(ctx: Context, artifact: Artifact, manifest: Manifest) -> dict[str, Any]:
    """Return a manifest's body as `File`, with an upload URL for who may change the version.

    Its address is not that of a file: clients tell the two apart by `wandb_artifacts/`.
    """
    path = f"/storage/artifact_manifests/{manifest.artifact_id}/{manifest.id}"
    path += f"/{quote(manifest.name)}"
    scope = {"manifest": str(manifest.id)}
    get = ctx.url(path, allows="get", **scope)
    writes = rights.writes(ctx, artifact)
    put = ctx.url(path, allows="put", md5=manifest.digest, **scope) if writes else None
    return {
        "id": relay.to_id("ArtifactManifestFile", manifest.id),
        "name": manifest.name,
        "displayName": manifest.name,
        "url": get,
        "directUrl": get,
        "uploadUrl": put,
        "uploadHeaders": [],
        "sizeBytes": manifest.size,
        "updatedAt": manifest.created_at,
        "md5": manifest.digest,
        "digest": manifest.digest,
        "storagePath": f"wandb_artifacts/{manifest.artifact_id}/{manifest.name}",
        "owner": manifest,
    }


def page(
    ctx: Context,
    artifact: Artifact,
    names: list[str] | None,
    after: str | None,
    first: int | None,
) -> relay.Connection:
    """Return a version's files by name, references among them; the cursor is the last name.

    The SDK downloads what is listed here, and a reference only if it is.
    """
    size = relay.page_size(first)
    rows = files.page(ctx.db, artifact.id, names=names, after=after or "", limit=size + 1)
    stored = files.count(ctx.db, artifact.id)
    if artifact.file_count > stored:
        paths = {posixpath.normpath(name) for name in names or ()}
        rows += [
            file
            for file in _references(ctx, artifact)
            if file.name > (after or "") and (not paths or file.name in paths)
        ]
        rows = sorted(rows, key=lambda file: file.name)[: size + 1]
    total = len(rows) if names else max(stored, artifact.file_count)
    edges = [relay.Edge(wire_file(ctx, artifact, file), file.name) for file in rows]
    return relay.connection(edges, size, total)


def _references(ctx: Context, artifact: Artifact) -> list[ArtifactFile]:
    """Return what a version refers to and this server holds no bytes of."""
    bodies = versions.manifests_with_body(ctx.db, artifact.id)
    if not bodies or bodies[-1].type != "FULL" or bodies[-1].sha256 is None:
        return []
    document = manifests.parse(ctx.services.blobs.read(bodies[-1].sha256))
    return [
        ArtifactFile(
            artifact_id=artifact.id,
            name=item.path,
            md5=item.digests.md5,
            xxh128=item.digests.xxh128,
            sha256=None,
            size=item.size,
            updated_at=artifact.updated_at,
        )
        for item in manifests.entries(document)
        if item.is_reference
    ]


def membership_files(
    source: Membership,
    info: Info,
    names: list[str] | None = None,
    after: str | None = None,
    first: int | None = None,
) -> relay.Connection | None:
    """Return the files of the version that a membership places."""
    artifact = versions.find_by_id(info.context.db, source.artifact_id)
    if artifact:
        rights.require_download(info.context, artifact)
    return page(info.context, artifact, names, after, first) if artifact else None


def files_by_entries(
    source: Artifact,
    info: Info,
    storageLayout: str,
    manifestVersion: str,
    entries: list[dict[str, Any]] | None = None,
    storageRegion: str | None = None,
) -> relay.Connection:
    """Return one file per manifest entry, in order."""
    ctx = info.context
    rights.require_download(ctx, source)
    edges = []
    for entry in entries or []:
        file = files.find(ctx.db, source.id, entry["name"])
        if file is not None:
            edges.append(relay.Edge(wire_file(ctx, source, file), file.name))
    return relay.connection(edges, len(edges), len(edges))


RESOLVERS: Resolvers = {
    "ArtifactCollectionMembership": {"files": membership_files},
    "Artifact": {"filesByManifestEntries": files_by_entries},
}
