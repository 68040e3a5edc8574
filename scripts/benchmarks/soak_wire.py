"""One client of the soak: requests over a keep-alive connection, sent again as the SDK does."""

import asyncio
import base64
import gzip
import json
import random
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

PROJECT = "soak"
PATIENCE = 60.0
"""Seconds until an answer counts as lost."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 4.0
"""Seconds until a request is sent again; the SDK's are longer."""


class Refused(Exception):
    """The server said that this will never work."""


class Wire:
    """One connection, opened again whenever it breaks.

    Args:
        url: of the server.
        api_key: whose.
        user: their name.
        noted: called with (seconds, status) of every answer.
    """

    def __init__(
        self, url: str, api_key: str, user: str, noted: Callable[[float, int], None]
    ) -> None:
        self._host, self._port = url.removeprefix("http://").split(":")
        self._key, self.user, self._noted = api_key, user, noted
        credentials = base64.b64encode(f"api:{api_key}".encode()).decode()
        self._auth = {"Authorization": f"Basic {credentials}"}
        self._cookie = ""
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def ask(self, query: str, **variables: object) -> Any:
        """Send a GraphQL request until it is answered; return its data."""
        answer = await self._until_answered("/graphql", {"query": query, "variables": variables})
        if answer.get("errors"):
            raise Refused(str(answer["errors"])[:200])
        return answer["data"]

    async def stream(self, run: str, **body: object) -> Any:
        """Post to a run's file stream until that is acknowledged."""
        return await self._until_answered(f"/files/{self.user}/{PROJECT}/{run}/file_stream", body)

    async def put(self, url: str, content: bytes) -> bool:
        """Send a file to a signed URL; return whether it was stored, False for a new URL."""
        path = "/" + url.split("/", 3)[3]
        wait = FIRST_WAIT
        while True:
            try:
                status, _ = await self._once("PUT", path, content, {})
            except (OSError, EOFError, TimeoutError):
                status = 0
            if status == 200:
                return True
            if 400 <= status < 500:
                return False
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    async def page(self, path: str) -> int:
        """Return the status of a page, logged in."""
        try:
            if not self._cookie:
                await self._log_in()
            status, _ = await self._once("GET", path, b"", {"Cookie": self._cookie})
        except (OSError, EOFError, TimeoutError):
            return 0
        if status in (302, 303, 401):
            self._cookie = ""
        return status

    async def _log_in(self) -> None:
        form = urlencode({"key": self._key, "next": "/"}).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://{self._host}:{self._port}",
        }
        _, cookies = await self._once("POST", "/login", form, headers, want_cookie=True)
        self._cookie = cookies.decode()

    async def nonsense(self, rng: random.Random) -> str:
        """Send something that nobody should; return the kind of answer."""
        path = rng.choice(
            ["/graphql", f"/files/{self.user}/{PROJECT}/writer0/file_stream", "/storage/runs/x",
             "/artifactsV2/x/y/z", "/live?project=1", "/login", "/\x7f", "/" + "a" * 5000]
        )  # fmt: skip
        body = rng.choice(
            [rng.randbytes(200), b"{", b"[]", b"null", gzip.compress(b"x" * 10**6)[:-9], b"\xff",
             b'{"files": {"wandb-history.jsonl": {"offset": -1, "content": 7}}}',
             b'{"files": {"wandb-history.jsonl": {"offset": 1e99, "content": ["x"]}}}',
             b'{"query": "{ viewer { ' + b"a { " * 200, b'{"query": 7}', b'{"query": "\\ud800"}',
             json.dumps({"query": "{ __typename }", "variables": {"x": 2**70}}).encode()]
        )  # fmt: skip
        headers = rng.choice([{}, {"Content-Encoding": "gzip"}, {"Authorization": "Basic ="}])
        try:
            if rng.random() < 0.2:
                return await self._hang_up(path, body)
            status, _ = await self._once("POST", path, body, headers, anonymous="Auth" in headers)
        except (OSError, EOFError, TimeoutError, ValueError):
            self.close()
            return "hung up"
        return f"{status // 100}xx"

    async def _hang_up(self, path: str, body: bytes) -> str:
        _, writer = await asyncio.open_connection(self._host, int(self._port))
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body) + 9}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()
        return "cut off"

    async def _until_answered(self, path: str, body: object) -> Any:
        content, wait = json.dumps(body).encode(), FIRST_WAIT
        while True:
            try:
                status, data = await self._once("POST", path, content, {})
            except (OSError, EOFError, TimeoutError):
                self.close()
            else:
                if status == 200:
                    return json.loads(data)
                if 400 <= status < 500 and status not in (408, 429):
                    raise Refused(f"{status} {data[:200].decode(errors='replace')}")
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    async def _once(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        *,
        anonymous: bool = False,
        want_cookie: bool = False,
    ) -> tuple[int, bytes]:
        """Send one request; return status and body, or the cookie that came."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                status, data, cookie = await self._exchange(method, path, body, headers, anonymous)
        except BaseException:
            self.close()
            raise
        self._noted(time.monotonic() - began, status)
        return status, cookie if want_cookie else data

    async def _exchange(
        self, method: str, path: str, body: bytes, headers: dict[str, str], anonymous: bool
    ) -> tuple[int, bytes, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, int(self._port))
        reader, writer = self._streams
        lines = {
            "Host": f"{self._host}:{self._port}",
            "Content-Length": str(len(body)),
            **({} if anonymous or "Cookie" in headers else self._auth),
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        await writer.drain()
        status_line = await reader.readline()
        if not status_line:
            raise EOFError
        status = int(status_line.split()[1])
        length, chunked, cookie, leave = 0, False, b"", False
        while (line := await reader.readline()) not in (b"\r\n", b"\n"):
            if not line:
                raise EOFError
            name, _, value = line.partition(b":")
            match name.strip().lower():
                case b"content-length":
                    length = int(value)
                case b"transfer-encoding":
                    chunked = b"chunked" in value
                case b"set-cookie":
                    cookie = value.strip().partition(b";")[0]
                case b"connection":
                    leave = b"close" in value
        data = await self._chunks(reader) if chunked else await reader.readexactly(length)
        if leave:
            self.close()
        return status, data, cookie

    async def _chunks(self, reader: asyncio.StreamReader) -> bytes:
        data = b""
        while size := int((await reader.readline()).strip() or b"0", 16):
            data += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return data
