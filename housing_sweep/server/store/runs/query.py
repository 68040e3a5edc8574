"""Pages of runs, filtered and ordered, that need not look at every run.

A page ordered by a metric walks the index of that metric: first the runs with a number, best first,
then those with text (NaN is one), then those without the key. Ties go by age, oldest first in an
ascending order, newest first in a descending one, so that one index serves both.

A filter that few runs meet is answered the other way round: an index names those runs, and they are
sorted. Walking an order until a page is full would look at every run for them.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from housing_sweep.errors import BadInput
from housing_sweep.server.rules.filters import Filter
from housing_sweep.server.store.runs import filter_sql
from housing_sweep.server.store.runs import values as run_values
from housing_sweep.server.store.runs.filter_sql import Narrow, Order, Where
from housing_sweep.server.store.runs.runs import COLUMNS, Run

PHASES = ("number", "text", "missing")

FEW = 2000
"""So many runs are looked up and sorted at most. Of 100,000, walking finds a page of 50 sooner
where more than 2,200 meet the filter: 50 * 100,000 / n runs are passed for it, on average."""


@dataclass(frozen=True, slots=True)
class RunOnPage:
    """One run of a page and the cursor that continues after it."""

    run: Run
    cursor: str


@dataclass(frozen=True, slots=True)
class PageStart:
    """Where a page starts: a phase of the order, and the last row seen in it."""

    phase: str
    value: object = None
    run_id: int = 0
    fresh: bool = True


def page(
    db: sqlite3.Connection,
    project_id: int,
    filters: Filter,
    order_text: str | None,
    *,
    after: str | None,
    limit: int,
    few: int = FEW,
) -> list[RunOnPage]:
    """Return at most `limit` runs of a project beyond the cursor `after`.

    Up to `few` runs that match are looked up; more are met on the way, in the order asked for.

    Raises:
        BadInput: a filter, the order or the cursor cannot be understood.
    """
    order = filter_sql.parse_order(order_text)
    sweep, rest = filter_sql.split_sweep(filters)
    where = filter_sql.where(rest)
    scope = _scope(db, project_id, sweep)
    rows: list[RunOnPage] = []
    if scope is None:
        return rows
    if order.column is None:
        key = run_values.key_in_use(db, scope.column, scope.owner, order.scope, order.keys)
        order = replace(order, keys=(key,))
    among = _few(db, scope, where, few)
    for start in _starts(order, after):
        if len(rows) >= limit:
            break
        rows += _rows(db, scope, where, among, order, start, limit - len(rows))
    return rows


def count(db: sqlite3.Connection, project_id: int, filters: Filter, few: int = FEW) -> int:
    """Return how many runs of a project a filter matches."""
    sweep, rest = filter_sql.split_sweep(filters)
    where = filter_sql.where(rest)
    scope = _scope(db, project_id, sweep)
    if scope is None:
        return 0
    if where == filter_sql.EVERY_RUN and sweep is None:
        rows = db.execute("SELECT number FROM run_counts WHERE project_id = ?", (project_id,))
        return int((rows.fetchone() or (0,))[0])
    if len(where.narrow) == 1 and where.is_one_value:
        named = _named(scope, where.narrow[0])
        counted = _Part(f"({named.sql})", named.values)
    else:
        among = _among(scope, _few(db, scope, where, few))
        counted = _Part(f"{among.sql} AND {where.sql}", (*among.values, *where.values))
    (number,) = db.execute(f"SELECT count(*) FROM {counted.sql}", counted.values).fetchone()
    return int(number)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The narrowest indexed set of runs: one sweep's, or the project's."""

    column: str
    owner: int


