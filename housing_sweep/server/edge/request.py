"""What a request says: who asks, and what its body holds."""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from housing_sweep.errors import BadInput
from housing_sweep.server.services.config import MAX_BODY_BYTES
from housing_sweep.server.services.context import Context, Services
from housing_sweep.server.store.people import keys


def request_context(request: Request, services: Services) -> Context:
    """Return the context of one request. Call it in the thread that uses the database."""
    db = services.database.connection()
    given = api_key(request.headers.get("authorization", ""))
    user, key_id = (keys.holder(db, given) if given else None) or (None, None)
    return Context(
        services=services,
        db=db,
        base_url=f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}",
        user=user,
        login={} if key_id is None else {"key": str(key_id)},
        writer=writer(request.headers),
    )


def writer(headers: Mapping[str, str]) -> str | None:
    """Return which of a shared run's processes (`mode="shared"`) sent a request, or None."""
    if headers.get("x-wandb-use-async-filestream") != "true":
        return None
    return headers.get("x-wandb-async-client-id") or headers.get("x-wandb-client-id") or None


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
