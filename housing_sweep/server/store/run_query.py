"""Pages of runs, filtered and ordered; never reads more runs than the page and its skips need.

A page ordered by a metric walks the index of that metric: first the runs with a number, best first,
then those with text, then those without the key (or with NaN). Ties go by age.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from housing_sweep.errors import BadInput
from housing_sweep.server.store import run_filters
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
    sql = f"SELECT count(*) FROM runs r WHERE {scope.sql} AND {where.sql}"
    (number,) = db.execute(sql, (*scope.values, *where.values)).fetchone()
    return int(number)


def _scope(db: sqlite3.Connection, project_id: int, filters: object) -> Where | None:
    """Return the narrowest indexed set of runs: one sweep's, or the project's; None is empty."""
    name = run_filters.sweep_name(filters)
    if name is None:
        return Where("r.project_id = ?", (project_id,))
    row = db.execute(
        "SELECT id FROM sweeps WHERE project_id = ? AND name = ?", (project_id, name)
    ).fetchone()
    return Where("r.sweep_id = ?", (row[0],)) if row else None


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
    db: sqlite3.Connection, scope: Where, where: Where, order: Order, place: _Place, limit: int
) -> list[Found]:
    source, values, key = _source(scope, order, place.phase)
    beyond, beyond_values = _beyond(order, place, key)
    way = "DESC" if order.descending and place.phase != "missing" else "ASC"
    rows = db.execute(
        f"SELECT {key} AS sort_key, {COLUMNS} FROM {source} AND {where.sql} AND {beyond}"
        f" ORDER BY {key} {way}, r.id ASC LIMIT ?",
        (*values, *where.values, *beyond_values, limit),
    )
    return [Found(run := Run(*row[1:]), json.dumps([place.phase, row[0], run.id])) for row in rows]


def _source(scope: Where, order: Order, phase: str) -> tuple[str, tuple[object, ...], str]:
    """Return the FROM ... WHERE of a phase, its values, and what it is sorted by."""
    if order.column:
        sql = f"coalesce({run_filters.COLUMNS[order.column]}, '')"
        key = "r.created_at" if order.column == "created_at" else sql
        return f"runs r WHERE {scope.sql}", scope.values, key
    marks = ", ".join("?" * len(order.keys))
    if phase == "missing":
        absent = (
            "NOT EXISTS (SELECT 1 FROM run_values v WHERE v.run_id = r.id AND v.scope = ?"
            f" AND v.key IN ({marks}) AND (v.number IS NOT NULL OR v.text IS NOT NULL))"
        )
        source = f"runs r WHERE {scope.sql} AND {absent}"
        return source, (*scope.values, order.scope, *order.keys), "r.id"
    # CROSS JOIN keeps SQLite on the metric's index: sorted already, read only as far as needed.
    source = (
        f"run_values v CROSS JOIN runs r ON r.id = v.run_id WHERE {scope.sql.replace('r.', 'v.')}"
        f" AND v.scope = ? AND v.key IN ({marks}) AND v.{phase} IS NOT NULL"
    )
    return source, (*scope.values, order.scope, *order.keys), f"v.{phase}"


def _beyond(order: Order, place: _Place, key: str) -> tuple[str, tuple[object, ...]]:
    if place.fresh:
        return "1", ()
    if place.phase == "missing":
        return "r.id > ?", (place.run_id,)
    way = "<" if order.descending else ">"
    return f"({key} {way} ? OR ({key} = ? AND r.id > ?))", (place.value, place.value, place.run_id)


def _parse(cursor: str) -> _Place:
    try:
        phase, value, run_id = json.loads(cursor)
        return _Place(str(phase), value, int(run_id), fresh=False)
    except (ValueError, TypeError):
        raise BadInput(f"{cursor!r} is not a cursor of ours") from None