def _scope(db: sqlite3.Connection, project_id: int, sweep: str | None) -> _Scope | None:
    """Return where to look; None is nowhere: no such sweep."""
    if sweep is None:
        return _Scope("project_id", project_id)
    row = db.execute(
        "SELECT id FROM sweeps WHERE project_id = ? AND name = ?", (project_id, sweep)
    ).fetchone()
    return _Scope("sweep_id", row[0]) if row else None


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of SQL with its values."""

    sql: str
    values: tuple[object, ...]


_NAMED_BY = {
    "v": "SELECT v.run_id FROM run_values v",
    "t": "SELECT t.run_id FROM run_tags t",
    "r": "SELECT r.id FROM runs r",
}
"""Table of a narrow condition -> the query that names the runs it holds for."""


def _few(db: sqlite3.Connection, scope: _Scope, where: Where, most: int) -> _Part | None:
    """Return the query that names the few runs a filter can hold for; None if they are many."""
    best, fewest = None, most + 1
    for narrow in where.narrow:
        if narrow.table == "t" and scope.column != "project_id":
            continue
        part = _named(scope, narrow)
        probe = f"SELECT count(*) FROM ({part.sql} LIMIT {fewest})"
        (number,) = db.execute(probe, part.values).fetchone()
        if number < fewest:
            best, fewest = part, number
    return best


def _named(scope: _Scope, narrow: Narrow) -> _Part:
    """Return the query that names the runs of a scope that a condition holds for."""
    scoped = f"{narrow.table}.{scope.column} = ? AND {narrow.sql}"
    return _Part(f"{_NAMED_BY[narrow.table]} WHERE {scoped}", (scope.owner, *narrow.values))


def _among(scope: _Scope, few: _Part | None) -> _Part:
    """Return `runs r WHERE ...`: those of the scope, or only the few."""
    if few is None:
        return _Part(f"runs r WHERE r.{scope.column} = ?", (scope.owner,))
    # NOT INDEXED leaves but the rowid: looking up the few, whatever index would serve the order.
    sql = f"runs r NOT INDEXED WHERE r.id IN ({few.sql}) AND r.{scope.column} = ?"
    return _Part(sql, (*few.values, scope.owner))


def _starts(order: Order, after: str | None) -> Iterator[PageStart]:
    start = _parse(after) if after else None
    phases = ("column",) if order.column else PHASES
    if start and start.phase not in phases:
        raise BadInput(f"cursor {after!r} belongs to another order")
    for phase in phases:
        if start and phases.index(phase) < phases.index(start.phase):
            continue
        yield start if start and start.phase == phase else PageStart(phase)


def _rows(
    db: sqlite3.Connection,
    scope: _Scope,
    where: Where,
    few: _Part | None,
    order: Order,
    start: PageStart,
    limit: int,
) -> list[RunOnPage]:
    source = _source(scope, few, order, start.phase)
    down = order.descending and start.phase != "missing"
    way, beyond = ("DESC", "<") if down else ("ASC", ">")
    after, after_values = _beyond(source, start, beyond)
    rows = db.execute(
        f"SELECT {source.key} AS sort_key, {COLUMNS} FROM {source.sql} AND {where.sql}{after}"
        f" ORDER BY {source.key} {way}, {source.tie} {way} LIMIT ?",
        (*source.values, *where.values, *after_values, limit),
    )
    return [
        RunOnPage(run := Run(*row[1:]), json.dumps([start.phase, row[0], run.id])) for row in rows
    ]


@dataclass(frozen=True, slots=True)
class _Source:
    """A phase's FROM ... WHERE with its values, what it is sorted by, and what breaks ties."""

    sql: str
    values: tuple[object, ...]
    key: str
    tie: str = "r.id"


def _source(scope: _Scope, few: _Part | None, order: Order, phase: str) -> _Source:
    among = _among(scope, few)
    if order.column:
        return _Source(among.sql, among.values, filter_sql.sort_key(order.column))
    if phase == "missing":
        absent = (
            "NOT EXISTS (SELECT 1 FROM run_values v WHERE v.run_id = r.id AND v.scope = ?"
            " AND v.key = ? AND (v.number IS NOT NULL OR v.text IS NOT NULL))"
        )
        values = (*among.values, order.scope, *order.keys)
        return _Source(f"{among.sql} AND {absent}", values, "r.created_at")
    # `text IS NULL` beside a number is always so; it lets the index serve the ties' order, too.
    kind = "v.number NOT NULL AND v.text IS NULL" if phase == "number" else "v.number IS NULL"
    # A plus keeps SQLite off the metric's index, where the few are looked up instead.
    scoped = f"v.{scope.column} = ?" if few is None else f"+v.{scope.column} = ?"
    picked = "" if few is None else f" AND v.run_id IN ({few.sql})"
    # CROSS JOIN keeps SQLite on the metric's index: sorted already, read only as far as needed.
    return _Source(
        f"run_values v CROSS JOIN runs r ON r.id = v.run_id WHERE {scoped}{picked}"
        f" AND v.scope = ? AND v.key = ? AND {kind} AND v.{phase} NOT NULL",
        (scope.owner, *(few.values if few else ()), order.scope, *order.keys),
        f"v.{phase}",
        "v.run_id",
    )


def _beyond(source: _Source, start: PageStart, way: str) -> tuple[str, tuple[object, ...]]:
    """Return the condition for rows beyond a start; its first half is one that an index serves."""
    if start.fresh:
        return "", ()
    key, tie = source.key, source.tie
    values = (start.value, start.value, start.run_id)
    return f" AND {key} {way}= ? AND ({key} {way} ? OR {tie} {way} ?)", values


def _parse(cursor: str) -> PageStart:
    try:
        phase, value, run_id = json.loads(cursor)
        if isinstance(value, str | int | float) and abs(int(run_id)) < 2**63:
            return PageStart(str(phase), value, int(run_id), fresh=False)
    except (ValueError, TypeError, RecursionError):
        pass
    raise BadInput(f"{cursor!r} is not a cursor of ours")
