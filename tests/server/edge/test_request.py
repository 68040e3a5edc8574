"""What a request must be, and who asks."""

import asyncio
import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from housing_sweep.errors import BadInput, NotLoggedIn, TooLarge, Unavailable
from housing_sweep.server.edge import request as ours
from housing_sweep.server.services.config import LOGIN_BYTES, MAX_BODY_BYTES
from tests.support.bare_http import bare_request, basic
from tests.support.inprocess import House
from tests.support.local_server import LocalServer

VIEWER = {"query": "{ viewer { username } }"}


def request(body: bytes, **headers: str) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}
    return Request({**scope, "server": ("test", 80)}, receive)


@pytest.fixture
def parsed(house: House, ann_key: str) -> Callable[..., dict[str, Any]]:
    """Reads one body, as it is sent by Ann, or by nobody."""
    bodies = ours.Bodies(house.server)

    def read(body: bytes, *, stranger: bool = False, **headers: str) -> dict[str, Any]:
        sent = headers if stranger else {"authorization": basic(ann_key), **headers}

        async def held() -> dict[str, Any]:
            async with bodies.json(request(body, **sent)) as content:
                return content

        return asyncio.run(held())

    return read


Parsed = Callable[..., dict[str, Any]]
GZIP = {"content_encoding": "gzip"}


def zeros(count: int) -> bytes:
    """Return a gzipped JSON object that is mostly one text."""
    return gzip.compress(b'{"a": "' + b"0" * count + b'"}', mtime=0)


def test_a_body_is_a_json_object_plain_or_gzipped(parsed: Parsed) -> None:
    assert parsed(b'{"a": [1]}') == {"a": [1]}
    assert parsed(b"") == {}
    assert parsed(gzip.compress(b'{"a": NaN}', mtime=0), **GZIP).keys() == {"a"}


@pytest.mark.parametrize("size", [1000, LOGIN_BYTES + 1, ours.SHORT_BYTES + 1])
def test_a_body_of_any_size_is_the_same_plain_or_gzipped(parsed: Parsed, size: int) -> None:
    content = {"a": "é" * (size // 2), "b": [1, {"c": None}]}
    body = json.dumps(content, ensure_ascii=False).encode()
    assert parsed(body) == parsed(gzip.compress(body), **GZIP) == content


def test_half_a_character_becomes_a_question_mark(parsed: Parsed) -> None:
    assert parsed(b'{"a": "\\ud800", "\\udfff": 1}') == {"a": "?", "?": 1}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{", {}),
        (b"[1]", {}),
        (b"null", {}),
        (b"\xff\xfe{}", {}),
        (b"[" * 200_000, {}),
        (b'{"a":' * 200_000, {}),
        (b'{"a": ' + b"9" * 5000 + b"}", {}),
        (b"{}", GZIP),
        (b"", GZIP),
        (gzip.compress(b'{"a": 1}', mtime=0)[:-9], GZIP),
        pytest.param(b'{"a": [' + b"[]," * 1_000_000 + b"1]}", {}, marks=pytest.mark.slow),
    ],
)
def test_anything_else_is_refused_as_a_mistake_of_the_client(
    parsed: Parsed, body: bytes, headers: dict[str, str]
) -> None:
    with pytest.raises(BadInput):
        parsed(body, **headers)


def test_a_body_beyond_the_limit_is_refused_also_when_it_is_gzipped(
    parsed: Parsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "MAX_BODY_BYTES", 2_000_000)
    with pytest.raises(TooLarge, match="larger than 2000000"):
        parsed(b'{"a": "' + b"x" * 2_000_000 + b'"}')
    bomb = zeros(3_000_000)
    assert len(bomb) < 10_000
    with pytest.raises(TooLarge, match="larger than 2000000"):
        parsed(bomb, **GZIP)


def test_a_body_that_says_it_is_too_large_is_not_read(parsed: Parsed) -> None:
    with pytest.raises(TooLarge):
        parsed(b"{}", content_length=str(MAX_BODY_BYTES + 1))


def test_of_a_stranger_no_more_is_read_than_login_needs(parsed: Parsed) -> None:
    assert parsed(b'{"a": 1}', stranger=True) == {"a": 1}
    assert parsed(zeros(1000), stranger=True, **GZIP)
    large = b'{"a": "' + b"x" * LOGIN_BYTES + b'"}'
    for body, headers in ((large, {}), (zeros(LOGIN_BYTES), GZIP), (zeros(10**7), GZIP)):
        with pytest.raises(NotLoggedIn):
            parsed(body, stranger=True, **headers)
        assert parsed(body, **headers)


def test_all_bodies_together_hold_so_much_and_give_it_back(
    house: House, ann_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "MOST_BODY_BYTES", 20_000_000)
    bodies, body = ours.Bodies(house.server), b'{"a": "' + b"x" * 3_000_000 + b'"}'

    async def two() -> None:
        async with bodies.json(request(body, authorization=basic(ann_key))):
            with pytest.raises(Unavailable, match="too many large requests"):
                async with bodies.json(request(body, authorization=basic(ann_key))):
                    pass
        async with bodies.json(request(body, authorization=basic(ann_key))) as content:
            assert len(content["a"]) == 3_000_000

    asyncio.run(two())


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
