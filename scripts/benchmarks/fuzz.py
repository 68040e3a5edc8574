"""Send a server requests as no client should, by the hundred thousand; say what it made of them.

    scripts/bench fuzz                       100,000 requests, seed 1
    scripts/bench fuzz --requests 5000 --seed 7
    scripts/bench fuzz --only 4711           one of them again, with its answer

They are made from the GraphQL schema and from every address that the server has. Wanted are: no
5xx (but 501, which says that W&B has it and this server has not), no traceback, at most one line
of log for a refusal, no slow request, and level memory.
"""

import argparse
import collections
import http.client
import re
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from client import BenchServer

from housing_sweep.server.app import make_app, make_server
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.services.config import ServerConfig
from tests.support.strange_requests import Known, Strange, StrangeRequests, furnish

FURNISH_EVERY = 2000
"""Requests until what others deleted is made again."""

_FAILED = "the connection failed"


class Sender:
    """One keep-alive connection that sends requests as they are."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._connection: http.client.HTTPConnection | None = None

    def send(self, strange: Strange) -> int | str:
        """Send one request; return the status, or what happened instead."""
        if strange.hangs_up:
            return self._hang_up(strange)
        try:
            return self._exchange(strange)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return f"{_FAILED}: {type(error).__name__}"

    def _exchange(self, strange: Strange) -> int:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=120)
        connection = self._connection
        connection.putrequest(
            strange.method,
            strange.target,
            skip_host="host" in strange.headers,
            skip_accept_encoding=True,
        )
        for name, value in {"content-length": str(len(strange.body)), **strange.headers}.items():
            connection.putheader(name, value)
        connection.endheaders(strange.body)
        answer = connection.getresponse()
        if answer.getheader("content-type", "").startswith("text/event-stream"):
            self.close()  # it has no end
            return answer.status
        answer.read()
        if answer.will_close:
            self.close()
        return answer.status

    def _hang_up(self, strange: Strange) -> str:
        head = f"{strange.method} {strange.target} HTTP/1.1\r\nhost: x\r\n"
        head += "".join(f"{k}: {v}\r\n" for k, v in strange.headers.items() if k != "host")
        body = strange.body[: len(strange.body) // 2]
        with socket.create_connection(self._address, timeout=120) as line:
            line.sendall(f"{head}content-length: {len(strange.body) + 9}\r\n\r\n".encode() + body)
        return "hung up"

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Tally:
    """What came of all requests."""

    def __init__(self) -> None:
        self.statuses: collections.Counter[int | str] = collections.Counter()
        self.bad: list[tuple[int, str, int | str]] = []
        self.slowest: list[tuple[float, int, str]] = []
        self._lock = threading.Lock()

    def add(self, number: int, strange: Strange, status: int | str, seconds: float) -> None:
        """Count one."""
        with self._lock:
            self.statuses[status] += 1
            if (isinstance(status, int) and status >= 500 and status != 501) or (
                isinstance(status, str) and status.startswith(_FAILED)
            ):
                self.bad.append((number, strange.kind, status))
            self.slowest = sorted([*self.slowest, (seconds, number, strange.kind)], reverse=True)[
                :5
            ]


def main() -> int:
    """Send them; return 1 if one of them was answered badly."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--log", type=Path, help="where to keep the server's log")
    parser.add_argument("--only", type=int, help="the number of one request")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        server = BenchServer(Path(folder), python=sys.executable)
        server.start()
        try:
            known = furnished(server, Path(folder))
            makes = StrangeRequests(Api().schema, known, options.seed)
            if options.only is not None:
                return show(server, makes.request(options.only))
            return fuzz(server, makes, options.requests, options.threads)
        finally:
            if options.log is not None:
                options.log.write_text(server.log())
            server.stop()


