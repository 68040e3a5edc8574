"""What a request must be, who asks, and which order the answer's status gives to the SDK."""

import asyncio
import base64
import gzip
import http.client
import json
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from housing_sweep import errors
from housing_sweep.errors import BadInput, HousingSweepError, Unavailable
from housing_sweep.server.edge import request as ours
from tests.support.local_server import PATIENCE, LocalServer

VIEWER = {"query": "{ viewer { username } }"}


def request(body: bytes, **headers: str) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


def parsed(body: bytes, **headers: str) -> dict[str, Any]:
    return asyncio.run(ours.json_body(request(body, **headers)))


def test_a_body_is_a_json_object_plain_or_gzipped() -> None:
    assert parsed(b'{"a": [1]}') == {"a": [1]}
    assert parsed(b"") == {}
    assert parsed(gzip.compress(b'{"a": NaN}', mtime=0), content_encoding="gzip").keys() == {"a"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{", {}),
        (b"[1]", {}),
        (b"null", {}),
        (b"\xff\xfe{}", {}),
        (b"[" * 200_000, {}),
        (b'{"a":' * 200_000, {}),
        (b"{}", {"content_encoding": "gzip"}),
        (gzip.compress(b'{"a": 1}', mtime=0)[:-9], {"content_encoding": "gzip"}),
    ],
)
def test_anything_else_is_refused_as_a_mistake_of_the_client(
    body: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(BadInput):
        parsed(body, **headers)


def test_a_body_beyond_the_limit_is_refused_also_when_it_is_gzipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ours, "MAX_BODY_BYTES", 1000)
    with pytest.raises(BadInput, match="larger than 1000"):
        parsed(b'{"a": "' + b"x" * 2000 + b'"}')
    bomb = gzip.compress(b'{"a": "' + b"x" * 100_000 + b'"}', mtime=0)
    assert len(bomb) < 1000
    with pytest.raises(BadInput, match="larger than 1000"):
        parsed(bomb, content_encoding="gzip")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_key_is_what_stands_behind_the_colon(key: str) -> None:
    sent = base64.b64encode(f"api:{key}".encode()).decode()
    assert ours.api_key(f"Basic {sent}") == key
    assert ours.api_key(f"basic {sent}") == key


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !", "Bearer abc", "Basic YXBp", "Basic /w=="]
)
def test_anything_else_is_no_key(header: str) -> None:
    assert ours.api_key(header) is None


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BadInput("x"), 400),
        (errors.NotLoggedIn("x"), 401),
        (errors.PermissionDenied("x"), 403),
        (errors.NotFound("x"), 404),
        (errors.Conflict("x"), 409),
        (errors.NotSupported("x"), 501),
        (errors.Unavailable("x"), 503),
        (sqlite3.OperationalError("database is locked"), 503),
        (sqlite3.OperationalError("database or disk is full"), 503),
    ],
)
def test_only_what_a_retry_can_heal_is_retried(error: Exception, status: int) -> None:
    known = ours.as_ours(error)
    assert known is not None
    answer = ours.error_response(known)
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) is (status == 503)
    body = json.loads(bytes(answer.body))
    assert body["errors"][0]["message"] == body["error"] == str(known)


def test_a_bug_is_nobodys_but_ours() -> None:
    assert ours.as_ours(KeyError("x")) is None
    assert ours.as_ours(sqlite3.OperationalError("no such column: x")) is None
    assert isinstance(ours.as_ours(sqlite3.OperationalError("disk I/O error")), Unavailable)
    assert isinstance(HousingSweepError("x"), Exception)


def ask(
    server: LocalServer,
    method: str,
    path: str,
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """Send one request as it is, without a client's good manners."""
    host = server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=PATIENCE)
    connection.putrequest(method, path, skip_host="host" in headers)
    sent = {"content-length": str(len(body))} if body is not None else {}
    for name, value in {**sent, **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    shown = (answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    connection.close()
    return shown


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/nope", "/sdk/otel/v1/metrics", "/..%2f..%2fetc"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_an_unknown_address_is_not_found(local_server: LocalServer, method: str, path: str) -> None:
    status, headers, body = ask(local_server, method, path, b"" if method == "POST" else None)
    assert status == 404
    assert headers["content-type"] == "application/json"
    if method != "HEAD":
        assert path.partition("%")[0] in json.loads(body)["errors"][0]["message"]


@pytest.mark.slow
def test_telemetry_is_told_to_stay_off(local_server: LocalServer) -> None:
    """The SDK probes without a key; 404 ends it, anything else is tried again."""
    assert ask(local_server, "POST", "/sdk/otel/v1/metrics", b"")[0] == 404


@pytest.mark.slow
def test_graphql_takes_posts_with_a_key_only(local_server: LocalServer) -> None:
    assert ask(local_server, "GET", "/graphql")[0] == 405
    assert ask(local_server, "POST", "/graphql", json.dumps(VIEWER).encode())[0] == 401
    for key in ("x" * 40, "", local_server.api_key[:-1], local_server.api_key + "0"):
        status, answer = local_server.post("/graphql", VIEWER, key)
        assert (status, answer["errors"][0]["message"].splitlines()[0]) == (
            401,
            "user is not logged in",
        )
    assert local_server.post("/graphql", VIEWER)[0] == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": 3},
        {"query": "{ viewer { username } }", "variables": [1]},
        {"query": "{ viewer { username } }", "operationName": "Nope"},
        {"query": "{ viewer { username } }", "operationName": 3},
        {"query": "{ viewer { " * 5000},
    ],
)
def test_a_malformed_request_is_refused_for_good(local_server: LocalServer, body: object) -> None:
    status, answer = local_server.post("/graphql", body)
    assert status == 400
    assert answer["errors"][0]["message"]


@pytest.mark.slow
def test_a_body_of_ten_megabytes_passes(local_server: LocalServer) -> None:
    """`wandb verify` sends one."""
    asked = {**VIEWER, "variables": {"desc": "a" * 10**7}}
    assert local_server.post("/graphql", asked)[0] == 200


@pytest.mark.slow
@pytest.mark.parametrize("host", ["", "a b", "evil/path", "a@b", "x:999999", "<script>"])
def test_a_malformed_host_is_refused(local_server: LocalServer, host: str) -> None:
    assert ask(local_server, "GET", "/healthz", host=host)[0] == 400


@pytest.mark.slow
@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8080", "my-proxy.example.org"])
def test_any_wellformed_host_is_served(local_server: LocalServer, host: str) -> None:
    """Through a proxy or a tunnel the host is another one, and returned URLs must begin with it."""
    assert ask(local_server, "GET", "/healthz", host=host)[0] == 200


@pytest.mark.slow
def test_every_answer_tells_browsers_not_to_guess_frame_or_refer(
    local_server: LocalServer,
) -> None:
    for path in ("/healthz", "/nope", "/"):
        _, headers, _ = ask(local_server, "GET", path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


@pytest.mark.slow
def test_uploads_and_downloads_need_a_signature(local_server: LocalServer) -> None:
    for path in ("/storage/runs/x/y", "/storage/wandb_artifacts/x"):
        for method in ("GET", "PUT"):
            status, _, _ = ask(local_server, method, path, b"data" if method == "PUT" else None)
            assert status == 403
            status, _, _ = ask(local_server, method, f"{path}?token=forged.x.y", b"")
            assert status == 403
        status, headers, _ = ask(
            local_server, "OPTIONS", path, origin="http://x", access_control_request_method="GET"
        )
        assert status == 204
        assert headers["access-control-allow-origin"] == "*"
