"""What an error becomes on HTTP and in the log, and what every answer tells browsers.

Status codes are orders to the SDK: 4xx ends a call at once (and a file stream for good), 5xx is
retried for up to seven days. So a validation problem is never 5xx, and nothing transient is 4xx.
Source: wandb core/internal/clients/retry_policy.go, core/internal/filestream/filestream.go.
"""

import logging
import re

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from housing_sweep.errors import BadInput, HousingSweepError, Unavailable, plain
from housing_sweep.server.store.failures import as_ours

_log = logging.getLogger(__name__)
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # pages of runs must not leak signed URLs
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def error_response(error: HousingSweepError) -> Response:
    """Return what the client is told: the same shape for every endpoint."""
    headers = {"Retry-After": "2"} if isinstance(error, Unavailable) else None
    body = {"errors": [{"message": str(error)}], "error": str(error)}
    return JSONResponse(body, status_code=error.http_status, headers=headers)


def log_refusal(request: Request, status: int, why: str) -> None:
    """Write the one line that a refused request leaves."""
    line = plain(f"{request.method} {request.url.path}: {why}"[:LONGEST_LINE])
    _log.log(logging.WARNING if status in _MISTAKES else logging.INFO, "%s %s", status, line)


LONGEST_LINE = 300
"""Characters of a refusal in the log: it holds what the client sent."""

_MISTAKES = frozenset({400, 413, 422, 499})
"""What a good client does not do; that it asks for what is not there, or not its own, it does."""


async def on_error(request: Request, error: Exception) -> Response:
    """Return what an error raised by an endpoint is answered with; only bugs leave a traceback."""
    if isinstance(error, ClientDisconnect):
        log_refusal(request, 499, "the client went away")
        return Response(status_code=499)
    ours = as_ours(error)
    if ours is not None:
        log_refusal(request, ours.http_status, ours.what)
        return error_response(ours)
    _log.error("bug in the server: %s", plain(str(request.url.path)), exc_info=error)
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
            why = BadInput(f"the Host header {hosts!r:.80} is not one host")
            log_refusal(Request(scope), why.http_status, why.what)
            await error_response(why)(scope, receive, send)
            return

        began = False

        async def guarded(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception as error:
            if began and isinstance(error, ClientDisconnect):
                return
            if began:  # too late to say anything else
                raise
            answer = await on_error(Request(scope), error)
            await answer(scope, receive, guarded)
