"""URLs that authorise themselves: what a token vouches for, and how bytes are answered."""

import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from housing_sweep.errors import PermissionDenied
from housing_sweep.server.services.signing import Signer


def signed_scope(signer: Signer, request: Request, allows: str) -> dict[str, str]:
    """Return what a request's token vouches for.

    Raises:
        PermissionDenied: no token, a bad or old one, or one for something else.
    """
    scope = signer.check(request.query_params.get("token", ""))
    if scope.get("allows") != allows:
        raise PermissionDenied(f"this URL does not allow to {allows}")
    return scope


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
