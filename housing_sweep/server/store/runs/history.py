"""Rows of history, system events and console lines: one per line the SDK sent, as it sent it."""

import sqlite3
from collections.abc import Iterator, Sequence

from housing_sweep.errors import BadInput, ProtocolError
from housing_sweep.server.rules.json_text import loads, storable
from housing_sweep.server.store.db import emit, write
from housing_sweep.server.store.events import LinesAdded
from housing_sweep.server.store.runs.runs import RunId

Line = tuple[int, str]
"""(line number, text)."""


def append_history(db: sqlite3.Connection, run_id: RunId, offset: int, lines: Sequence[str]) -> int:
    """Store lines `offset..` of a run's history; repeating a call is harmless.

    The SDK resends a chunk when our answer was lost, so a line's number, not its arrival, is its
    identity.

    Returns:
        How many lines the run holds now.

    Raises:
        ProtocolError: the chunk starts beyond the end. The SDK sends chunks in order and waits
            for each answer, so no retry can heal it; the stream ends, and the run can be synced.
    """
    with write(db):
        count, rewriting, base = _stream(db, run_id)
        if rewriting == PAST_ENDED and offset == 0 and _goes_on(db, run_id, lines):
            _keep_past(db, run_id)
            count, rewriting, base = _stream(db, run_id)
        offset += base
        if offset > count:
            raise ProtocolError(
                f"history starts at line {offset}, but only {count} lines are stored",
                fix="the run keeps all its data on disk; `wandb sync` it when it ends",
            )
        if rewriting and not _says_the_same(db, run_id, offset, lines):
            drop_past(db, run_id)
        db.executemany(
            "INSERT INTO history VALUES (?, ?, ?, ?) ON CONFLICT (run_id, line) DO UPDATE"
            " SET content = excluded.content, step = excluded.step"
            " WHERE content <> excluded.content",
            [(run_id, offset + i, step_of(line), storable(line)) for i, line in enumerate(lines)],
        )
        return _count(db, run_id, "history_lines", max(count, offset + len(lines)))


def _stream(db: sqlite3.Connection, run_id: RunId) -> tuple[int, int, int]:
    count, rewriting, base = db.execute(
        "SELECT history_lines, rewriting, history_base FROM runs WHERE id = ?", (run_id,)
    ).fetchone()
    return count, rewriting, base


def _goes_on(db: sqlite3.Connection, run_id: RunId, lines: Sequence[str]) -> bool:
    """Whether lines are of a later part of a run: their steps begin beyond all of its past.

    `wandb beta sync --id NEW PART1 PART2` of SDKs before 0.29 sends each part from line 0 on, and
    says of none of them that it resumes.
    """
    first = step_of(lines[0]) if lines else None
    (last,) = db.execute("SELECT max(step) FROM history WHERE run_id = ?", (run_id,)).fetchone()
    return first is not None and last is not None and first > last


def _keep_past(db: sqlite3.Connection, run_id: RunId) -> None:
    """Bring the past of a run into sight again; what comes now goes behind it."""
    for table, counter in COUNTERS.items():
        db.execute(
            f"UPDATE runs SET ({counter}, {BASES[table]}) = (SELECT coalesce(max(line) + 1, 0),"
            f" coalesce(max(line) + 1, 0) FROM {table} WHERE run_id = runs.id), rewriting = 0"
            " WHERE id = ?",
            (run_id,),
        )


def _says_the_same(
    db: sqlite3.Connection, run_id: RunId, offset: int, lines: Sequence[str]
) -> bool:
    """Whether lines are those of the run's past, as far as that goes: same steps, same times."""
    rows = db.execute(
        "SELECT line, content FROM history WHERE run_id = ? AND line >= ? AND line < ?",
        (run_id, offset, offset + len(lines)),
    )
    return all(_moment(content) == _moment(lines[line - offset]) for line, content in rows)


def _moment(line: str) -> tuple[object, object]:
    try:
        row = loads(line)
    except BadInput:
        return line, None
    return (row.get("_step"), row.get("_timestamp")) if isinstance(row, dict) else (line, None)


