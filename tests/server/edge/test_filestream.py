"""A run's stream, post by post, without a server: lines by number, ends, and what is refused."""

import dataclasses
import itertools
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.chores import reaper
from housing_sweep.server.edge import filestream
from housing_sweep.server.edge.filestream import in_pieces, take
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.runs import history, runs
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.steady import Steady
from tests.support.examples import examples
from tests.support.inprocess import START, House

HISTORY, EVENTS, LOG = "wandb-history.jsonl", "wandb-events.jsonl", "output.log"


class Stream:
    """One run of a house, and its posts."""

    def __init__(self, house: House) -> None:
        self.house, self.db = house, house.db
        user = house.user("ann")
        project = projects.ensure(house.db, user, None, "p", now=START)
        made = runs.create(house.db, project.id, "one", user_id=user.id, state="running", now=START)
        self.id = made.id

    @property
    def ctx(self) -> Context:
        """A request's context."""
        return Context.own(self.house.server.services)

    @property
    def run(self) -> Run:
        """The run as it is now."""
        return runs.get(self.db, self.id)

    def post(self, files: Mapping[str, object] | None = None, **body: object) -> Run:
        """Take one post, in a transaction of its own."""
        with write(self.db):
            take(self.ctx, self.run, {"files": files or {}, **body})
        return self.run

    def log(self, first: int, count: int, of: str = HISTORY) -> Run:
        """Post `count` lines from `first` on."""
        return self.post({of: {"offset": first, "content": rows(first, count)}})

    def wait(self, seconds: float) -> None:
        """Let time pass in which nobody says a word."""
        database = self.house.server.services.database
        ticks = itertools.chain([0.0], itertools.repeat(seconds))
        database.steady = Steady(database.steady.now(), lambda: next(ticks))

    def steps(self) -> list[int]:
        """The steps of the history."""
        return [json.loads(line)["_step"] for line in history.lines(self.db, self.id)]


def rows(first: int, count: int) -> list[str]:
    """Return history lines with steps from `first` on."""
    return [json.dumps({"_step": i, "_timestamp": START + i}) for i in range(first, first + count)]


@pytest.fixture
def stream(house: House) -> Stream:
    """A running run."""
    return Stream(house)


def test_a_chunk_that_comes_twice_is_stored_once(stream: Stream) -> None:
    for first in (0, 0, 3, 0, 3):
        stream.log(first, 3)
    assert stream.steps() == list(range(6))
    assert stream.run.history_lines == 6


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), max_size=12))
@examples(30)
def test_whatever_is_sent_again_the_history_is_one_line_a_number(
    tmp_path_factory: pytest.TempPathFactory, posts: list[tuple[int, int]]
) -> None:
    house = House(tmp_path_factory.mktemp("stream"))
    stream, held = Stream(house), 0
    for back, count in posts:
        first = max(0, held - back)
        stream.log(first, count)
        held = max(held, first + count)
        assert stream.run.history_lines == held
    assert stream.steps() == list(range(held))
    house.close()


def test_a_gap_is_refused_and_leaves_no_trace(stream: Stream) -> None:
    stream.log(0, 2)
    summary = {"offset": 0, "content": ['{"loss": 1}']}
    late = {"offset": 3, "content": rows(3, 1)}
    with pytest.raises(BadInput, match=r"only 2 lines are stored.*\n.*wandb sync"):
        stream.post({"wandb-summary.json": summary, HISTORY: late})
    assert stream.steps() == [0, 1]
    assert stream.run.summary == "{}"


def test_console_lines_may_be_written_anew_and_may_leave_gaps(stream: Stream) -> None:
    stream.post({LOG: {"offset": 0, "content": ["10%", "20%"]}})
    stream.post({LOG: {"offset": 1, "content": ["99%"]}})
    stream.post({LOG: {"offset": 4, "content": ["end"]}})
    assert history.log(stream.db, stream.id, after=-1, limit=9) == [
        (0, "10%"),
        (1, "99%"),
        (4, "end"),
    ]
    assert stream.run.log_lines == 5


