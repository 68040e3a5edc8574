"""Rows of sweeps, the runs attached to them, and their best value. Trials are in `trials`."""

import sqlite3
import sys
from dataclasses import dataclass, fields

from housing_sweep.errors import Gone, NotFound
from housing_sweep.search.score import Score
from housing_sweep.server.store.db import emit, write
from housing_sweep.server.store.events import SweepChanged
from housing_sweep.server.store.people.users import User, UserId
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import ProjectId
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run, SweepId

LARGEST = sys.float_info.max
"""Infinite values do not count as best."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep; `config` is the YAML it was made from, `seed` what its trials draw from."""

    id: SweepId
    project_id: ProjectId
    name: str
    display_name: str | None
    description: str | None
    config: str
    state: str
    user_id: UserId | None
    seed: int
    next_number: int
    position: int
    closed: int
    controller: str | None
    scheduler: str | None
    controller_run_name: str | None
    created_at: float
    updated_at: float


_COLUMNS = ", ".join(f"s.{f.name}" for f in fields(Sweep))
_NAMES = ", ".join(f.name for f in fields(Sweep))
SETTABLE = frozenset(
    [
        "display_name",
        "description",
        "config",
        "state",
        "position",
        "closed",
        "controller",
        "scheduler",
    ]
)


def create(
    db: sqlite3.Connection,
    project_id: ProjectId,
    name: str,
    *,
    config: str,
    seed: int,
    user_id: UserId,
    controller_run_name: str | None,
    now: float,
    **columns: object,
) -> Sweep:
    """Add a sweep in state PENDING: no agent yet; `columns` of `SETTABLE`."""
    unknown = columns.keys() - SETTABLE
    assert not unknown, unknown
    row = {
        "project_id": project_id,
        "name": name,
        "config": config,
        "state": "PENDING",
        "seed": seed,
        "user_id": user_id,
        "controller_run_name": controller_run_name,
        "created_at": now,
        "updated_at": now,
        **columns,
    }
    with write(db):
        sweep = Sweep(
            *db.execute(
                f"INSERT INTO sweeps ({', '.join(row)}) VALUES ({', '.join(f':{n}' for n in row)})"
                f" RETURNING {_NAMES}",
                row,
            ).fetchone()
        )
        emit(db, SweepChanged(sweep.project_id, sweep.id))
    return sweep


def update(db: sqlite3.Connection, sweep_id: SweepId, *, now: float, **columns: object) -> Sweep:
    """Set some columns (of `SETTABLE`).

    Raises:
        Gone: the sweep was deleted meanwhile.
    """
    unknown = columns.keys() - SETTABLE
    assert not unknown, unknown
    assignments = ", ".join(f"{name} = :{name}" for name in ["updated_at", *columns])
    with write(db):
        row = db.execute(
            f"UPDATE sweeps SET {assignments} WHERE id = :id RETURNING {_NAMES}",
            {**columns, "updated_at": now, "id": sweep_id},
        ).fetchone()
        if row is None:
            raise Gone(f"sweep number {sweep_id} was deleted")
        sweep = Sweep(*row)
        emit(db, SweepChanged(sweep.project_id, sweep.id))
    return sweep


def get(db: sqlite3.Connection, sweep_id: int) -> Sweep:
    """Return a sweep, whoever asks.

    Raises:
        Gone: it was deleted meanwhile.
    """
    if (sweep := find_by_id(db, sweep_id)) is None:
        raise Gone(f"sweep number {sweep_id} was deleted")
    return sweep


def find_by_id(db: sqlite3.Connection, sweep_id: int) -> Sweep | None:
    """Return a sweep, whoever asks."""
    return _row(
        db.execute(f"SELECT {_COLUMNS} FROM sweeps s WHERE s.id = ?", (sweep_id,)).fetchone()
    )


