"""`/storage/wandb_artifacts/...` and `/artifactsV2/...`: the bytes of artifacts, up and down."""

import base64
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housing_sweep.errors import BadInput, NotFound, PermissionDenied
from housing_sweep.server.content.blobs import Blob
from housing_sweep.server.content.digests import Digests
from housing_sweep.server.edge.request import request_context
from housing_sweep.server.edge.signed_urls import bearer, cors, download, signed_scope
from housing_sweep.server.services import rights
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.artifacts import files, uploads, versions
from housing_sweep.server.store.artifacts.uploads import Part
from housing_sweep.server.store.artifacts.versions import Artifact, Manifest
from housing_sweep.server.store.projects import projects

Endpoint = Callable[[Request], Awaitable[Response]]


def artifact_file_endpoint(server: Server) -> Endpoint:
    """Return the endpoint of signed artifact URLs: PUT stores, GET sends."""

    async def endpoint(request: Request) -> Response:
        if request.method == "OPTIONS":
            return cors()
        if request.method == "PUT":
            return await _store(server, request)
        scope = signed_scope(server.services.signer, request, "get")
        sha256 = await server.run(lambda: _find(server, scope))
        name = scope.get("name", "wandb_manifest.json")
        return download(server.services.blobs.path(sha256), name)

    return endpoint


def _find(server: Server, scope: dict[str, str]) -> str:
    ctx, sha256 = bearer(server.services, scope), None
    manifest = versions.find_manifest(ctx.db, int(scope.get("manifest", 0)))
    artifact_id = manifest.artifact_id if manifest else int(scope.get("artifact", 0))
    artifact = versions.find_by_id(ctx.db, artifact_id)
    if artifact is not None:
        rights.require_download(ctx, manifest or artifact)
        file = None if manifest else files.find(ctx.db, artifact.id, scope["name"])
        sha256 = manifest.sha256 if manifest else file.sha256 if file else None
    if sha256 is None:
        raise NotFound(f"{scope.get('name', 'the manifest')!r} was never uploaded")
    return sha256


async def _store(server: Server, request: Request) -> Response:
    scope = signed_scope(server.services.signer, request, "put")
    await server.run(lambda: _draft(server, scope))
    blobs, chunks = server.services.blobs, request.stream()
    announced = Digests(scope.get("md5"), scope.get("xxh128"))
    if "upload" in scope:
        blob = await blobs.receive_part(scope["upload"], int(scope["part"]), chunks, announced)
    else:
        blob = await blobs.receive(chunks, announced)
    await server.run(lambda: _record(server, scope, blob))
    # In hex, as S3 does: the client completes a multipart upload with the ETags it was given.
    etag = base64.b64decode(blob.digests.md5 or "").hex()
    return JSONResponse({}, headers={"ETag": f'"{etag}"'})


def _record(server: Server, scope: dict[str, str], blob: Blob) -> None:
    db, now = server.services.database.connection(), server.services.clock()
    artifact, manifest = _draft(server, scope)
    if manifest is not None:
        versions.set_manifest(db, manifest.id, sha256=blob.sha256, size=blob.size)
    elif "upload" in scope:
        part = Part(int(scope["part"]), blob.digests.md5 or "", blob.size)
        uploads.keep_part(db, scope["upload"], artifact.id, part)
    else:
        files.record_upload(db, artifact.id, scope["name"], blob, now)


def _draft(server: Server, scope: dict[str, str]) -> tuple[Artifact, Manifest | None]:
    """Return the draft that an upload is for, and the manifest if it is that one's body."""
    ctx = bearer(server.services, scope)
    manifest = versions.find_manifest(ctx.db, int(scope.get("manifest", 0)))
    artifact_id = manifest.artifact_id if manifest else int(scope.get("artifact", 0))
    artifact = versions.find_by_id(ctx.db, artifact_id)
    if artifact is None or artifact.state != "PENDING":
        raise BadInput("this version is committed and cannot change")
    if not rights.writes(ctx, artifact):
        raise PermissionDenied(f"permission denied: {ctx.viewer.name} may not change this version")
    return artifact, manifest


def by_digest_endpoint(server: Server) -> Endpoint:
    """Return the SDK's fallback: `/artifactsV2/{region}/{entity}/{project}/.../{digest}/{name}`.

    It carries the API key instead of a token.
    Source: wandb/sdk/artifacts/storage_policies/wandb_storage_policy.py, `_file_url`.
    """

    async def endpoint(request: Request) -> Response:
        parts = request.path_params["path"].split("/")
        if len(parts) < 4:
            raise NotFound("no such artifact file")
        entity, project_name, name = parts[1], parts[2], parts[-1]
        try:
            digest = base64.b64encode(bytes.fromhex(parts[-2])).decode()
        except ValueError:
            raise NotFound(f"{parts[-2]!r} is not a digest in hex") from None

        def find() -> str:
            ctx = request_context(request, server.services)
            project = projects.require_readable(ctx.db, ctx.viewer, entity, project_name)
            if projects.role(ctx.db, ctx.viewer, project) == projects.LOOKS_ONLY:
                raise PermissionDenied(
                    f"permission denied: {ctx.viewer.name} may see {entity}/{project_name} but"
                    " not download from it",
                    fix="ask an admin of the registry for the viewer role",
                )
            for digests in (Digests(md5=digest), Digests(xxh128=digest)):
                for look in (files.stored, files.linked):
                    file = look(ctx.db, project.id, digests)
                    if file is not None and file.sha256 is not None:
                        return file.sha256
            raise NotFound(f"no file with digest {parts[-2]} in {entity}/{project_name}")

        return download(server.services.blobs.path(await server.run(find)), name)

    return endpoint
