"""An HTTP server that passes everything on to another, until it is told to stumble."""

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class StumblingProxy:
    """In front of a backend, in a thread of this process. Use it in a `with` block.

    Attributes:
        url: its address.
        answer: (status, body) of every GraphQL request from now on; None passes them on.
        seen: every request: path, headers and body, as one text.
    """

    def __init__(self, target: str) -> None:
        self.answer: tuple[int, bytes] | None = None
        self.seen: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._pass_on(None)

            def do_POST(self) -> None:
                self._pass_on(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            do_PUT = do_POST

            def _pass_on(self, body: bytes | None) -> None:
                proxy.seen.append(f"{self.path}\n{self.headers}\n{body!r}")
                status, content, kind = proxy.answer_to(target, self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer nothing any more."""
        self._server.shutdown()
        self._server.server_close()

    def answer_to(
        self, target: str, path: str, headers: object, body: bytes | None
    ) -> tuple[int, bytes, str]:
        """Return status, content and content type of what is answered to a request."""
        if self.answer is not None and path.startswith("/graphql"):
            return *self.answer, "application/json"
        kept = ("authorization", "content-type", "user-agent", "content-encoding")
        given = {k: v for k, v in headers.items() if k.lower() in kept}  # type: ignore[attr-defined]
        request = urllib.request.Request(target + path, body, given)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, reply.read(), reply.headers.get("Content-Type", "")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers.get("Content-Type", "")
