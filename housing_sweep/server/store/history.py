"""Rows of history, system events and console lines: one per line the SDK sent, as it sent it."""

import json
import sqlite3
from collections.abc import Sequence

from housing_sweep.errors import Unavailable
from housing_sweep.server.store.db import write
from housing_sweep.server.store.runs import RunId

Line = tuple[int, str]
"""(line number, text)."""


def append_history(db: sqlite3.Connection, run_id: RunId, offset: int, lines: Sequence[str]) -> int:
    """Store lines `offset..` of a run's history; repeating a call is harmless.

    The SDK resends a chunk when our answer was lost, so a line's number, not its arrival, is its
    identity.

    Returns:
        How many lines the run holds now.

    Raises:
        Unavailable: the chunk starts beyond the end: an earlier chunk is still to come. Not a
            4xx, which would end the stream for good.
    """
    with write(db):
        (held,) = db.execute("SELECT history_lines FROM runs WHERE id = ?", (run_id,)).fetchone()
        if offset > held:
            raise Unavailable(
                f"history starts at line {offset}, but only {held} lines are stored",
                fix="the run keeps all its data on disk; `wandb sync` it when it ends",
            )
        db.executemany(
            "INSERT INTO history VALUES (?, ?, ?, ?) ON CONFLICT (run_id, line) DO UPDATE"
            " SET content = excluded.content, step = excluded.step"
            " WHERE content <> excluded.content",
            ((run_id, offset + i, step_of(line), line) for i, line in enumerate(lines)),
        )
        return _count(db, run_id, "history_lines", max(held, offset + len(lines)))


def append_events(db: sqlite3.Connection, run_id: RunId, offset: int, lines: Sequence[str]) -> int:
    """Store system-metric lines; returns how many the run holds now."""
    return _upsert(db, "events", "event_lines", run_id, offset, lines)


def append_log(db: sqlite3.Connection, run_id: RunId, offset: int, lines: Sequence[str]) -> int:
    """Store console lines; progress bars rewrite earlier ones. Returns how many there are."""
    return _upsert(db, "log_lines", "log_lines", run_id, offset, lines)


def _upsert(
    db: sqlite3.Connection,
    table: str,
    counter: str,
    run_id: RunId,
    offset: int,
    lines: Sequence[str],
) -> int:
    with write(db):
        db.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)",
            ((run_id, offset + i, line) for i, line in enumerate(lines)),
        )
        (held,) = db.execute(f"SELECT {counter} FROM runs WHERE id = ?", (run_id,)).fetchone()
        return _count(db, run_id, counter, max(held, offset + len(lines)))


def _count(db: sqlite3.Connection, run_id: RunId, counter: str, lines: int) -> int:
    db.execute(f"UPDATE runs SET {counter} = ? WHERE id = ?", (lines, run_id))
    return lines


def step_of(line: str) -> int | None:
    """Return the `_step` of a history line; none when it has none or is not an object."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    step = row.get("_step") if isinstance(row, dict) else None
    return int(step) if isinstance(step, int | float) and step == step else None


def history(
    db: sqlite3.Connection,
    run_id: RunId,
    *,
    min_step: int | None = None,
    max_step: int | None = None,
    limit: int | None = None,
) -> list[str]:
    """Return history lines in order, `min_step <= _step < max_step`, at most `limit`."""
    bounds = "run_id = :run"
    if min_step is not None:
        bounds += " AND step >= :low"
    if max_step is not None:
        bounds += " AND step < :high"
    order = "line" if min_step is None and max_step is None else "step, line"
    rows = db.execute(
        f"SELECT content FROM history WHERE {bounds} ORDER BY {order} LIMIT :limit",
        {"run": run_id, "low": min_step, "high": max_step, "limit": -1 if limit is None else limit},
    )
    return [content for (content,) in rows]


def sampled(db: sqlite3.Connection, run_id: RunId, samples: int) -> list[str]:
    """Return at most `samples` history lines, evenly spread, first and last among them."""
    (count,) = db.execute("SELECT history_lines FROM runs WHERE id = ?", (run_id,)).fetchone()
    if count <= samples:
        return history(db, run_id)
    wanted = sorted({round(i * (count - 1) / max(1, samples - 1)) for i in range(samples)})
    rows = (
        db.execute("SELECT content FROM history WHERE run_id = ? AND line = ?", (run_id, line))
        for line in wanted
    )
    return [row[0] for cursor in rows if (row := cursor.fetchone())]


def tail(db: sqlite3.Connection, table: str, run_id: RunId, lines: int = 1) -> list[str]:
    """Return the last lines of `history`, `events` or `log_lines`, in order."""
    assert table in ("history", "events", "log_lines")
    rows = db.execute(
        f"SELECT content FROM {table} WHERE run_id = ? ORDER BY line DESC LIMIT ?", (run_id, lines)
    ).fetchall()
    return [content for (content,) in reversed(rows)]


def events(db: sqlite3.Connection, run_id: RunId) -> list[str]:
    """Return every system-metric line."""
    rows = db.execute("SELECT content FROM events WHERE run_id = ? ORDER BY line", (run_id,))
    return [content for (content,) in rows]


def log(db: sqlite3.Connection, run_id: RunId, *, after: int, limit: int) -> list[Line]:
    """Return console lines numbered beyond `after`, in order, at most `limit`."""
    rows = db.execute(
        "SELECT line, content FROM log_lines WHERE run_id = ? AND line > ? ORDER BY line LIMIT ?",
        (run_id, after, limit),
    )
    return [(line, content) for line, content in rows]


def first_step(db: sqlite3.Connection, run_id: RunId) -> int | None:
    """Return the lowest `_step` of a run."""
    return _step(db, "min", run_id)


def last_step(db: sqlite3.Connection, run_id: RunId) -> int | None:
    """Return the highest `_step` of a run."""
    return _step(db, "max", run_id)


def _step(db: sqlite3.Connection, which: str, run_id: RunId) -> int | None:
    (step,) = db.execute(
        f"SELECT {which}(step) FROM history WHERE run_id = ?", (run_id,)
    ).fetchone()
    return None if step is None else int(step)
