"""Processes that write one run together: whose line is which line of the run.

A writer of a shared run numbers its lines from 0, whatever the others sent. Its lines go to the
run's end as they come, and its own count tells those it sends again from new ones.
"""

import json
import sqlite3
from collections.abc import Sequence

from housing_sweep.errors import BadInput, ProtocolError
from housing_sweep.server.rules.json_text import loads
from housing_sweep.server.store.db import write
from housing_sweep.server.store.runs import history
from housing_sweep.server.store.runs.runs import RunId


def append_history(
    db: sqlite3.Connection, run_id: RunId, writer: str, offset: int, lines: Sequence[str]
) -> None:
    """Store a writer's history lines `offset..`; repeating a call is harmless.

    Raises:
        ProtocolError: the chunk starts beyond what this writer has sent.
    """
    with write(db):
        sent = _sent(db, run_id, writer, "history_lines")
        if offset > sent:
            raise ProtocolError(
                f"history of writer {writer} starts at line {offset}, but it sent only {sent}",
                fix="its process keeps all its data on disk; `wandb sync` it when it ends",
            )
        last = history.last_step(db, run_id)
        new = _with_steps(lines[sent - offset :], 0 if last is None else last + 1)
        history.append_history(db, run_id, _end(db, run_id, "history_lines"), new)
        _count(db, run_id, writer, "history_lines", sent + len(new))


def _with_steps(lines: Sequence[str], first: int) -> list[str]:
    """Return lines that all have a `_step`: 0.28 leaves it to the server, 0.31 counts its own."""
    return [
        line if history.step_of(line) is not None else _with_step(line, first + i)
        for i, line in enumerate(lines)
    ]


def _with_step(line: str, step: int) -> str:
    try:
        row = loads(line)
    except BadInput:
        return line
    if not isinstance(row, dict) or "_step" in row:
        return line
    return json.dumps({"_step": step, **row})


def append_events(
    db: sqlite3.Connection, run_id: RunId, writer: str, offset: int, lines: Sequence[str]
) -> None:
    """Store a writer's system-metric lines."""
    with write(db):
        sent = _sent(db, run_id, writer, "event_lines")
        new = lines[max(0, sent - offset) :]
        history.append_events(db, run_id, _end(db, run_id, "event_lines"), new)
        _count(db, run_id, writer, "event_lines", max(sent, offset + len(lines)))


def append_log(
    db: sqlite3.Connection, run_id: RunId, writer: str, offset: int, lines: Sequence[str]
) -> None:
    """Store a writer's console lines; it may write those of its last new chunk again."""
    with write(db):
        sent = _sent(db, run_id, writer, "log_lines")
        first, line = db.execute(
            "SELECT log_offset, log_line FROM writers WHERE run_id = ? AND name = ?",
            (run_id, writer),
        ).fetchone()
        for number, text in enumerate(lines[: max(0, sent - offset)], offset):
            if number >= first:
                history.append_log(db, run_id, line + number - first, [text])
        new = lines[max(0, sent - offset) :]
        if not new:
            return
        end = _end(db, run_id, "log_lines")
        history.append_log(db, run_id, end, new)
        start = max(sent, offset)
        if end != line + start - first:  # others wrote in between
            db.execute(
                "UPDATE writers SET log_offset = ?, log_line = ? WHERE run_id = ? AND name = ?",
                (start, end, run_id, writer),
            )
        _count(db, run_id, writer, "log_lines", start + len(new))


def _sent(db: sqlite3.Connection, run_id: RunId, writer: str, counter: str) -> int:
    db.execute("INSERT OR IGNORE INTO writers (run_id, name) VALUES (?, ?)", (run_id, writer))
    (sent,) = db.execute(
        f"SELECT {counter} FROM writers WHERE run_id = ? AND name = ?", (run_id, writer)
    ).fetchone()
    return int(sent)


def _end(db: sqlite3.Connection, run_id: RunId, counter: str) -> int:
    (count,) = db.execute(f"SELECT {counter} FROM runs WHERE id = ?", (run_id,)).fetchone()
    return int(count)


def _count(db: sqlite3.Connection, run_id: RunId, writer: str, counter: str, sent: int) -> None:
    db.execute(
        f"UPDATE writers SET {counter} = ? WHERE run_id = ? AND name = ?", (sent, run_id, writer)
    )
