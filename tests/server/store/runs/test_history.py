"""Rows of lines: identity by number, what a run that starts over keeps, and how lines are read."""

import json

import pytest

from housing_sweep.errors import ProtocolError
from housing_sweep.server.store.runs import files, history, runs
from tests.support.run_rows import NOW, Rows


def steps(first: int, end: int, moment: float = NOW) -> list[str]:
    """Return history lines of some steps."""
    return [json.dumps({"_step": i, "_timestamp": moment + i}) for i in range(first, end)]


def kept(rows: Rows) -> list[int]:
    """Return the steps of the run's history."""
    return [json.loads(line)["_step"] for line in history.lines(rows.db, rows.run.id)]


def append(rows: Rows, first: int, end: int, moment: float = NOW) -> int:
    """Append lines of some steps, each at the line of its number."""
    return history.append_history(rows.db, rows.run.id, first, steps(first, end, moment))


def test_a_line_is_known_by_its_number_however_often_it_comes(rows: Rows) -> None:
    assert append(rows, 0, 3) == 3
    assert append(rows, 1, 3) == 3
    assert append(rows, 2, 5) == 5
    assert kept(rows) == [0, 1, 2, 3, 4]


def test_a_chunk_beyond_the_end_is_refused_and_leaves_no_trace(rows: Rows) -> None:
    append(rows, 0, 2)
    with pytest.raises(ProtocolError, match="starts at line 3, but only 2 lines are stored"):
        append(rows, 3, 5)
    assert kept(rows) == [0, 1]


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ('{"_step": 3}', 3),
        ('{"_step": 3.0}', 3),
        ('{"_step": "3"}', None),
        ('{"_step": NaN}', None),
        ('{"_step": 1e300}', None),
        ('{"loss": 1}', None),
        ("[3]", None),
        ("{", None),
    ],
)
def test_a_step_is_a_number_that_a_row_can_hold(line: str, step: int | None) -> None:
    assert history.step_of(line) == step


def test_a_killed_life_sent_again_in_part_is_kept_whole(rows: Rows) -> None:
    append(rows, 0, 5)
    history.append_log(rows.db, rows.run.id, 0, ["one", "two"])
    runs.restart(rows.db, rows.run.id, NOW + 100)
    assert kept(rows) == [], "out of sight until the new life is known to be the old one"
    append(rows, 0, 3)
    history.finish_rewrite(rows.db, rows.run.id)
    assert kept(rows) == [0, 1, 2, 3, 4]
    assert history.tail(rows.db, "log_lines", rows.run.id, 9) == ["one", "two"]


def test_a_life_that_ended_in_order_leaves_nothing_beyond_the_new_one(rows: Rows) -> None:
    append(rows, 0, 5)
    runs.end(rows.db, rows.run.id, 0, NOW)
    runs.restart(rows.db, rows.run.id, NOW + 100)
    append(rows, 0, 3)
    history.finish_rewrite(rows.db, rows.run.id)
    assert kept(rows) == [0, 1, 2]
    assert append(rows, 3, 4) == 4


def test_a_life_that_says_something_else_drops_the_old_one_at_once(rows: Rows) -> None:
    append(rows, 0, 5)
    files.declare(rows.db, rows.run.id, ["old.txt"], NOW)
    runs.add_alert(rows.db, rows.run.id, "old", "", None, NOW)
    runs.restart(rows.db, rows.run.id, NOW + 100)
    append(rows, 0, 2, moment=NOW + 100)
    history.finish_rewrite(rows.db, rows.run.id)
    assert kept(rows) == [0, 1]
    assert files.find(rows.db, rows.run.id, "old.txt") is None
    assert rows.db.execute("SELECT count(*) FROM alerts").fetchone()[0] == 0


def test_a_fork_has_the_history_up_to_and_including_a_step(rows: Rows) -> None:
    append(rows, 0, 5)
    fork = rows.create("fork")
    history.copy(rows.db, rows.run.id, fork.id, 2)
    assert list(history.lines(rows.db, fork.id)) == steps(0, 3)
    assert runs.get(rows.db, fork.id).history_lines == 3
    assert kept(rows) == [0, 1, 2, 3, 4]


def test_a_step_beyond_any_number_of_the_database_is_beyond_the_last_one(rows: Rows) -> None:
    append(rows, 0, 3)
    fork, empty = rows.create("fork"), rows.create("empty")
    history.copy(rows.db, rows.run.id, fork.id, 10**30)
    assert list(history.lines(rows.db, fork.id)) == steps(0, 3)
    history.copy(rows.db, rows.run.id, empty.id, -(10**30))
    assert list(history.lines(rows.db, empty.id)) == []
    history.truncate(rows.db, rows.run.id, 10**30)
    assert kept(rows) == [0, 1, 2]


def test_a_rewound_run_goes_on_after_a_step(rows: Rows) -> None:
    append(rows, 0, 5)
    history.append_events(rows.db, rows.run.id, 0, ["{}"])
    history.append_log(rows.db, rows.run.id, 0, ["hello"])
    history.truncate(rows.db, rows.run.id, 2)
    assert kept(rows) == [0, 1, 2]
    assert history.events(rows.db, rows.run.id) == []
    assert history.log(rows.db, rows.run.id, after=-1, limit=9) == []
    assert append(rows, 3, 5) == 5
    history.truncate(rows.db, rows.run.id, -1)
    assert kept(rows) == []


def test_parts_of_a_run_that_come_one_after_another_go_behind_each_other(rows: Rows) -> None:
    for first in (0, 2, 4):
        runs.restart(rows.db, rows.run.id, NOW)
        for number in (0, 1):
            lines = steps(first + number, first + number + 1)
            history.append_history(rows.db, rows.run.id, number, lines)
        history.append_log(rows.db, rows.run.id, 0, [f"part {first}"])
        runs.end(rows.db, rows.run.id, 0, NOW)
        history.finish_rewrite(rows.db, rows.run.id)
        assert kept(rows) == list(range(first + 2))
    log = history.log(rows.db, rows.run.id, after=-1, limit=9)
    assert [text for _, text in log] == ["part 0", "part 2", "part 4"]
    runs.resume(rows.db, rows.run.id, NOW)
    assert append(rows, 6, 7) == 7
    assert kept(rows) == [0, 1, 2, 3, 4, 5, 6]


def test_lines_between_two_steps_come_in_the_order_of_steps(rows: Rows) -> None:
    lines = ['{"_step": 5}', '{"_step": 1}', "no step", '{"_step": 3}']
    history.append_history(rows.db, rows.run.id, 0, lines)
    assert list(history.lines(rows.db, rows.run.id)) == lines
    between = history.lines(rows.db, rows.run.id, min_step=1, max_step=5)
    assert list(between) == ['{"_step": 1}', '{"_step": 3}']
    assert len(list(history.lines(rows.db, rows.run.id, min_step=-(10**30)))) == 3
    assert list(history.lines(rows.db, rows.run.id, min_step=10**30)) == []
    ends = (history.first_step(rows.db, rows.run.id), history.last_step(rows.db, rows.run.id))
    assert ends == (1, 5)


def test_a_run_without_lines_has_no_steps(rows: Rows) -> None:
    assert history.first_step(rows.db, rows.run.id) is None
    assert history.last_step(rows.db, rows.run.id) is None
    assert history.sampled(rows.db, rows.run.id, 10) == []


@pytest.mark.parametrize(
    ("count", "samples", "expected"),
    [
        (10, 3, [0, 4, 9]),
        (3, 10, [0, 1, 2]),
        (10, 2, [0, 9]),
        (10, 1, [9]),
        (10, 0, []),
        (0, 5, []),
    ],
)
def test_samples_are_spread_from_first_to_last(
    count: int, samples: int, expected: list[int]
) -> None:
    assert list(history.spread(count, samples)) == expected


def test_the_last_lines_and_those_beyond_a_number_come_in_order(rows: Rows) -> None:
    history.append_log(rows.db, rows.run.id, 0, ["a", "b", "c", "d"])
    history.append_log(rows.db, rows.run.id, 1, ["B"])
    assert history.tail(rows.db, "log_lines", rows.run.id, 2) == ["c", "d"]
    lines = history.log(rows.db, rows.run.id, after=0, limit=2)
    assert lines == [(1, "B"), (2, "c")]