def finish_rewrite(db: sqlite3.Connection, run_id: RunId) -> None:
    """Decide, at the end of a run that started over, what becomes of its past, if that is left.

    A past that ended in order was sent again whole, or was another life: what lies beyond is
    dropped. One whose process was killed is kept: its file on disk may hold less than we do.
    """
    with write(db):
        (rewriting,) = db.execute("SELECT rewriting FROM runs WHERE id = ?", (run_id,)).fetchone()
        if rewriting == PAST_ENDED:
            drop_past(db, run_id)
        elif rewriting == PAST_KILLED:
            for table, counter in COUNTERS.items():
                db.execute(
                    f"UPDATE runs SET {counter} = (SELECT coalesce(max(line) + 1, 0) FROM {table}"
                    " WHERE run_id = runs.id), rewriting = 0 WHERE id = ?",
                    (run_id,),
                )


def drop_past(db: sqlite3.Connection, run_id: RunId) -> None:
    """Drop what a run that started over had before: lines beyond its counts, files, alerts."""
    with write(db):
        for table, counter in COUNTERS.items():
            db.execute(
                f"DELETE FROM {table} WHERE run_id = :run"
                f" AND line >= (SELECT {counter} FROM runs WHERE id = :run)",
                {"run": run_id},
            )
        for table, moment in {"run_files": "updated_at", "alerts": "created_at"}.items():
            db.execute(
                f"DELETE FROM {table} WHERE run_id = :run"
                f" AND {moment} < (SELECT started_at FROM runs WHERE id = :run)",
                {"run": run_id},
            )
        db.execute("UPDATE runs SET rewriting = 0 WHERE id = ?", (run_id,))


PAST_ENDED, PAST_KILLED = 1, 2
"""Values of `runs.rewriting`; 0 is no past."""

COUNTERS = {"history": "history_lines", "events": "event_lines", "log_lines": "log_lines"}
"""Table of lines -> the run's count of them; lines beyond it are out of sight."""

BASES = {"history": "history_base", "events": "event_base", "log_lines": "log_base"}
"""Table of lines -> where those begin that are being sent."""


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
        count, base = db.execute(
            f"SELECT {counter}, {BASES[table]} FROM runs WHERE id = ?", (run_id,)
        ).fetchone()
        offset += base
        db.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)",
            [(run_id, offset + i, storable(line)) for i, line in enumerate(lines)],
        )
        return _count(db, run_id, counter, max(count, offset + len(lines)))


def _count(db: sqlite3.Connection, run_id: RunId, counter: str, lines: int) -> int:
    row = db.execute(
        f"UPDATE runs SET {counter} = ? WHERE id = ? RETURNING project_id, id, sweep_id",
        (lines, run_id),
    ).fetchone()
    emit(db, LinesAdded(*row))
    return lines


def step_of(line: str) -> int | None:
    """Return the `_step` of a history line; none when it has none or is not an object."""
    try:
        row = loads(line)
    except BadInput:
        return None
    step = row.get("_step") if isinstance(row, dict) else None
    return int(step) if isinstance(step, int | float) and abs(step) < LARGEST_STEP else None


LARGEST_STEP = 2**63
"""SQLite's integers end here; NaN and infinity fail the comparison too."""


_IN_SIGHT = "line < (SELECT history_lines FROM runs WHERE id = :run)"


def copy(db: sqlite3.Connection, source: RunId, target: RunId, last_step: int) -> None:
    """Give a new run the history of another, up to and including a step."""
    with write(db):
        db.execute(
            "INSERT INTO history SELECT :target, line, step, content FROM history"
            f" WHERE run_id = :run AND {_IN_SIGHT} AND line <= (SELECT max(line) FROM history"
            f" WHERE run_id = :run AND {_IN_SIGHT} AND step <= :step)",
            {"target": target, "run": source, "step": _bounded(last_step)},
        )
        _recount(db, target)


def truncate(db: sqlite3.Connection, run_id: RunId, last_step: int) -> None:
    """Drop the history beyond a step, and the system metrics and console lines of the run."""
    with write(db):
        drop_past(db, run_id)
        db.execute(
            "DELETE FROM history WHERE run_id = ? AND line > (SELECT coalesce(max(line), -1)"
            " FROM history WHERE run_id = ? AND step <= ?)",
            (run_id, run_id, _bounded(last_step)),
        )
        db.execute("DELETE FROM events WHERE run_id = ?", (run_id,))
        db.execute("DELETE FROM log_lines WHERE run_id = ?", (run_id,))
        db.execute("UPDATE runs SET event_lines = 0, log_lines = 0 WHERE id = ?", (run_id,))
        _recount(db, run_id)