def test_of_a_summary_the_last_one_counts(stream: Stream) -> None:
    stream.post({"wandb-summary.json": {"offset": 0, "content": ['{"a": 1}', '{"a": 2}']}})
    assert json.loads(stream.run.summary) == {"a": 2}
    stream.post({"wandb-summary.json": {"offset": 0, "content": []}})
    assert json.loads(stream.run.summary) == {"a": 2}


def test_a_file_of_a_newer_sdk_is_left_out(stream: Stream) -> None:
    stream.post({"wandb-new.jsonl": {"offset": 7, "content": ["x"]}, HISTORY: {"content": "{}"}})
    assert stream.run.history_lines == 1


@pytest.mark.parametrize(
    "body",
    [
        {"files": [1]},
        {"files": {HISTORY: []}},
        {"files": {HISTORY: {"offset": -1, "content": []}}},
        {"files": {HISTORY: {"offset": "0", "content": []}}},
        {"files": {HISTORY: {"offset": 2**50, "content": []}}},
        {"files": {HISTORY: {"offset": 0, "content": [1]}}},
        {"files": {HISTORY: {"offset": 0, "content": 5}}},
        {"files": {"wandb-summary.json": {"offset": 0, "content": ["[]"]}}},
        {"files": {"wandb-summary.json": {"offset": 0, "content": ["{"]}}},
    ],
)
def test_a_post_that_is_none_is_refused(stream: Stream, body: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        take(stream.ctx, stream.run, body)


@pytest.mark.parametrize(
    "line", ["", "nonsense", "[1]", "NaN", '{"_step": null}', '{"_step": 1e400}', '{"_step": "x"}',
             '{"x": "\\ud800"}', '{"_step": NaN}', "[" * 5000]
)  # fmt: skip
def test_a_line_the_server_cannot_read_is_kept_as_it_came(stream: Stream, line: str) -> None:
    """Refusing it would end the stream for good; the rest of the run is worth more."""
    stream.post({HISTORY: {"offset": 0, "content": [line, *rows(1, 2)]}})
    assert stream.run.history_lines == 3
    assert next(history.lines(stream.db, stream.id)) == line
    assert history.last_step(stream.db, stream.id) == 2


@pytest.mark.parametrize(
    ("asked", "preempting", "code", "state"),
    [
        (False, False, 0, "finished"),
        (True, False, 0, "finished"),
        (False, False, 1, "failed"),
        (False, False, 255, "failed"),
        (True, False, 255, "killed"),
        (True, False, 1, "killed"),
        (True, False, 3, "failed"),
        (False, True, 1, "preempted"),
        (False, True, 0, "finished"),
        (False, False, None, "finished"),
        (False, False, "x", "failed"),
        (False, False, 2**40, "failed"),
    ],
)
def test_how_a_run_ended_is_told_by_its_process(
    stream: Stream, asked: bool, preempting: bool, code: object, state: str
) -> None:
    if asked:
        runs.ask_to_stop(stream.db, stream.id, START)
    if preempting:
        assert stream.post(preempting=True).state == "preempting"
    for _ in range(2):  # the answer was lost, and it says so again
        assert stream.post(complete=True, exitcode=code).state == state


def test_silence_makes_a_run_crashed_and_a_word_makes_it_run_again(stream: Stream) -> None:
    stream.log(0, 1)
    later = Context.own(stream.house.server.services)
    reaper.reap(later)
    assert stream.run.state == "running"
    stream.wait(1000)
    reaper.reap(later)
    crashed = stream.run
    assert crashed.state == "crashed"
    assert crashed.finished_at == crashed.heartbeat_at  # when it was last heard of, not now
    assert stream.log(1, 1).state == "running"
    assert stream.run.finished_at is None
    assert stream.steps() == [0, 1]


def test_a_run_that_ended_is_not_brought_back_by_a_late_word(stream: Stream) -> None:
    stream.post(complete=True, exitcode=0)
    assert stream.post().state == "finished"
    stream.wait(1000)
    reaper.reap(stream.ctx)
    assert stream.run.state == "finished"


def test_a_silent_preempting_run_is_preempted(stream: Stream) -> None:
    stream.post(preempting=True)
    stream.wait(1000)
    reaper.reap(stream.ctx)
    assert stream.run.state == "preempted"


class Together(Stream):
    """A run that several processes write."""

    def by(self, writer: str, offset: int, *lines: str, to: str = HISTORY) -> Run:
        """Take one post of one of them."""
        ctx = dataclasses.replace(self.ctx, writer=writer)
        with write(self.db):
            take(ctx, self.run, {"files": {to: {"offset": offset, "content": [*lines]}}})
        return self.run

    def lines(self) -> list[str]:
        """The history as it was sent."""
        return list(history.lines(self.db, self.id))


@pytest.fixture
def together(house: House) -> Together:
    """A running run."""
    return Together(house)


def test_each_process_of_a_shared_run_counts_its_own_lines(together: Together) -> None:
    together.by("a", 0, "a0", "a1")
    together.by("b", 0, "b0")
    together.by("a", 1, "a1", "a2")  # the answer was lost: one of them again
    assert together.lines() == ["a0", "a1", "b0", "a2"]
    together.by("a", 0, "e0", to=EVENTS)
    together.by("b", 0, "e1", to=EVENTS)
    assert history.events(together.db, together.id) == ["e0", "e1"]
    together.by("a", 0, "o0", to=LOG)
    together.by("b", 0, "o1", to=LOG)
    assert history.tail(together.db, "log_lines", together.id, 9) == ["o0", "o1"]


def test_summaries_of_a_shared_run_are_put_together(together: Together) -> None:
    together.by("a", 0, '{"a": 1, "_step": 1, "_wandb": {"x": 1}}', to="wandb-summary.json")
    together.by("b", 0, '{"b": 2, "_step": 9, "_wandb": {"y": 2}}', to="wandb-summary.json")
    wanted = {"a": 1, "b": 2, "_step": 9, "_wandb": {"x": 1, "y": 2}}
    assert json.loads(together.run.summary) == wanted


def test_a_long_post_is_stored_in_pieces_as_if_it_were_one(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filestream, "LINES_AT_ONCE", 10)
    monkeypatch.setattr(filestream, "CHARACTERS_AT_ONCE", 300)
    lines = [json.dumps({"_step": n, "pad": "x" * (n % 50)}) for n in range(35)]
    files = {
        HISTORY: {"offset": 0, "content": lines},
        LOG: {"offset": 2, "content": ["a"] * 25},
        "wandb-summary.json": {"offset": 0, "content": ['{"loss": 1}']},
    }
    posts = in_pieces({"files": files, "complete": True, "exitcode": 0})
    assert len(posts) > 5
    for post in posts:
        contents = [part["content"] for part in post["files"].values()]
        assert all(len(content) <= 10 for content in contents)
        assert all(sum(map(len, content)) <= 300 or len(content) == 1 for content in contents)
        assert ("complete" in post) is (post is posts[-1])
        with write(stream.db):
            take(stream.ctx, stream.run, post)
    assert list(history.lines(stream.db, stream.id)) == lines
    assert (stream.run.state, stream.run.log_lines) == ("finished", 27)
    assert json.loads(stream.run.summary) == {"loss": 1}


def test_a_short_post_is_one_piece() -> None:
    files = {HISTORY: {"offset": 5, "content": ["{}"] * 100}, "new": {"content": "x"}}
    assert in_pieces({"files": files, "complete": True}) == [{"files": files, "complete": True}]
    assert in_pieces({}) == [{"files": {}}]


@pytest.mark.parametrize("files", [[], "x", {HISTORY: []}, {HISTORY: {"content": [1]}}])
def test_a_post_that_is_none_is_refused_before_anything_is_stored(files: object) -> None:
    if files == []:
        assert in_pieces({"files": files}) == [{"files": {}}]
        return
    with pytest.raises(BadInput):
        in_pieces({"files": files})
