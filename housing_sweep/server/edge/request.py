"""What a request says: who asks, and what its body holds."""

import base64
import binascii
import contextlib
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from threading import Lock
from typing import Any

from starlette.requests import Request

from housing_sweep.errors import BadInput, NotLoggedIn, TooLarge, Unavailable
from housing_sweep.server.rules import json_steps
from housing_sweep.server.rules.json_text import loads
from housing_sweep.server.services.config import LOGIN_BYTES, MAX_BODY_BYTES, MOST_BODY_BYTES
from housing_sweep.server.services.context import Context, Services
from housing_sweep.server.services.runtime import Server
from housing_sweep.server.store.people import keys


def request_context(request: Request, services: Services) -> Context:
    """Return the context of one request. Call it in the thread that uses the database."""
    db = services.database.connection()
    key = api_key(request.headers.get("authorization", ""))
    user, key_id = (keys.holder(db, key) if key else None) or (None, None)
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


class Bodies:
    """Reads the JSON bodies of one server's requests, within what they may hold together.

    A stranger's is read to `LOGIN_BYTES`, packed or not: no operation is open to strangers, so
    that more could only cost.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._bytes, self._lock = 0, Lock()

    @asynccontextmanager
    async def json(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """Hold the request's JSON object, gunzipped where it says so.

        Raises:
            BadInput: not gzip, not JSON, or not an object.
            TooLarge: larger than `MAX_BODY_BYTES`, as it came or unpacked.
            NotLoggedIn: larger than `LOGIN_BYTES`, of nobody who is known.
            Unavailable: all requests together hold as much as they may.
        """
        share = _Share(self)
        try:
            yield await self._read(request, share)
        finally:
            share.give_back()

    async def _read(self, request: Request, share: "_Share") -> dict[str, Any]:
        if _declared(request) > MAX_BODY_BYTES:
            raise _too_large("the request")
        packed = request.headers.get("content-encoding", "").strip().lower() == "gzip"
        raw, is_known = bytearray(), False
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > LOGIN_BYTES:
                if not is_known:
                    await self._require_known(request)
                    is_known = True
                share.take(len(chunk))
            if len(raw) > MAX_BODY_BYTES:
                raise _too_large("the request")
        plain = _unpacked_if_short(raw) if packed else bytes(raw)
        if plain is not None and len(plain) <= LOGIN_BYTES:
            return _object(plain.decode)
        if not is_known:
            await self._require_known(request)
        if plain is not None and len(plain) <= SHORT_BYTES:
            return await self._server.run(lambda: _object(plain.decode))
        return await self._server.run_reading(lambda: _large_object(bytes(raw), packed, share))

    async def _require_known(self, request: Request) -> None:
        """Refuse a stranger, once what it still sends was let pass, so that it hears of it.

        Raises:
            NotLoggedIn: no valid API key came.
        """
        services = self._server.services
        try:
            await self._server.run(lambda: request_context(request, services).viewer)
        except NotLoggedIn:
            await _let_pass(request)
            raise

    def take(self, count: int) -> None:
        """Count bytes as in use.

        Raises:
            Unavailable: there would be too many.
        """
        with self._lock:
            if self._bytes + count > MOST_BODY_BYTES:
                raise Unavailable("too many large requests at once", fix="try again in a moment")
            self._bytes += count

    def give_back(self, count: int) -> None:
        """Count bytes as free."""
        with self._lock:
            self._bytes -= count


class _Share:
    """What one request holds of all."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies, self._bytes = bodies, 0

    def take(self, count: int) -> None:
        self._bodies.take(count)
        self._bytes += count

    def give_back(self) -> None:
        self._bodies.give_back(self._bytes)
        self._bytes = 0


SHORT_BYTES = 2**20
"""JSON that is read in 0.1 s at most: a post of a run, not an attack on it."""

MEMORY_OF_TEXT = 4
"""Bytes that a byte of JSON takes when it is read: as bytes, as text, and what it says."""


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def _too_large(what: str) -> TooLarge:
    return TooLarge(
        f"{what} is larger than {MAX_BODY_BYTES} bytes",
        fix="send less at once, or log large data as a file or artifact",
    )


async def _let_pass(request: Request) -> None:
    """Read and forget a little; a client that has much more to say finds the line cut."""
    passed = 0
    with contextlib.suppress(RuntimeError):  # it was read to its end
        async for chunk in request.stream():
            passed += len(chunk)
            if passed > SHORT_BYTES:
                return


def _large_object(data: bytes, packed: bool, share: _Share) -> dict[str, Any]:
    if packed:
        data = _unpacked(data, MAX_BODY_BYTES, share.take)
    share.take(len(data) * MEMORY_OF_TEXT)
    return _object(lambda: json_steps.decode(data))


def _object(decode: Callable[[], str]) -> dict[str, Any]:
    try:
        text = decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"the request body is not UTF-8: {error.reason}") from None
    try:
        body = loads(text.removeprefix("\ufeff") or "{}")
    except BadInput as error:
        raise BadInput(f"the request body is {error.what}", fix=error.fix) from None
    if not isinstance(body, dict):
        raise BadInput("the request body is not a JSON object")
    return body


def _unpacked_if_short(data: bytes | bytearray) -> bytes | None:
    """Return what a gzipped body unpacks to, or None if that is more than `SHORT_BYTES`."""
    try:
        return _unpacked(data, SHORT_BYTES)
    except TooLarge:
        return None


def _nothing(_count: int) -> None:
    """Count nothing."""


def _unpacked(data: bytes | bytearray, most: int, take: Callable[[int], None] = _nothing) -> bytes:
    """Return the unpacked bytes, each step counted before the next.

    Raises:
        TooLarge: they would be more than `most`.
        BadInput: they are no gzip, or end too early.
    """
    unpacker, pieces, count = zlib.decompressobj(wbits=31), [], 0
    rest: bytes | bytearray = data
    while not unpacker.eof:
        try:
            piece = unpacker.decompress(rest, json_steps.STEP)
        except zlib.error as error:
            raise BadInput(f"the request body is no gzip: {error}") from None
        if not piece and not unpacker.eof:
            raise BadInput("the gzipped request is cut off")
        rest, count = unpacker.unconsumed_tail, count + len(piece)
        if count > most:
            raise _too_large("the unpacked request")
        take(len(piece))
        pieces.append(piece)
    return b"".join(pieces)
