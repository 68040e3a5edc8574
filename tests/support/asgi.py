"""One request to the application itself: no process, no socket, no client's good manners."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette

from housing_sweep.server.app import make_app
from housing_sweep.server.services.runtime import Server
from tests.support.bare_http import basic


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Asker:
    """Asks the application of a server in this process."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.app: Starlette = make_app(server)

    def request(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """Send one request to a path with its query; an absolute URL loses its host."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(method, target, body, fields)

    def ask_graphql(self, key: str, query: str, variables: Mapping[str, object]) -> Answer:
        """Send one GraphQL request with a key."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        return self.send("POST", "/graphql", body, {"authorization": basic(key)})

    def hang_up(self, method: str, target: str, body: bytes) -> Answer:
        """Send the beginning of a request, and go away."""
        return self.send(method, target, body, {}, hangs_up=True)

    def send(
        self,
        method: str,
        target: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        hangs_up: bool = False,
    ) -> Answer:
        """Send one request with headers as they are."""
        path, _, query = target.removeprefix("http://test").partition("?")
        fields = {"host": "test", **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.encode(), v.encode()) for k, v in fields.items()],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
        }
        messages: list[dict[str, Any]] = []

        unread: list[dict[str, Any]] = [
            *([{"type": "http.disconnect"}] if hangs_up else []),
            {"type": "http.request", "body": body, "more_body": hangs_up},
        ]

        async def receive() -> dict[str, Any]:
            if not unread:
                await asyncio.Event().wait()  # the client neither sends more nor goes away
            return unread.pop()

        async def send(message: Any) -> None:
            messages.append(message)

        async def exchange() -> None:
            try:
                await self.app(scope, receive, send)
            except Exception:  # noqa: BLE001  Starlette raises again what it has answered with 500
                assert messages, "no answer"

        asyncio.run(exchange())
        start = messages[0]
        return Answer(
            start["status"],
            {k.decode().lower(): v.decode() for k, v in start["headers"]},
            b"".join(message.get("body", b"") for message in messages[1:]),
        )
