"""`POST /graphql`: who may ask, what a request is, and which order an error gives to the SDK."""

import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput, Conflict, Unavailable
from housing_sweep.server.store.people import users
from tests.support.asgi import Answer, Asker
from tests.support.bare_http import basic

VIEWER = {"query": "{ viewer { username } }"}


def ask(asker: Asker, key: str, body: object) -> Answer:
    """Send one request."""
    return asker.request("POST", "/graphql", json.dumps(body).encode(), authorization=basic(key))


def message(answer: Answer) -> str:
    """Return what an error says."""
    content: dict[str, Any] = json.loads(answer.body)
    return str(content["errors"][0]["message"])


def test_who_holds_a_key_is_answered(asker: Asker, ann_key: str) -> None:
    answer = ask(asker, ann_key, VIEWER)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.body) == {"data": {"viewer": {"username": "ann"}}}


def test_no_operation_is_open_to_strangers(asker: Asker, ann_key: str) -> None:
    for key in ("x" * 40, "", ann_key[:-1]):
        answer = ask(asker, key, {"query": "{ serverInfo { cliVersionInfo } }"})
        assert answer.status == 401
        assert message(answer).startswith("user is not logged in")
    assert asker.request("POST", "/graphql", json.dumps(VIEWER).encode()).status == 401
    assert asker.request("GET", "/graphql").status == 405


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": 3},
        {**VIEWER, "variables": [1]},
        {**VIEWER, "operationName": "Nope"},
        {**VIEWER, "operationName": 3},
        {"query": "{ viewer { nosuch } }"},
        {"query": "{ viewer { " * 5000},
    ],
)
def test_a_malformed_request_is_refused_for_good(asker: Asker, ann_key: str, body: object) -> None:
    answer = ask(asker, ann_key, body)
    assert answer.status == 400
    assert message(answer)


def test_an_empty_operation_name_is_none(asker: Asker, ann_key: str) -> None:
    body = {**VIEWER, "operationName": "", "variables": None}
    assert ask(asker, ann_key, body).status == 200


@pytest.mark.parametrize(
    ("error", "operation", "status"),
    [
        (BadInput("x"), "Viewer", 400),
        (Conflict("x"), "Viewer", 409),
        (Conflict("x"), "UpsertBucket", 400),
        (Unavailable("x"), "Viewer", 503),
        (ArithmeticError("x"), "Viewer", 200),
    ],
)
def test_the_first_error_gives_the_order(
    asker: Asker,
    ann_key: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    operation: str,
    status: int,
) -> None:
    def fail(*_ignored: object) -> None:
        raise error

    monkeypatch.setattr(users, "entity_of_user", fail)
    monkeypatch.setattr(users, "default_entity", fail)
    query = f"query {operation} {{ viewer {{ username entity }} }}"
    answer = ask(asker, ann_key, {"query": query, "operationName": operation})
    assert answer.status == status
    assert "x" in message(answer)
    assert ("bug in a resolver" in caplog.text) is (status == 200)
