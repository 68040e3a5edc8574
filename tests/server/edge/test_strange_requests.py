"""Requests as no client should send them: each is answered, none is a bug, each leaves one line.

`scripts/bench fuzz` sends a hundred thousand of them to a server in a process of its own.
"""

import logging

import pytest

from tests.support.asgi import Asker
from tests.support.inprocess import House, shared_api
from tests.support.strange_requests import Known, StrangeRequests, furnish

STREAM = "/live"
"""The one address whose answer has no end."""


@pytest.fixture
def strange(house: House, asker: Asker, ann_key: str) -> StrangeRequests:
    """Strange requests to a house with one of each thing, as Ann."""

    def put(url: str, body: bytes) -> None:
        assert asker.request("PUT", url, body).status == 200

    names, paths = furnish(lambda query, **v: house.ask("ann", query, **v), put, "ann")
    routes = [route.path for route in asker.app.routes if hasattr(route, "path")]
    known = Known(ann_key, names, paths, [path for path in routes if path != STREAM])
    return StrangeRequests(shared_api().schema, known, seed=20)


def check(
    asker: Asker, strange: StrangeRequests, numbers: range, caplog: pytest.LogCaptureFixture
) -> None:
    """Send some of the requests."""
    caplog.set_level(logging.INFO)
    for number in numbers:
        request = strange.request(number)
        if request.target.startswith(STREAM):
            continue
        caplog.clear()
        answer = asker.send(request.method, request.target, request.body, request.headers)
        assert answer.status < 500 or answer.status == 501, f"{number}: {request}"
        assert [record.exc_info for record in caplog.records if record.exc_info] == [], number
        refusals = [r for r in caplog.records if r.name.startswith("housing_sweep.server.edge")]
        assert len(refusals) <= 1, f"{number}: {[r.getMessage() for r in refusals]}"
        assert all("\n" not in r.getMessage() for r in refusals), number


def test_a_hundred_strange_requests_are_answered_without_a_bug(
    asker: Asker, strange: StrangeRequests, caplog: pytest.LogCaptureFixture
) -> None:
    check(asker, strange, range(100), caplog)


@pytest.mark.slow
def test_a_thousand_strange_requests_are_answered_without_a_bug(
    asker: Asker, strange: StrangeRequests, caplog: pytest.LogCaptureFixture
) -> None:
    check(asker, strange, range(100, 1100), caplog)


def test_a_number_stands_for_one_request(strange: StrangeRequests) -> None:
    assert strange.request(7) == strange.request(7) != strange.request(8)


QUERIES: dict[str, tuple[str, dict[str, object]]] = {
    "a truth value for a text": ("query($n: String) { project(name: $n) { id } }", {"n": True}),
    "a list for an id": ("query($n: ID!) { artifact(id: $n) { id } }", {"n": [1]}),
    "a number beyond 64 bits": (
        'query($n: Int64) { project(name: "fuzz") { run(name: "r1") { history(minStep: $n) } } }',
        {"n": 2**63},
    ),
    "an id beyond 64 bits": (
        "query($n: ID!) { artifact(id: $n) { id } }",
        {"n": "QXJ0aWZhY3Q6OTIyMzM3MjAzNjg1NDc3NTgwOA=="},
    ),
    "a page that is no number": (
        'query($n: Int) { project(name: "fuzz") { runs(first: $n) { edges { node { id } } } } }',
        {"n": "ten"},
    ),
    "filters that are no JSON": (
        'query($f: JSONString) { project(name: "fuzz") { runCount(filters: $f) } }',
        {"f": "{nope"},
    ),
    "filters that are no text": (
        'query($f: JSONString) { project(name: "fuzz") { runCount(filters: $f) } }',
        {"f": {"a": 1}},
    ),
    "a pattern that is none": (
        'query($f: JSONString) { project(name: "fuzz") { runCount(filters: $f) } }',
        {"f": '{"name": {"$regex": "("}}'},
    ),
    "a spec that explodes": (
        "mutation($c: String) { upsertSweep(input: {config: $c}) { sweep { id } } }",
        {"c": "a: &a [*a, *a]"},
    ),
    "a variable that must be there": ("query($n: ID!) { artifact(id: $n) { id } }", {}),
}


def test_a_value_of_the_wrong_kind_is_the_clients_mistake(
    asker: Asker, strange: StrangeRequests, caplog: pytest.LogCaptureFixture
) -> None:
    for name, (query, variables) in QUERIES.items():
        caplog.clear()
        answer = asker.ask_graphql(strange.key, query, variables)
        assert answer.status == 400, f"{name}: {answer.body!r}"
        assert [record.levelname for record in caplog.records] == ["WARNING"], name
        assert caplog.records[0].exc_info is None, name


def test_half_a_character_is_no_bug_wherever_it_comes(
    asker: Asker, strange: StrangeRequests, caplog: pytest.LogCaptureFixture
) -> None:
    run = """mutation($t: String!, $j: JSONString) { upsertBucket(input: {name: "r3",
        modelName: "fuzz", notes: $t, displayName: $t, config: $j, tags: [$t]}) {
        bucket { notes tags } } }"""
    document = '{"\\ud800": {"value": "\\udfff"}}'
    for text in ("\ud800", "a\udfffb"):
        answer = asker.ask_graphql(strange.key, run, {"t": text, "j": document})
        assert answer.status == 200, answer.body
        assert b'"errors"' not in answer.body
    assert caplog.records == []


def test_a_client_that_hangs_up_leaves_one_line(
    asker: Asker, ann_key: str, caplog: pytest.LogCaptureFixture
) -> None:
    for target in ("/graphql", "/files/ann/p/r/file_stream"):
        caplog.clear()
        asker.hang_up("POST", target, b'{"query": "')
        (record,) = caplog.records
        assert record.exc_info is None
        assert "went away" in record.getMessage()


ADDRESSES = [
    *("/?after=%00", "/login?next=%ff", "/ann/fuzz?order=%2B&after=zzz&metric=%00", "/ann/%00"),
    *("/ann/fuzz?after=QQ==&order=config.", "/ann/fuzz?order=nope", "/ann/fuzz/runs/%ed%a0%80"),
    *("/ann/fuzz/artifacts/model/nets/v99999999999999999999999", "/ann/registry/model?x=[]"),
    *("/orgs/%7B%7B/registry/a%2Fb", "/ann/fuzz/sweeps/%27%3B--", "/static/../../etc/passwd"),
    *("/artifactsV2/a/b", "/artifactsV2/x/ann/fuzz/zz/name", "/artifactsV2/x/ann/fuzz/00/%00"),
    *("/storage/runs/x?token=", "/storage/runs/x?token=a.b.c", "/storage/wandb_artifacts/x"),
    *("/" + "a/" * 500, "/ann/" + "p" * 5000, "/ann/fuzz?after=" + "9" * 4000),
]


def test_an_address_with_odd_parameters_is_refused_or_shown(
    asker: Asker, strange: StrangeRequests, caplog: pytest.LogCaptureFixture
) -> None:
    for address in ADDRESSES:
        for accept in ("text/html", "*/*"):
            answer = asker.send("GET", address, b"", {**strange.headers, "accept": accept})
            assert answer.status < 500, address
    assert [record for record in caplog.records if record.exc_info] == []
