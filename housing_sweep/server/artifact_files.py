"""`/storage/wandb_artifacts/...` and `/artifactsV2/...`: the bytes of artifacts, up and down."""

import base64
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housing_sweep.errors import BadInput, NotFound, PermissionDenied
from housing_sweep.server.blobs import check_md5
from housing_sweep.server.files import cors, download, signed_scope
from housing_sweep.server.http import request_context
from housing_sweep.server.runtime import Server
from housing_sweep.server.store import artifacts, projects, uploads
from housing_sweep.server.store.collections import ArtifactId
from housing_sweep.server.store.uploads import Part

Endpoint = Callable[[Request], Awaitable[Response]]


def artifact_file_endpoint(server: Server) -> Endpoint:
    """Return the endpoint of signed artifact URLs: PUT stores, GET sends."""

    async def endpoint(request: Request) -> Response:
        if request.method == "OPTIONS":
            return cors()
        if request.method == "PUT":
            return await _store(server, request)
        scope = signed_scope(server, request, "get")
        sha256 = await server.run(lambda: _find(server, scope))
        name = scope.get("name", "wandb_manifest.json")
        return download(server.services.blobs.path(sha256), name, request)

    return endpoint


def _find(server: Server, scope: dict[str, str]) -> str:
    db = server.services.database.connection()
    if "manifest" in scope:
        manifest = artifacts.manifest_by_id(db, int(scope["manifest"]))
        sha256 = manifest.sha256 if manifest else None
    else:
        file = artifacts.file(db, ArtifactId(int(scope["artifact"])), scope["name"])
        sha256 = file.sha256 if file else None
    if sha256 is None:
        raise NotFound(f"{scope.get('name', 'the manifest')!r} was never uploaded")
    return sha256


async def _store(server: Server, request: Request) -> Response:
    scope = signed_scope(server, request, "put")
    blob = await server.services.blobs.receive(request.stream())
    check_md5(blob, scope.get("md5") or None)

    def record() -> None:
        db, now = server.services.database.connection(), server.services.clock()
        manifest = artifacts.manifest_by_id(db, int(scope.get("manifest", 0)))
        artifact_id = manifest.artifact_id if manifest else int(scope.get("artifact", 0))
        artifact = artifacts.by_id(db, artifact_id)
        if artifact is None or artifact.state != "PENDING":
            raise BadInput("this version is committed and cannot change")
        if manifest is not None:
            artifacts.set_manifest(db, manifest.id, sha256=blob.sha256, size=blob.size)
            return
        if "upload" in scope:
            part = Part(int(scope["part"]), blob.md5, blob.sha256, blob.size)
            uploads.keep_part(db, scope["upload"], artifact.id, part)
            return
        artifacts.store_file(
            db,
            artifact.id,
            scope["name"],
            md5=blob.md5,
            sha256=blob.sha256,
            size=blob.size,
            now=now,
        )

    await server.run(record)
    # In hex, as S3 does: the client completes a multipart upload with the ETags it was given.
    etag = base64.b64decode(blob.md5).hex()
    return JSONResponse({}, headers={"ETag": f'"{etag}"'})


def by_digest_endpoint(server: Server) -> Endpoint:
    """Return the SDK's fallback: `/artifactsV2/{region}/{entity}/{project}/.../{md5}/{name}`.

    It carries the API key instead of a token.
    Source: wandb/sdk/artifacts/storage_policies/wandb_storage_policy.py, `_file_url`.
    """

    async def endpoint(request: Request) -> Response:
        parts = request.path_params["path"].split("/")
        if len(parts) < 4:
            raise NotFound("no such artifact file")
        entity, project_name, name = parts[1], parts[2], parts[-1]
        try:
            md5 = base64.b64encode(bytes.fromhex(parts[-2])).decode()
        except ValueError:
            raise NotFound(f"{parts[-2]!r} is not an MD5") from None

        def find() -> str:
            ctx = request_context(request, server.services)
            project = projects.require_readable(ctx.db, ctx.viewer, entity, project_name)
            if projects.role(ctx.db, ctx.viewer, project) == projects.LOOKS_ONLY:
                raise PermissionDenied(
                    f"permission denied: {ctx.viewer.name} may see {entity}/{project_name} but"
                    " not download from it",
                    fix="ask an admin of the registry for the viewer role",
                )
            file = artifacts.find_by_md5(ctx.db, project.id, md5) or artifacts.find_linked_by_md5(
                ctx.db, project.id, md5
            )
            if file is None or file.sha256 is None:
                raise NotFound(f"no file with MD5 {parts[-2]} in {entity}/{project_name}")
            return file.sha256

        return download(server.services.blobs.path(await server.run(find)), name, request)

    return endpoint
