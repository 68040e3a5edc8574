"""Write down what one version of the SDK sends, and what the server answers: a golden conversation.

A recording proxy stands between the SDK and a server of its own, which plays a short story: a run
with files and a table, a sweep with an agent, an artifact, a registry link, reading back. The
conversation goes to `tests/wire/VERSION.json.gz`; `tests/wire/test_wire.py` says it again to the
server as it is now, without the SDK. A new release of the SDK becomes a diff of two conversations:

    scripts/record_wire 0.31.0
    scripts/record_wire --diff 0.30.0 0.31.0
"""

import argparse
import http.client
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.wire.conversation import Exchange, read, spoken, write  # noqa: E402

HOP = {"connection", "content-length", "transfer-encoding", "host", "accept-encoding"}
"""Headers of one hop; the proxy asks for plain bodies."""

STORY = ROOT / "tests" / "wire" / "story.py"


class Recorder(ThreadingHTTPServer):
    """A proxy before a server that writes every exchange down, in the order of their ends."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Proxy)
        self.target = urlsplit(target)
        self.exchanges: list[Exchange] = []
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients leave as they like."""

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b"".join(self._chunks())
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
        target = self.server.target
        connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=600)
        # The server signs URLs for the address that it is asked at: the proxy's.
        headers["Host"] = self.headers.get("Host", "")
        connection.request(self.command, self.path, body=body or None, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        with self.server.lock:
            self.server.exchanges.append(
                Exchange(self.command, self.path, dict(headers), body, response.status, answer)
            )
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        connection.close()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    do_GET = do_POST = do_PUT = do_HEAD = do_OPTIONS = do_DELETE = _pass

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def record(python: str) -> list[Exchange]:
    """Return the conversation of the story, told by the SDK of a Python environment."""
    from tests.support.local_server import LocalServer

    with tempfile.TemporaryDirectory() as folder:
        server = LocalServer(Path(folder)).start()
        recorder = Recorder(server.env["WANDB_BASE_URL"])
        threading.Thread(target=recorder.serve_forever, daemon=True).start()
        try:
            env = {**server.env, "WANDB_BASE_URL": recorder.url, "WANDB_CORE_DEBUG": "false"}
            subprocess.run([python, str(STORY)], env=env, cwd=env["HOME"], check=True, timeout=600)
        finally:
            recorder.shutdown()
            server.stop()
        return [_anonymous(exchange) for exchange in recorder.exchanges]


def _anonymous(exchange: Exchange) -> Exchange:
    """Return an exchange that does not tell on which machine it was recorded."""
    host = f'"host":"{socket.gethostname()}"'.encode()
    return replace(exchange, body=exchange.body.replace(host, b'"host":"a-host"'))


def main() -> int:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("versions", nargs="+", help="of wandb")
    parser.add_argument("--python", default=sys.executable, help="that has this version")
    parser.add_argument("--diff", action="store_true", help="name what one says and the other not")
    options = parser.parse_args()
    if options.diff:
        old, new = (spoken(read(version)) for version in options.versions)
        for line in sorted(old - new):
            print(f"- {line}")
        for line in sorted(new - old):
            print(f"+ {line}")
        return 0
    [version] = options.versions
    exchanges = record(options.python)
    path = write(version, exchanges)
    print(f"{len(exchanges)} exchanges in {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