def _recount(db: sqlite3.Connection, run_id: RunId) -> None:
    row = db.execute(
        "UPDATE runs SET history_lines = (SELECT coalesce(max(line) + 1, 0) FROM history"
        " WHERE run_id = runs.id) WHERE id = ? RETURNING project_id, id, sweep_id",
        (run_id,),
    ).fetchone()
    emit(db, LinesAdded(*row))


def lines(
    db: sqlite3.Connection,
    run_id: RunId,
    *,
    min_step: int | None = None,
    max_step: int | None = None,
) -> Iterator[str]:
    """Yield history lines in order, `min_step <= _step < max_step`, read as they are used."""
    bounds = f"run_id = :run AND {_IN_SIGHT}"
    if min_step is not None:
        bounds += " AND step >= :low"
    if max_step is not None:
        bounds += " AND step < :high"
    order = "line" if min_step is None and max_step is None else "step, line"
    rows = db.execute(
        f"SELECT content FROM history WHERE {bounds} ORDER BY {order}",
        {"run": run_id, "low": _bounded(min_step), "high": _bounded(max_step)},
    )
    return (content for (content,) in rows)


def _bounded(step: int | None) -> int | None:
    return None if step is None else max(-LARGEST_STEP, min(step, LARGEST_STEP - 1))


def sampled(db: sqlite3.Connection, run_id: RunId, samples: int) -> list[str]:
    """Return at most `samples` history lines, evenly spread, first and last among them."""
    (count,) = db.execute("SELECT history_lines FROM runs WHERE id = ?", (run_id,)).fetchone()
    if count <= samples:
        return list(lines(db, run_id))
    rows = (
        db.execute("SELECT content FROM history WHERE run_id = ? AND line = ?", (run_id, line))
        for line in spread(count, samples)
    )
    return [row[0] for cursor in rows if (row := cursor.fetchone())]


def spread(count: int, samples: int) -> Sequence[int]:
    """Return at most `samples` of the positions below `count`, evenly, first and last included."""
    if count <= samples:
        return range(count)
    if samples < 2:
        return range(count - 1, count - 1 + samples)
    return sorted({round(i * (count - 1) / (samples - 1)) for i in range(samples)})


def tail(db: sqlite3.Connection, table: str, run_id: RunId, lines: int = 1) -> list[str]:
    """Return the last lines of `history`, `events` or `log_lines`, in order."""
    rows = db.execute(
        f"SELECT content FROM {table} WHERE run_id = :run AND line < (SELECT {COUNTERS[table]}"
        " FROM runs WHERE id = :run) ORDER BY line DESC LIMIT :limit",
        {"run": run_id, "limit": lines},
    ).fetchall()
    return [content for (content,) in reversed(rows)]


def events(db: sqlite3.Connection, run_id: RunId) -> list[str]:
    """Return every system-metric line, in order."""
    rows = db.execute(
        "SELECT content FROM events WHERE run_id = :run"
        " AND line < (SELECT event_lines FROM runs WHERE id = :run) ORDER BY line",
        {"run": run_id},
    )
    return [content for (content,) in rows]


def log(db: sqlite3.Connection, run_id: RunId, *, after: int, limit: int) -> list[Line]:
    """Return console lines numbered beyond `after`, in order, at most `limit`."""
    rows = db.execute(
        "SELECT line, content FROM log_lines WHERE run_id = :run AND line > :after"
        " AND line < (SELECT log_lines FROM runs WHERE id = :run) ORDER BY line LIMIT :limit",
        {"run": run_id, "after": after, "limit": limit},
    )
    return [(line, content) for line, content in rows]


def first_step(db: sqlite3.Connection, run_id: RunId) -> int | None:
    """Return the lowest `_step` of a run."""
    return _step(db, "min", run_id)


def last_step(db: sqlite3.Connection, run_id: RunId) -> int | None:
    """Return the highest `_step` of a run."""
    return _step(db, "max", run_id)


def _step(db: sqlite3.Connection, which: str, run_id: RunId) -> int | None:
    # Ordered and cut, not min() or max(): with a second condition those would read every line.
    way = "ASC" if which == "min" else "DESC"
    row = db.execute(
        f"SELECT step FROM history WHERE run_id = :run AND step IS NOT NULL AND {_IN_SIGHT}"
        f" ORDER BY step {way} LIMIT 1",
        {"run": run_id},
    ).fetchone()
    return None if row is None else int(row[0])
