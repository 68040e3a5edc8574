"""What a request must be, and who asks."""

import asyncio
import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from housing_sweep.errors import BadInput
from housing_sweep.server.edge import request as ours
from tests.support.bare_http import bare_request
from tests.support.local_server import LocalServer

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


@pytest.mark.slow
def test_graphql_takes_posts_with_a_key_only(local_server: LocalServer) -> None:
    assert bare_request(local_server, "GET", "/graphql")[0] == 405
    assert bare_request(local_server, "POST", "/graphql", json.dumps(VIEWER).encode())[0] == 401
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