def furnished(server: BenchServer, folder: Path) -> Known:
    """Return what the server holds, after making it, and which addresses it has."""
    own = make_server(ServerConfig(data_dir=folder / "routes"))
    routes = [route.path for route in make_app(own).routes if hasattr(route, "path")]
    own.close()
    names, paths = furnish(lambda query, **v: _ask(server, query, **v), _put, server.user)
    return Known(server.api_key, names, paths, routes)


def _ask(server: BenchServer, query: str, **variables: object) -> object:
    status, answer = server.post("/graphql", {"query": query, "variables": variables})
    if status != 200 or answer.get("errors"):
        raise LookupError(f"{status} {answer}")
    return answer["data"]


def _put(url: str, body: bytes) -> None:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("PUT", f"/{path}", body)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def show(server: BenchServer, strange: Strange) -> int:
    """Print one request and its answer."""
    print(strange.method, strange.target, strange.headers)
    print(strange.body[:3000].decode("utf-8", "replace"))
    sender = Sender(_address(server))
    print("->", sender.send(strange))
    sender.close()
    print(server.log())
    return 0


def _address(server: BenchServer) -> tuple[str, int]:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return host, int(port)


def fuzz(server: BenchServer, makes: StrangeRequests, count: int, threads: int) -> int:
    """Send `count` requests over some connections at once; print what came of it."""
    tally, began = Tally(), time.monotonic()
    memory_before = server.peak_memory_kb()

    def work(first: int) -> None:
        sender = Sender(_address(server))
        for number in range(first, count, threads):
            strange = makes.request(number)
            start = time.monotonic()
            status = sender.send(strange)
            tally.add(number, strange, status, time.monotonic() - start)
            if number % FURNISH_EVERY == 0:
                refurnish(server)
        sender.close()

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - began
    status, _ = server.graphql("{ viewer { id } }")
    return report(server, tally, count, seconds, memory_before, alive=status == 200)


def refurnish(server: BenchServer) -> None:
    """Make again what is gone; some of it may be in the way."""
    try:
        furnish(lambda query, **v: _ask(server, query, **v), _put, server.user)
    except (LookupError, TypeError) as error:
        print(f"not made again: {str(error)[:150]}")


def report(
    server: BenchServer, tally: Tally, count: int, seconds: float, memory_kb: int, *, alive: bool
) -> int:
    """Print the figures; return whether something is wrong."""
    log = server.log()
    print(f"{count} requests in {seconds:.0f} s")
    ordered = sorted(tally.statuses.items(), key=lambda item: str(item[0]))
    print("statuses:", ", ".join(f"{status}: {number}" for status, number in ordered))
    tracebacks = log.count("Traceback (most recent call last)")
    lines = log.splitlines()
    print(f"log: {len(lines)} lines, {tracebacks} tracebacks")
    for kind, number in collections.Counter(tracebacks_of(log)).most_common(40):
        print(f"  {number:5} {kind}")
    for number, kind, status in tally.bad[:30]:
        print(f"  request {number} ({kind}): {status}")
    for wall, number, kind in tally.slowest:
        print(f"slow: {wall:.2f} s, request {number} ({kind})")
    peak_kb = server.peak_memory_kb()
    print(f"memory of the server: {memory_kb // 1024} MB before, peak {peak_kb // 1024} MB")
    if not alive:
        print("the owner's key is no longer taken, or the server is gone")
    return int(bool(tally.bad or tracebacks or not alive))


def tracebacks_of(log: str) -> list[str]:
    """Return the error of each traceback, and the line of ours that was nearest to it."""
    kinds = []
    for block in log.split("Traceback (most recent call last):")[1:]:
        error = re.search(r"^[\w.]+(?:Error|Exception|Warning|Disconnect)?(?::.*)?$", block, re.M)
        ours = re.findall(r"housing_sweep/(\S+)\", line (\d+), in (\w+)", block)
        kinds.append(
            f"{error.group()[:110] if error else '?'}  {':'.join(ours[-1]) if ours else ''}"
        )
    return kinds


if __name__ == "__main__":
    sys.exit(main())
