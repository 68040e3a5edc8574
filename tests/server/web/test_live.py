"""Open pages hear of changes: when, who, and until when."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

from housing_sweep.server.web.live import message
from tests.support.bare_http import bare_request, basic
from tests.support.local_server import LocalServer

UPSERT = """
mutation($e: String, $p: String, $r: String, $n: String) {
  upsertBucket(input: {entityName: $e, modelName: $p, name: $r, notes: $n}) { bucket { id } }
}
"""


def change(server: LocalServer, entity: str, project: str, run: str, notes: str = "x") -> None:
    status, answer = server.graphql(UPSERT, e=entity, p=project, r=run, n=notes)
    assert status == 200, answer
    assert "errors" not in answer, answer


def owner(server: LocalServer) -> str:
    _, answer = server.graphql("{ viewer { username } }")
    return str(answer["data"]["viewer"]["username"])


class Stream:
    """The answer to `GET /live`, read word by word."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.answer = answer

    def word(self) -> dict[str, str]:
        """Return the next event, or comment, as its fields; empty at the end."""
        fields: dict[str, str] = {}
        while line := self.answer.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields


@contextmanager
def listening(server: LocalServer, key: str, **topic: str) -> Iterator[Stream]:
    """Open a stream, from its first word on."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    try:
        connection.request(
            "GET", f"/live?{urlencode(topic)}", headers={"authorization": basic(key)}
        )
        stream = Stream(connection.getresponse())
        assert stream.answer.status == 200
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert "retry" in stream.word()
        yield stream
        stream.answer.close()
    finally:
        connection.close()


def test_a_word_is_one_server_sent_event() -> None:
    assert message("change", {"kinds": ["a\nb"]}) == 'event: change\ndata: {"kinds": ["a\\nb"]}\n\n'


@pytest.mark.slow
def test_a_page_hears_of_its_own_run_and_of_no_other(local_server: LocalServer) -> None:
    entity = owner(local_server)
    for run in ("mine", "other"):
        change(local_server, entity, "live", run)
    where = {"entity": entity, "project": "live"}
    with (
        listening(local_server, local_server.api_key, **where, run="mine") as mine,
        listening(local_server, local_server.api_key, **where) as everything,
    ):
        change(local_server, entity, "live", "other")
        assert everything.word()["event"] == "change"
        change(local_server, entity, "live", "mine")
        word = mine.word()
        assert word["event"] == "change"
        assert json.loads(word["data"]) == {"kinds": ["RunChanged"], "missed": False}


@pytest.mark.slow
def test_who_may_not_see_a_page_may_not_watch_it(local_server: LocalServer) -> None:
    entity, folder = owner(local_server), ("--data-dir", str(local_server.data_dir), "--json")
    change(local_server, entity, "live", "mine")
    eve = json.loads(local_server.cli("housing-sweep", "users", "add", "live-eve", *folder).stdout)[
        "api_key"
    ]

    def status(key: str | None, **topic: str) -> int:
        headers = {} if key is None else {"authorization": basic(key)}
        return bare_request(local_server, "GET", f"/live?{urlencode(topic)}", None, **headers)[0]

    where = {"entity": entity, "project": "live", "run": "mine"}
    assert status(None, **where) == 401
    assert status(local_server.api_key) == 400
    for key, names in [
        (local_server.api_key, {**where, "run": "none"}),
        (local_server.api_key, {**where, "project": "none"}),
        (eve, {"entity": "nobody", "project": "live"}),
    ]:
        assert status(key, **names) == 404


@pytest.mark.slow
def test_a_reader_who_was_sent_away_is_told_nothing_more(local_server: LocalServer) -> None:
    folder = ("--data-dir", str(local_server.data_dir), "--json")
    me = owner(local_server)

    def cli(*command: str) -> str:
        return local_server.cli("housing-sweep", *command, *folder).stdout

    key = json.loads(cli("users", "add", "live-guest"))["api_key"]
    cli("orgs", "add", "live-org", "--admin", me)
    cli("orgs", "add-member", "live-org", "live-guest")
    cli("teams", "add", "live-team", "--org", "live-org", "--admin", me)
    cli("teams", "add-member", "live-team", "live-guest")
    change(local_server, "live-team", "p", "one")
    with listening(local_server, key, entity="live-team", project="p") as stream:
        change(local_server, "live-team", "p", "one")
        assert stream.word()["event"] == "change"
        cli("teams", "remove-member", "live-team", "live-guest")
        change(local_server, "live-team", "p", "one")
        assert stream.word()["event"] == "gone"
        assert stream.word() == {}


@pytest.mark.slow
def test_a_server_that_stops_ends_its_streams_in_order(own_server: LocalServer) -> None:
    entity = owner(own_server)
    change(own_server, entity, "live", "mine")
    with listening(own_server, own_server.api_key, entity=entity, project="live") as stream:
        own_server.stop()
        assert stream.word() == {}
    assert "graceful shutdown exceeded" not in own_server.log()


@pytest.mark.slow
def test_the_script_is_ours_and_pages_name_what_they_show(local_server: LocalServer) -> None:
    status, headers, script = bare_request(local_server, "GET", "/static/live.js")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert b"EventSource" in script
    entity = owner(local_server)
    change(local_server, entity, "live", "mine")
    _, _, page = bare_request(
        local_server,
        "GET",
        f"/{entity}/live/runs/mine",
        authorization=basic(local_server.api_key),
        accept="text/html",
    )
    assert f'data-live="/live?entity={entity}&amp;project=live&amp;run=mine"' in page.decode()
