"""HTTP around the endpoints: who asks, what the body holds, and what an error becomes.

Status codes are orders to the SDK: 4xx ends a call at once (and a file stream for good), 5xx is
retried for up to seven days. So a validation problem is never 5xx, and nothing transient is 4xx.
Source: wandb core/internal/clients/retry_policy.go, core/internal/filestream/filestream.go.
"""

import base64
import binascii
import errno
import json
import logging
import re
import sqlite3
import zlib
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from housing_sweep.errors import BadInput, HousingSweepError, Unavailable
from housing_sweep.server.services.config import MAX_BODY_BYTES
from housing_sweep.server.services.context import Context, Services
from housing_sweep.server.store.people import users

_log = logging.getLogger(__name__)
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # pages of runs must not leak signed URLs
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_TRANSIENT = ("locked", "busy", "full", "disk I/O", "unable to open")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def request_context(request: Request, services: Services) -> Context:
    """Return the context of one request. Call it in the thread that uses the database."""
    db = services.database.connection()
    key = api_key(request.headers.get("authorization", ""))
    return Context(
        services=services,
        db=db,
        base_url=f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}",
        user=users.user_by_key(db, key) if key else None,
        writer=writer(request.headers),
    )


def writer(headers: Mapping[str, str]) -> str | None:
    """Return which of a shared run's processes (`mode="shared"`) sent a request, or None."""
    if headers.get("x-wandb-use-async-filestream") != "true":
        return None
    return headers.get("x-wandb-async-client-id") or headers.get("x-wandb-client-id") or None


def own_context(services: Services) -> Context:
    """Return a context for the server's own work: nobody asks, no URL is answered."""
    return Context(services=services, db=services.database.connection(), base_url="", user=None)


def api_key(authorization: str) -> str | None:
    """Return the key of `Basic base64("api:" + KEY)`; the user name does not matter."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


async def json_body(request: Request) -> dict[str, Any]:
    """Return the request's JSON object, gunzipped where it says so.

    Raises:
        BadInput: too large, not gzip, not JSON, or not an object.
    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise BadInput(f"the request is larger than {MAX_BODY_BYTES} bytes")
    data = bytes(raw)
    try:
        if request.headers.get("content-encoding", "").lower() == "gzip":
            data = gunzip(data)
        body = json.loads(data or b"{}")
    except (zlib.error, ValueError) as error:
        raise BadInput(f"the request body is not JSON: {error}") from None
    except RecursionError:
        raise BadInput("the request body is nested too deeply") from None
    if not isinstance(body, dict):
        raise BadInput("the request body is not a JSON object")
    return body


def gunzip(data: bytes) -> bytes:
    """Return the unpacked bytes.

    Raises:
        BadInput: they would not fit the limit of a request, or end too early.
    """
    unpacker = zlib.decompressobj(wbits=31)
    plain = unpacker.decompress(data, MAX_BODY_BYTES)
    if unpacker.unconsumed_tail:
        raise BadInput(f"the unpacked request is larger than {MAX_BODY_BYTES} bytes")
    if not unpacker.eof:
        raise BadInput("the gzipped request is cut off")
    return plain


def as_ours(error: BaseException) -> HousingSweepError | None:
    """Return an error as one of ours, if it is one or stands for one; None is a bug of ours."""
    if isinstance(error, HousingSweepError):
        return error
    if isinstance(error, sqlite3.OperationalError) and any(t in str(error) for t in _TRANSIENT):
        return Unavailable(f"the database is not available: {error}", fix="try again")
    if isinstance(error, OSError) and error.errno in _FULL:
        return Unavailable(f"the disk is full: {error}", fix="free some space")
    return None


def error_response(error: HousingSweepError) -> Response:
    """Return what the client is told: the same shape for every endpoint."""
    headers = {"Retry-After": "2"} if isinstance(error, Unavailable) else None
    body = {"errors": [{"message": str(error)}], "error": str(error)}
    return JSONResponse(body, status_code=error.http_status, headers=headers)


async def on_error(_request: Request, error: Exception) -> Response:
    """Starlette's handler of last resort for errors raised by an endpoint."""
    ours = as_ours(error)
    if ours is not None:
        return error_response(ours)
    _log.error("bug in the server", exc_info=error)
    return JSONResponse({"errors": [{"message": "internal error"}]}, status_code=500)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer an address or a method that this server does not have, as the client can read it."""
    assert isinstance(error, HTTPException)
    what = f"{request.method} {request.url.path}: {error.detail}"
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(
            f"<!doctype html><title>{error.detail}</title><h1>{error.detail}</h1>"
            '<p><a href="/">Back to the start</a></p>',
            status_code=error.status_code,
        )
    body = {"errors": [{"message": what}], "error": what}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


class Guard:
    """Middleware: refuses a malformed Host, and tells browsers not to guess, frame or refer.

    The host is what returned URLs are built from, so it must at least be one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            refusal = error_response(BadInput(f"the Host header {hosts!r} is not one host"))
            await refusal(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)
