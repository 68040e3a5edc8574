"""`/storage/runs/...`: the bytes of run files, up and down, by signed URL."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from housing_sweep.errors import NotFound, PermissionDenied
from housing_sweep.server.edge.signed_urls import bearer, cors, download, signed_scope
from housing_sweep.server.services import rights
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import write
from housing_sweep.server.store.runs import files, runs
from housing_sweep.server.store.runs.runs import Run, RunId

Endpoint = Callable[[Request], Awaitable[Response]]


def run_file_endpoint(server: Server) -> Endpoint:
    """Return the endpoint of run files: PUT stores, GET sends, OPTIONS answers browsers."""

    async def endpoint(request: Request) -> Response:
        if request.method == "OPTIONS":
            return cors()
        if request.method == "PUT":
            return await _store(server, request)
        scope = signed_scope(server.services.signer, request, "get")

        def find() -> str:
            ctx = bearer(server.services, scope)
            run = runs.get(ctx.db, RunId(int(scope["run"])))
            rights.require_download(ctx, run)
            file = files.find(ctx.db, run.id, scope["name"])
            if file is None or file.sha256 is None:
                raise NotFound(f"run file {scope['name']!r} was never uploaded")
            return file.sha256

        path = server.services.blobs.path(await server.run(find))
        return download(path, scope["name"])

    return endpoint


async def _store(server: Server, request: Request) -> Response:
    scope = signed_scope(server.services.signer, request, "put")
    await server.run(lambda: _writable(server, scope))
    blob = await server.services.blobs.receive(request.stream())

    def record() -> None:
        db = server.services.database.connection()
        with write(db):
            run = _writable(server, scope)
            files.record_upload(db, run.id, scope["name"], blob, server.services.clock())

    await server.run(record)
    return JSONResponse({}, headers={"ETag": f'"{blob.digests.md5}"'})


def _writable(server: Server, scope: dict[str, str]) -> Run:
    ctx = bearer(server.services, scope)
    run = runs.get(ctx.db, RunId(int(scope["run"])))
    if not rights.writes(ctx, run):
        raise PermissionDenied(f"permission denied: {ctx.viewer.name} may not change this run")
    return run
