"""`/storage/runs/...`: the bytes of run files, up and down, by signed URL."""

import mimetypes
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from housing_sweep.errors import NotFound, PermissionDenied
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.db import write
from housing_sweep.server.store.runs import files, runs
from housing_sweep.server.store.runs.runs import RunId

Endpoint = Callable[[Request], Awaitable[Response]]


def signed_scope(server: Server, request: Request, allows: str) -> dict[str, str]:
    """Return what a request's token vouches for.

    Raises:
        PermissionDenied: no token, a bad or old one, or one for something else.
    """
    scope = server.services.signer.check(request.query_params.get("token", ""))
    if scope.get("allows") != allows:
        raise PermissionDenied(f"this URL does not allow to {allows}")
    return scope


def download(path: Path, name: str, request: Request) -> Response:
    """Return a stored file as a download; never shown inline, as it may be hostile HTML."""
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return FileResponse(
        path,
        media_type=media_type,
        filename=name.rsplit("/", 1)[-1],
        headers={"X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"},
    )


def run_file_endpoint(server: Server) -> Endpoint:
    """Return the endpoint of run files: PUT stores, GET sends, OPTIONS answers browsers."""

    async def endpoint(request: Request) -> Response:
        if request.method == "OPTIONS":
            return cors()
        if request.method == "PUT":
            return await _store(server, request)
        scope = signed_scope(server, request, "get")

        def find() -> str:
            db = server.services.database.connection()
            file = files.find(db, RunId(int(scope["run"])), scope["name"])
            if file is None or file.sha256 is None:
                raise NotFound(f"run file {scope['name']!r} was never uploaded")
            return file.sha256

        path = server.services.blobs.path(await server.run(find))
        return download(path, scope["name"], request)

    return endpoint


async def _store(server: Server, request: Request) -> Response:
    scope = signed_scope(server, request, "put")
    run_id, now = RunId(int(scope["run"])), server.services.clock
    await server.run(lambda: _require(server, run_id))
    blob = await server.services.blobs.receive(request.stream())

    def record() -> None:
        db = server.services.database.connection()
        with write(db):
            _require(server, run_id)
            files.store(db, run_id, scope["name"], blob, now())

    await server.run(record)
    return JSONResponse({}, headers={"ETag": f'"{blob.digests.md5}"'})


def _require(server: Server, run_id: RunId) -> None:
    if runs.by_id(server.services.database.connection(), run_id) is None:
        raise NotFound("the run of this file was deleted")


def cors() -> Response:
    """Return the answer to a browser's preflight; `wandb verify` asks for it."""
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, PUT, OPTIONS",
            "Access-Control-Allow-Headers": "*",
        },
    )
