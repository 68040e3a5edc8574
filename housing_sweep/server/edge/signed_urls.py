"""URLs that authorise themselves: what a token vouches for, and how bytes are answered."""

import mimetypes
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from housing_sweep.errors import PermissionDenied
from housing_sweep.server.services.context import Context, Services
from housing_sweep.server.services.signing import Signer
from housing_sweep.server.store.people import keys, sessions, users


def signed_scope(signer: Signer, request: Request, allows: str) -> dict[str, str]:
    """Return what a request's token vouches for.

    Raises:
        PermissionDenied: no token, a bad or old one, or one for something else.
    """
    scope = signer.check(request.query_params.get("token", ""))
    if scope.get("allows") != allows:
        raise PermissionDenied(f"this URL does not allow to {allows}")
    return scope


def bearer(services: Services, scope: Mapping[str, str]) -> Context:
    """Return a context of who a URL was made for, if they are still here and logged in.

    Call it in a thread that uses the database. What they may do is asked anew by the endpoint: a
    URL is good for no longer than the role that it was made by.

    Raises:
        PermissionDenied: the user was removed, the key deleted, or the session ended.
    """
    db = services.database.connection()
    user = users.user_by_id(db, users.UserId(int(scope.get("user", 0))))
    gone = user is None or user.deleted_at is not None
    if "key" in scope:
        gone = gone or keys.find_by_id(db, int(scope["key"])) is None
    if "session" in scope:
        gone = gone or sessions.find(db, int(scope["session"])) is None
    if gone:
        raise PermissionDenied(
            "this URL was made for a login that has ended", fix="log in and ask for a new one"
        )
    return Context(services=services, db=db, base_url="", user=user)


def download(path: Path, name: str) -> Response:
    """Return a stored file as a download; never shown inline, as it may be hostile HTML."""
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return FileResponse(
        path,
        media_type=media_type,
        filename=name.rsplit("/", 1)[-1],
        headers={"X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"},
    )


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
