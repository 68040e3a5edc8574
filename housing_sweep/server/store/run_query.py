"""Pages of runs, filtered and ordered; never reads more runs than the page and its skips need.

A page ordered by a metric walks the index of that metric: first the runs with a number, best first,
then those with text, then those without the key (or with NaN). Ties go by age.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace

from housing_sweep.errors import BadInput
from housing_sweep.server.store import run_filters, run_values
from housing_sweep.server.store.run_filters import Order, Where
from housing_sweep.server.store.runs import COLUMNS, Run

PHASES = ("number", "text", "missing")


@dataclass(frozen=True, slots=True)
class Found:
    """One run of a page and the cursor that continues after it."""

    run: Run
    cursor: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page starts: a phase of the order, and the last row seen in it."""

    phase: str
    value: object = None
    run_id: int = 0
    fresh: bool = True


def page(
    db: sqlite3.Connection,
    project_id: int,
    filters: object,
    order_text: str | None,
    *,
    after: str | None,
    limit: int,
) -> list[Found]:
    """Return at most `limit` runs of a project beyond the cursor `after`.

    Raises:
        BadInput: a filter, the order or the cursor cannot be understood.
    """
    order = run_filters.parse_order(order_text)
    where = run_filters.compile_filters(filters)
    scope = _scope(db, project_id, filters)
    found: list[Found] = []
    if scope is None:
        return found
    if order.column is None:
        key = run_values.key_in_use(db, scope.column, scope.owner, order.scope, order.keys)
        order = replace(order, keys=(key,))
    for place in _places(order, after):
        if len(found) >= limit:
            break
        found += _rows(db, scope, where, order, place, limit - len(found))
    return found


def count(db: sqlite3.Connection, project_id: int, filters: object) -> int:
    """Return how many runs of a project a filter matches."""
    scope = _scope(db, project_id, filters)
    if scope is None:
        return 0
    where = run_filters.compile_filters(filters)
    if where == run_filters.EVERYTHING:
        held = db.execute("SELECT number FROM run_counts WHERE project_id = ?", (project_id,))
        return int((held.fetchone() or (0,))[0])
    sql = f"SELECT count(*) FROM runs r WHERE r.{scope.column} = ? AND {where.sql}"
    (number,) = db.execute(sql, (scope.owner, *where.values)).fetchone()
    return int(number)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The narrowest indexed set of runs: one sweep's, or the project's."""

    column: str
    owner: int


def _scope(db: sqlite3.Connection, project_id: int, filters: object) -> _Scope | None:
    """Return where to look; None is nowhere: no such sweep."""
    name = run_filters.sweep_name(filters)
    if name is None:
        return _Scope("project_id", project_id)
    row = db.execute(
        "SELECT id FROM sweeps WHERE project_id = ? AND name = ?", (project_id, name)
    ).fetchone()
    return _Scope("sweep_id", row[0]) if row else None


def _places(order: Order, after: str | None) -> Iterator[_Place]:
    start = _parse(after) if after else None
    phases = ("column",) if order.column else PHASES
    if start and start.phase not in phases:
        raise BadInput(f"cursor {after!r} belongs to another order")
    for phase in phases:
        if start and phases.index(phase) < phases.index(start.phase):
            continue
        yield start if start and start.phase == phase else _Place(phase)


def _rows(
    db: sqlite3.Connection, scope: _Scope, where: Where, order: Order, place: _Place, limit: int
) -> list[Found]:
    source = _source(scope, order, place.phase)
    down = order.descending and place.phase != "missing"
    beyond, beyond_values = _beyond(source, place, "<" if down else ">")
    rows = db.execute(
        f"SELECT {source.key} AS sort_key, {COLUMNS} FROM {source.sql} AND {where.sql}{beyond}"
        f" ORDER BY {source.key} {'DESC' if down else 'ASC'}, {source.tie} ASC LIMIT ?",
        (*source.values, *where.values, *beyond_values, limit),
    )
    return [Found(run := Run(*row[1:]), json.dumps([place.phase, row[0], run.id])) for row in rows]


@dataclass(frozen=True, slots=True)
class _Source:
    """A phase's FROM ... WHERE with its values, what it is sorted by, and what breaks ties."""

    sql: str
    values: tuple[object, ...]
    key: str
    tie: str = "r.id"


def _source(scope: _Scope, order: Order, phase: str) -> _Source:
    runs_in_scope = f"runs r WHERE r.{scope.column} = ?"
    if order.column:
        return _Source(runs_in_scope, (scope.owner,), run_filters.sort_key(order.column))
    if phase == "missing":
        absent = (
            "NOT EXISTS (SELECT 1 FROM run_values v WHERE v.run_id = r.id AND v.scope = ?"
            " AND v.key = ? AND (v.number IS NOT NULL OR v.text IS NOT NULL))"
        )
        values = (scope.owner, order.scope, *order.keys)
        return _Source(f"{runs_in_scope} AND {absent}", values, "r.created_at")
    kind = "v.number IS NOT NULL" if phase == "number" else "v.number IS NULL AND v.text NOT NULL"
    # CROSS JOIN keeps SQLite on the metric's index: sorted already, read only as far as needed.
    return _Source(
        f"run_values v CROSS JOIN runs r ON r.id = v.run_id WHERE v.{scope.column} = ?"
        f" AND v.scope = ? AND v.key = ? AND {kind}",
        (scope.owner, order.scope, *order.keys),
        f"v.{phase}",
        "v.run_id",
    )


def _beyond(source: _Source, place: _Place, way: str) -> tuple[str, tuple[object, ...]]:
    """Return the condition for rows after a place; its first half is one that an index serves."""
    if place.fresh:
        return "", ()
    key, tie = source.key, source.tie
    values = (place.value, place.value, place.run_id)
    return f" AND {key} {way}= ? AND ({key} {way} ? OR {tie} > ?)", values


def _parse(cursor: str) -> _Place:
    try:
        phase, value, run_id = json.loads(cursor)
        if isinstance(value, str | int | float) and abs(int(run_id)) < 2**63:
            return _Place(str(phase), value, int(run_id), fresh=False)
    except (ValueError, TypeError, RecursionError):
        pass
    raise BadInput(f"{cursor!r} is not a cursor of ours")
