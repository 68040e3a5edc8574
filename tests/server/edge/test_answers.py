"""Which order an answer's status gives to the SDK, and what every answer tells browsers."""

import asyncio
import json
import sqlite3

import pytest
from starlette.requests import ClientDisconnect, Request

from housing_sweep import errors
from housing_sweep.server.edge.answers import error_response, on_error
from housing_sweep.server.store.failures import as_ours
from tests.support.bare_http import bare_request
from tests.support.local_server import LocalServer


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
    known = as_ours(error)
    assert known is not None
    answer = error_response(known)
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) is (status == 503)
    body = json.loads(bytes(answer.body))
    assert body["errors"][0]["message"] == body["error"] == str(known)


def answered(error: Exception) -> int:
    scope = {"type": "http", "method": "GET", "path": "/a\nb", "query_string": b"", "headers": []}
    return asyncio.run(on_error(Request({**scope, "server": ("test", 80)}), error)).status_code


def test_a_refusal_is_one_line_and_only_a_bug_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert answered(errors.BadInput("x\ny" * 1000)) == 400
    assert answered(sqlite3.OperationalError("database is locked")) == 503
    assert answered(ClientDisconnect()) == 499
    assert [record.exc_info for record in caplog.records] == [None, None]  # 503 is not shown
    assert all(len(r.getMessage().splitlines()) == 1 for r in caplog.records)
    assert all(len(r.getMessage()) < 400 for r in caplog.records)
    caplog.clear()
    assert answered(KeyError("x")) == 500
    assert caplog.records[0].exc_info is not None


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/nope", "/sdk/otel/v1/metrics", "/..%2f..%2fetc"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_an_unknown_address_is_not_found(local_server: LocalServer, method: str, path: str) -> None:
    status, headers, body = bare_request(
        local_server, method, path, b"" if method == "POST" else None
    )
    assert status == 404
    assert headers["content-type"] == "application/json"
    if method != "HEAD":
        assert path.partition("%")[0] in json.loads(body)["errors"][0]["message"]


@pytest.mark.slow
def test_telemetry_is_told_to_stay_off(local_server: LocalServer) -> None:
    """The SDK probes without a key; 404 ends it, anything else is tried again."""
    assert bare_request(local_server, "POST", "/sdk/otel/v1/metrics", b"")[0] == 404


@pytest.mark.slow
@pytest.mark.parametrize("host", ["", "a b", "evil/path", "a@b", "x:999999", "<script>"])
def test_a_malformed_host_is_refused(local_server: LocalServer, host: str) -> None:
    assert bare_request(local_server, "GET", "/healthz", host=host)[0] == 400


@pytest.mark.slow
@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8080", "my-proxy.example.org"])
def test_any_wellformed_host_is_served(local_server: LocalServer, host: str) -> None:
    """Through a proxy or a tunnel the host is another one, and returned URLs must begin with it."""
    assert bare_request(local_server, "GET", "/healthz", host=host)[0] == 200


@pytest.mark.slow
def test_every_answer_tells_browsers_not_to_guess_frame_or_refer(
    local_server: LocalServer,
) -> None:
    for path in ("/healthz", "/nope", "/"):
        _, headers, _ = bare_request(local_server, "GET", path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers
