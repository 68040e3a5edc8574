"""Processes that write one run together: whose line is which, and what a resend changes."""

import pytest

from housing_sweep.errors import ProtocolError
from housing_sweep.server.store.runs import history, runs, writers
from tests.support.run_rows import Rows


def history_by(rows: Rows, writer: str, offset: int, *lines: str) -> list[str]:
    """Return the run's history after one chunk of a writer's."""
    writers.append_history(rows.db, rows.run.id, writer, offset, lines)
    return list(history.lines(rows.db, rows.run.id))


def log_by(rows: Rows, writer: str, offset: int, *lines: str) -> list[str]:
    """Return the run's console after one chunk of a writer's."""
    writers.append_log(rows.db, rows.run.id, writer, offset, lines)
    return history.tail(rows.db, "log_lines", rows.run.id, 99)


def test_each_writer_counts_its_own_lines_and_what_it_sends_again_is_stored_once(
    rows: Rows,
) -> None:
    history_by(rows, "a", 0, "a0", "a1")
    history_by(rows, "b", 0, "b0")
    history_by(rows, "a", 1, "a1", "a2")
    history_by(rows, "a", 1, "a1", "a2")
    assert history_by(rows, "b", 0, "b0", "b1") == ["a0", "a1", "b0", "a2", "b1"]
    assert runs.get(rows.db, rows.run.id).history_lines == 5


def test_a_gap_in_a_writers_history_is_refused_and_leaves_no_trace(rows: Rows) -> None:
    before = history_by(rows, "b", 0, "b0", "b1")
    with pytest.raises(ProtocolError, match="writer b starts at line 3, but it sent only 2"):
        history_by(rows, "b", 3, "b3")
    assert history_by(rows, "b", 0) == before
    assert history_by(rows, "b", 2, "b2") == [*before, "b2"]


def test_lines_of_another_writer_close_nobodys_gap(rows: Rows) -> None:
    history_by(rows, "a", 0, "a0", "a1", "a2")
    with pytest.raises(ProtocolError, match="it sent only 0"):
        history_by(rows, "b", 2, "b2")


def test_a_line_without_a_step_gets_the_next_one_of_the_run(rows: Rows) -> None:
    history_by(rows, "a", 0, '{"x": 1}', '{"x": NaN}')
    history_by(rows, "b", 0, '{"y": 1}', '{"_step": 9}', "[]", '{"_step": "odd"}')
    assert history_by(rows, "a", 2, '{"x": 3}') == [
        '{"_step": 0, "x": 1}',
        '{"_step": 1, "x": NaN}',
        '{"_step": 2, "y": 1}',
        '{"_step": 9}',
        "[]",
        '{"_step": "odd"}',
        '{"_step": 10, "x": 3}',
    ]


def test_system_metrics_come_once_and_may_leave_gaps(rows: Rows) -> None:
    for writer, offset, lines in (
        ("a", 0, ["e0"]),
        ("b", 0, ["e1"]),
        ("b", 0, ["e1"]),
        ("a", 7, ["e2"]),
        ("a", 7, ["e2", "e3"]),
    ):
        writers.append_events(rows.db, rows.run.id, writer, offset, lines)
    assert history.events(rows.db, rows.run.id) == ["e0", "e1", "e2", "e3"]


def test_a_progress_bar_is_written_anew_in_its_own_place(rows: Rows) -> None:
    log_by(rows, "a", 0, "start", "10%")
    log_by(rows, "b", 0, "other")
    assert log_by(rows, "a", 1, "50%") == ["start", "50%", "other"]
    assert log_by(rows, "a", 1, "99%", "end") == ["start", "99%", "other", "end"]
    log_by(rows, "b", 1, "bye")
    assert log_by(rows, "a", 2, "END") == ["start", "99%", "other", "END", "bye"]


def test_a_console_line_of_an_earlier_chunk_stays_as_it_is(rows: Rows) -> None:
    log_by(rows, "a", 0, "start", "10%")
    log_by(rows, "b", 0, "other")
    log_by(rows, "a", 2, "end")
    assert log_by(rows, "a", 1, "50%", "END") == ["start", "10%", "other", "END"]


def test_a_deleted_run_takes_its_writers_along(rows: Rows) -> None:
    history_by(rows, "a", 0, "a0")
    runs.delete(rows.db, rows.run.id)
    (count,) = rows.db.execute("SELECT count(*) FROM writers").fetchone()
    assert count == 0