def find(db: sqlite3.Connection, project_id: ProjectId, name: str) -> Sweep | None:
    """Return a sweep by its name within a project."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM sweeps s WHERE s.project_id = ? AND s.name = ?",
        (project_id, name),
    ).fetchone()
    return _row(row)


def writable(db: sqlite3.Connection, user: User, sweep_id: int) -> Sweep:
    """Return a sweep the user may change.

    Raises:
        NotFound: no such sweep, or not for this user.
        PermissionDenied: the user may only look.
    """
    sweep = find_by_id(db, sweep_id)
    project = projects.find_by_id(db, sweep.project_id) if sweep else None
    if sweep is None or project is None:
        raise NotFound("sweep not found", fix="check the id that `wandb sweep` printed")
    projects.require_writable(db, user, project)
    return sweep


def of_project(
    db: sqlite3.Connection, project_id: ProjectId, *, before: int | None, limit: int
) -> list[Sweep]:
    """Return a project's sweeps, newest first, older than the one numbered `before`."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM sweeps s WHERE s.project_id = :project"
        " AND (:before IS NULL OR s.id < :before) ORDER BY s.id DESC LIMIT :limit",
        {"project": project_id, "before": before, "limit": limit},
    )
    return [sweep for row in rows if (sweep := _row(row))]


def count_in_project(db: sqlite3.Connection, project_id: ProjectId) -> int:
    """Return how many sweeps a project has."""
    (number,) = db.execute(
        "SELECT count(*) FROM sweeps WHERE project_id = ?", (project_id,)
    ).fetchone()
    return int(number)


def delete(db: sqlite3.Connection, sweep_id: SweepId) -> None:
    """Remove a sweep; its runs stay, as runs of no sweep."""
    with write(db):
        db.execute("UPDATE run_values SET sweep_id = NULL WHERE sweep_id = ?", (sweep_id,))
        row = db.execute(
            "DELETE FROM sweeps WHERE id = ? RETURNING project_id, id", (sweep_id,)
        ).fetchone()
        if row is not None:
            emit(db, SweepChanged(*row))


def attach_prior_runs(db: sqlite3.Connection, sweep_id: SweepId, names: list[str]) -> None:
    """Attach runs made before the sweep, of the same project; unknown names are left out."""
    with write(db):
        db.executemany(
            "INSERT OR IGNORE INTO sweep_prior_runs SELECT s.id, r.id FROM sweeps s"
            " JOIN runs r ON r.project_id = s.project_id WHERE s.id = ? AND r.name = ?",
            [(sweep_id, name) for name in names],
        )


def prior_runs(db: sqlite3.Connection, sweep_id: SweepId) -> list[Run]:
    """Return the runs attached with `--prior_run`."""
    rows = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r JOIN sweep_prior_runs p ON p.run_id = r.id"
        " WHERE p.sweep_id = ? ORDER BY r.id",
        (sweep_id,),
    )
    return [run for row in rows if (run := runs.from_row(row))]


def best_value(
    db: sqlite3.Connection,
    sweep_id: SweepId,
    score: Score,
    *,
    state: str | None = None,
) -> float | None:
    """Return the best value of a summary metric among a sweep's trials, or those in one state.

    The metric is the first of the keys of `score` that any trial has; NaN and infinity never win.
    """
    way, which = "DESC" if score.maximize else "ASC", ""
    if state is not None:
        which = "AND EXISTS (SELECT 1 FROM runs r WHERE r.id = v.run_id AND r.state = :state)"
    for key in score.keys:
        row = db.execute(
            "SELECT v.number FROM run_values v WHERE v.sweep_id = :sweep AND v.scope = 'summary'"
            f" AND v.key = :key AND v.number BETWEEN :low AND :high {which}"
            f" ORDER BY v.number {way} LIMIT 1",
            {"sweep": sweep_id, "key": key, "low": -LARGEST, "high": LARGEST, "state": state},
        ).fetchone()
        if row is not None:
            return float(row[0])
    return None


def _row(row: sqlite3.Row | None) -> Sweep | None:
    return None if row is None else Sweep(*row)
