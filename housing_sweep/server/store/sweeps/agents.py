"""Rows of agents: who asks for trials, and what each says it is running."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields

from housing_sweep.server.store.db import steady, write
from housing_sweep.server.store.people.users import UserId
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import AgentId, Run, SweepId


@dataclass(frozen=True, slots=True)
class Agent:
    """One `wandb agent` process."""

    id: AgentId
    sweep_id: SweepId
    name: str
    host: str | None
    user_id: UserId | None
    running: str
    left_at: float | None
    created_at: float
    heartbeat_at: float
    heard_at: float


_COLUMNS = ", ".join(f"a.{f.name}" for f in fields(Agent))
_NAMES = ", ".join(f.name for f in fields(Agent))


def create(
    db: sqlite3.Connection, sweep_id: SweepId, host: str, user_id: UserId, now: float
) -> Agent:
    """Add an agent to a sweep."""
    with write(db):
        row = db.execute(
            "INSERT INTO agents"
            " (sweep_id, name, host, user_id, created_at, heartbeat_at, heard_at)"
            f" VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {_NAMES}",
            (sweep_id, runs.new_name(), host, user_id, now, now, steady(db)),
        ).fetchone()
    return Agent(*row)


def find_by_id(db: sqlite3.Connection, agent_id: int) -> Agent | None:
    """Return an agent, whoever asks."""
    row = db.execute(f"SELECT {_COLUMNS} FROM agents a WHERE a.id = ?", (agent_id,)).fetchone()
    return None if row is None else Agent(*row)


def find(db: sqlite3.Connection, sweep_id: SweepId, name: str) -> Agent | None:
    """Return an agent by its name within a sweep."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM agents a WHERE a.sweep_id = ? AND a.name = ?", (sweep_id, name)
    ).fetchone()
    return None if row is None else Agent(*row)


def of_sweep(db: sqlite3.Connection, sweep_id: SweepId) -> list[Agent]:
    """Return a sweep's agents, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM agents a WHERE a.sweep_id = ? ORDER BY a.id", (sweep_id,)
    )
    return [Agent(*row) for row in rows]


def heartbeat(
    db: sqlite3.Connection, agent_id: AgentId, running: Iterable[str], now: float
) -> None:
    """Record that an agent lives, and what it says it is running."""
    with write(db):
        db.execute(
            "UPDATE agents SET heartbeat_at = ?, heard_at = ?, running = ?, left_at = NULL"
            " WHERE id = ?",
            (now, steady(db), json.dumps(sorted(running)), agent_id),
        )


def last_heard(db: sqlite3.Connection) -> float:
    """Return the last moment of the steady clock that is noted of an agent or a living run.

    Whatever else is noted by that clock was in the course of an agent's heartbeat.
    """
    (moment,) = db.execute(
        "SELECT max(coalesce((SELECT max(heard_at) FROM agents), 0),"
        " coalesce((SELECT max(heard_at) FROM runs WHERE state IN ('running', 'preempting')), 0))"
    ).fetchone()
    return float(moment)


def leave(db: sqlite3.Connection, agent_id: AgentId, now: float) -> None:
    """Record that an agent was told to exit."""
    with write(db):
        db.execute("UPDATE agents SET left_at = ? WHERE id = ?", (now, agent_id))


def count_runs(db: sqlite3.Connection, agent_id: AgentId) -> int:
    """Return how many trials an agent was told to run."""
    (number,) = db.execute("SELECT count(*) FROM runs WHERE agent_id = ?", (agent_id,)).fetchone()
    return int(number)


def page_of_runs(db: sqlite3.Connection, agent_id: AgentId, *, after: int, limit: int) -> list[Run]:
    """Return the trials an agent was told to run, oldest first, beyond the run `after`."""
    rows = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r WHERE r.agent_id = ? AND r.id > ?"
        " ORDER BY r.id LIMIT ?",
        (agent_id, after, limit),
    )
    return [run for row in rows if (run := runs.from_row(row))]


def runs_of(db: sqlite3.Connection, agent_id: AgentId, *states: str) -> list[Run]:
    """Return the trials an agent was told to run, oldest first, in all or in some states."""
    marks = ", ".join("?" * len(states))
    where = f"AND r.state IN ({marks})" if states else ""
    rows = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r WHERE r.agent_id = ? {where} ORDER BY r.id",
        (agent_id, *states),
    )
    return [run for row in rows if (run := runs.from_row(row))]
