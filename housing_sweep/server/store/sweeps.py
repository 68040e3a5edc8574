"""Rows of sweeps, and their trials as the scheduler sees them."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields

from housing_sweep.server.store import run_values, runs
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people import UserId
from housing_sweep.server.store.projects import ProjectId
from housing_sweep.server.store.runs import AgentId, Run, RunId, SweepId


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
    controller: str | None
    scheduler: str | None
    controller_run_name: str | None
    created_at: float
    updated_at: float


_COLUMNS = ", ".join(f"s.{f.name}" for f in fields(Sweep))
SETTABLE = frozenset(
    {"display_name", "description", "config", "state", "controller", "scheduler", "next_number"}
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
    """Add a sweep in state PENDING: no agent yet."""
    with write(db):
        sweep_id = db.execute(
            "INSERT INTO sweeps (project_id, name, config, state, seed, user_id,"
            " controller_run_name, created_at, updated_at)"
            " VALUES (?, ?, ?, 'PENDING', ?, ?, ?, ?, ?)",
            (project_id, name, config, seed, user_id, controller_run_name, now, now),
        ).lastrowid
        assert sweep_id is not None
        update(db, SweepId(sweep_id), now=now, **columns)
    sweep = by_id(db, sweep_id)
    assert sweep is not None
    return sweep


def update(db: sqlite3.Connection, sweep_id: SweepId, *, now: float, **columns: object) -> None:
    """Set some columns (of `SETTABLE`)."""
    unknown = columns.keys() - SETTABLE
    assert not unknown, unknown
    assignments = ", ".join(f"{name} = :{name}" for name in ["updated_at", *columns])
    with write(db):
        db.execute(
            f"UPDATE sweeps SET {assignments} WHERE id = :id",
            {**columns, "updated_at": now, "id": sweep_id},
        )


def by_id(db: sqlite3.Connection, sweep_id: int) -> Sweep | None:
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
        db.execute("DELETE FROM sweeps WHERE id = ?", (sweep_id,))


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


def reserve_trial(
    db: sqlite3.Connection,
    sweep: Sweep,
    number: int,
    params: Mapping[str, object],
    *,
    agent_id: AgentId | None,
    user_id: UserId | None,
    now: float,
    display_name: str | None = None,
) -> Run:
    """Make trial `number` as a pending run, before any agent hears of it.

    Without an `agent_id` it waits in the queue for the next agent that asks.
    """
    config = json.dumps({name: {"value": value} for name, value in params.items()})
    with write(db):
        run = runs.create(
            db,
            sweep.project_id,
            runs.new_name(),
            user_id=user_id,
            state="pending",
            now=now,
            config=config,
            sweep_id=sweep.id,
            **({"display_name": display_name} if display_name else {}),
        )
        db.execute(
            "UPDATE runs SET trial_number = ?, agent_id = ?, offered_at = ? WHERE id = ?",
            (number, agent_id, None if agent_id is None else now, run.id),
        )
        db.execute(
            "UPDATE sweeps SET next_number = max(next_number, ?) WHERE id = ?",
            (number + 1, sweep.id),
        )
    held = runs.by_id(db, run.id)
    assert held is not None
    return held


def offer(db: sqlite3.Connection, run_id: RunId, agent_id: AgentId, now: float) -> None:
    """Record that an agent is told to run a pending trial."""
    with write(db):
        db.execute(
            "UPDATE runs SET agent_id = ?, offered_at = ?, updated_at = ? WHERE id = ?",
            (agent_id, now, now, run_id),
        )


def waiting_trial(db: sqlite3.Connection, sweep_id: SweepId, offered_before: float) -> Run | None:
    """Return the first pending trial that nobody was told about, or told too long ago.

    A trial that its agent still counts as alive is only slow to start, and not returned.
    """
    row = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r LEFT JOIN agents a ON a.id = r.agent_id"
        " WHERE r.sweep_id = :sweep AND r.state = 'pending' AND (r.offered_at IS NULL"
        "  OR (r.offered_at < :before AND NOT (a.heartbeat_at >= :before"
        "      AND EXISTS (SELECT 1 FROM json_each(a.running) j WHERE j.value = r.name))))"
        " ORDER BY r.trial_number LIMIT 1",
        {"sweep": sweep_id, "before": offered_before},
    ).fetchone()
    return runs.from_row(row)


def count_trials(db: sqlite3.Connection, sweep_id: SweepId, *states: str) -> int:
    """Return how many trials a sweep has, in all or in some states."""
    marks = ", ".join("?" * len(states))
    where = f"AND state IN ({marks})" if states else ""
    (number,) = db.execute(
        f"SELECT count(*) FROM runs WHERE sweep_id = ? {where}", (sweep_id, *states)
    ).fetchone()
    return int(number)


def trials_by_state(
    db: sqlite3.Connection, sweep_id: SweepId, states: tuple[str, ...]
) -> list[Run]:
    """Return a sweep's trials in the given states, by number."""
    marks = ", ".join("?" * len(states))
    rows = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r WHERE r.sweep_id = ? AND r.state IN ({marks})"
        " ORDER BY r.trial_number",
        (sweep_id, *states),
    )
    return [run for row in rows if (run := runs.from_row(row))]


def observations(
    db: sqlite3.Connection, sweep_id: SweepId, metric: str, limit: int
) -> list[tuple[int, str, str, float | None]]:
    """Return (number, state, config, metric) of the newest `limit` trials, by number."""
    rows = db.execute(
        "SELECT r.trial_number, r.state, r.config, v.number FROM runs r LEFT JOIN run_values v"
        " ON v.run_id = r.id AND v.scope = 'summary' AND v.key = ?"
        " WHERE r.sweep_id = ? AND r.trial_number IS NOT NULL"
        " ORDER BY r.trial_number DESC LIMIT ?",
        (metric, sweep_id, limit),
    ).fetchall()
    return [tuple(row) for row in reversed(rows)]


def best_value(
    db: sqlite3.Connection, sweep_id: SweepId, metric: str, maximize: bool
) -> float | None:
    """Return the best value of a summary metric among a sweep's trials; NaN does not count."""
    way = "DESC" if maximize else "ASC"
    row = db.execute(
        "SELECT number FROM run_values WHERE sweep_id = ? AND scope = 'summary' AND key = ?"
        f" AND number IS NOT NULL ORDER BY number {way} LIMIT 1",
        (sweep_id, metric),
    ).fetchone()
    return None if row is None else float(row[0])


def requeue(db: sqlite3.Connection, run: Run, now: float) -> None:
    """Put an ended trial back in the queue, with the same id and parameters, its lines gone."""
    config = {k: v for k, v in json.loads(run.config).items() if k != "_wandb"}
    with write(db):
        for table in ("history", "events", "log_lines"):
            db.execute(f"DELETE FROM {table} WHERE run_id = ?", (run.id,))
        db.execute(
            "UPDATE runs SET state = 'pending', agent_id = NULL, offered_at = NULL,"
            " history_lines = 0, event_lines = 0, log_lines = 0, exit_code = NULL,"
            " should_stop = 0, started_at = NULL, heartbeat_at = NULL, finished_at = NULL"
            " WHERE id = ?",
            (run.id,),
        )
        runs.update(db, run.id, now=now, config=json.dumps(config), summary="{}")
        run_values.replace(db, run.id, run.project_id, run.sweep_id, "summary", {})


def _row(row: sqlite3.Row | None) -> Sweep | None:
    return None if row is None else Sweep(*row)
