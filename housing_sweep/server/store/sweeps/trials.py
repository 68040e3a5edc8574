"""Rows of trials: what a sweep reserved, in which order it is offered, and what came of it.

A trial's attempt is a run. The trial outlives its run, so that a deleted run's point can be tried
again and no point is ever reserved twice.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from housing_sweep.search.score import Score
from housing_sweep.server.store.db import emit, steady, write
from housing_sweep.server.store.events import TrialQueued
from housing_sweep.server.store.people.users import UserId
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import AgentId, Run, RunId, SweepId
from housing_sweep.server.store.sweeps.sweeps import LARGEST, Sweep

QUEUED = ("pending", "preempted")
"""States of a trial that an agent may be told to run."""

_NUMBER = "+r.trial_number"
"""With the plus, SQLite goes by state (few rows) and not by number (all of a sweep's trials)."""

ALIVE = (*QUEUED, "running", "preempting")
"""States of a trial of which something is still to come."""


@dataclass(frozen=True, slots=True)
class StoredTrial:
    """One reserved trial; `run_id` is its last attempt, null once that run was deleted."""

    sweep_id: SweepId
    number: int
    run_id: RunId | None
    point: str
    digest: str
    offers: int
    retries: int
    stop_asked_at: float | None


_COLUMNS = ", ".join(f"t.{f.name}" for f in fields(StoredTrial))


def point_digest(point: Mapping[str, object]) -> str:
    """Return what tells points apart: equal for equal values in any order, 1 and 1.0 alike."""
    text = json.dumps(_plain(point), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def reserve(
    db: sqlite3.Connection,
    sweep: Sweep,
    point: Mapping[str, object],
    *,
    agent_id: AgentId | None,
    user_id: UserId | None,
    now: float,
    display_name: str | None = None,
) -> Run:
    """Make trial `sweep.next_number` as a pending run, before any agent hears of it.

    Without an `agent_id` it waits in the queue for the next agent that asks.
    """
    with write(db):
        run = _attempt(db, sweep, sweep.next_number, point, agent_id, user_id, now, display_name)
        _number(db, sweep.id, sweep.next_number, run.id, point, 0 if agent_id is None else 1)
    return run


def surplus(
    db: sqlite3.Connection,
    sweep: Sweep,
    point: Mapping[str, object],
    *,
    user_id: UserId | None,
    now: float,
    display_name: str | None = None,
) -> Run:
    """Make a pending run beyond the run cap: without a number, told to nobody.

    `wandb sweep-scheduler` counts finished trials only, keeps a batch in flight beyond the cap, and
    dies of a refusal.
    """
    return _attempt(db, sweep, None, point, None, user_id, now, display_name)


def adopt_surplus(db: sqlite3.Connection, sweep: Sweep, count: int) -> None:
    """Number up to `count` runs made beyond the run cap: it was raised."""
    with write(db):
        rows = db.execute(
            f"SELECT {runs.COLUMNS} FROM runs r WHERE {_SURPLUS} ORDER BY r.id LIMIT ?",
            (sweep.id, count),
        ).fetchall()
        for number, row in enumerate(rows, sweep.next_number):
            run = Run(*row)
            db.execute("UPDATE runs SET trial_number = ? WHERE id = ?", (number, run.id))
            _number(db, sweep.id, number, run.id, run.config_values, 0)


def delete_surplus(db: sqlite3.Connection, sweep_id: SweepId) -> None:
    """Forget the runs made beyond the run cap: the sweep has ended."""
    with write(db):
        db.execute(
            f"DELETE FROM runs WHERE id IN (SELECT r.id FROM runs r WHERE {_SURPLUS})", (sweep_id,)
        )


_BEYOND_CAP = "r.state = 'pending' AND r.trial_number IS NULL AND r.started_at IS NULL"
_SURPLUS = f"r.sweep_id = ? AND {_BEYOND_CAP}"


def _number(
    db: sqlite3.Connection,
    sweep_id: SweepId,
    number: int,
    run_id: RunId,
    point: Mapping[str, object],
    offers: int,
) -> None:
    db.execute(
        "INSERT INTO trials (sweep_id, number, run_id, point, digest, offers)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (sweep_id, number, run_id, json.dumps(point), point_digest(point), offers),
    )
    row = db.execute(
        "UPDATE sweeps SET next_number = ? WHERE id = ? RETURNING project_id, id",
        (number + 1, sweep_id),
    ).fetchone()
    emit(db, TrialQueued(*row))


def _attempt(
    db: sqlite3.Connection,
    sweep: Sweep,
    number: int | None,
    point: Mapping[str, object],
    agent_id: AgentId | None,
    user_id: UserId | None,
    now: float,
    display_name: str | None,
) -> Run:
    return runs.create(
        db,
        sweep.project_id,
        runs.new_name(),
        user_id=user_id,
        state="pending",
        now=now,
        config=json.dumps({name: {"value": value} for name, value in point.items()}),
        sweep_id=sweep.id,
        trial_number=number,
        agent_id=agent_id,
        offered_at=None if agent_id is None else steady(db),
        **({"display_name": display_name} if display_name else {}),
    )


def requeue_as_new_run(db: sqlite3.Connection, sweep: Sweep, trial: StoredTrial, now: float) -> Run:
    """Put a trial back in the queue as a new run; the old attempt stays as it ended."""
    with write(db):
        old = runs.find_by_id(db, trial.run_id) if trial.run_id is not None else None
        run = _attempt(
            db,
            sweep,
            trial.number,
            json.loads(trial.point),
            None,
            old.user_id if old else sweep.user_id,
            now,
            old.display_name if old else None,
        )
        db.execute(
            "UPDATE trials SET run_id = ?, offers = 0, retries = retries + 1, stop_asked_at = NULL"
            " WHERE sweep_id = ? AND number = ?",
            (run.id, trial.sweep_id, trial.number),
        )
        emit(db, TrialQueued(sweep.project_id, sweep.id))
    return run


def revive(db: sqlite3.Connection, sweep_id: SweepId, now: float) -> int:
    """Put the trials that were dropped before they started back in the queue; returns how many."""
    with write(db):
        rows = db.execute(
            "UPDATE runs SET state = 'pending', agent_id = NULL, offered_at = NULL,"
            " should_stop = 0, finished_at = NULL, updated_at = ?"
            " WHERE sweep_id = ? AND state = 'killed' AND started_at IS NULL"
            " AND id IN (SELECT run_id FROM trials WHERE sweep_id = ?)"
            " RETURNING project_id, sweep_id",
            (now, sweep_id, sweep_id),
        ).fetchall()
        for row in rows:
            emit(db, TrialQueued(*row))
    return len(rows)


def of_run(db: sqlite3.Connection, run_id: RunId) -> StoredTrial | None:
    """Return the trial that a run is the last attempt of."""
    row = db.execute(f"SELECT {_COLUMNS} FROM trials t WHERE t.run_id = ?", (run_id,)).fetchone()
    return None if row is None else StoredTrial(*row)


def has_point(db: sqlite3.Connection, sweep_id: SweepId, point: Mapping[str, object]) -> bool:
    """Return whether a sweep has a trial at a point."""
    row = db.execute(
        "SELECT 1 FROM trials WHERE sweep_id = ? AND digest = ?", (sweep_id, point_digest(point))
    ).fetchone()
    return row is not None


def in_states(
    db: sqlite3.Connection, sweep_id: SweepId, states: Iterable[str]
) -> list[StoredTrial]:
    """Return the trials whose last attempt is in one of the states; "deleted" is one too."""
    listed = tuple(states)
    marks = ", ".join("?" * len(listed))
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM trials t LEFT JOIN runs r ON r.id = t.run_id"
        f" WHERE t.sweep_id = ? AND coalesce(r.state, 'deleted') IN ({marks}) ORDER BY t.number",
        (sweep_id, *listed),
    )
    return [StoredTrial(*row) for row in rows]


def waiting(
    db: sqlite3.Connection,
    sweep_id: SweepId,
    agent_id: AgentId,
    running: Iterable[str],
    offered_before: float,
    passed: Iterable[str] = (),
) -> Run | None:
    """Return the first trial of the queue that this agent may be told to run.

    One that nobody was told about; one that this agent was told about and does not run (our answer
    was lost, or its process died at once); one that another agent was told about too long ago. A
    trial that its living agent says it runs is only slow to start, and stays with it.

    Args:
        db: the database.
        sweep_id: the sweep.
        agent_id: who asks.
        running: the trials it says are alive.
        offered_before: moment of the steady clock before which an offer counts as lost.
        passed: names of trials to leave out.
    """
    row = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r LEFT JOIN agents a ON a.id = r.agent_id"
        " WHERE r.sweep_id = :sweep AND r.state IN ('pending', 'preempted')"
        f" AND {_NUMBER} IS NOT NULL AND r.should_stop = 0"
        " AND r.name NOT IN (SELECT value FROM json_each(:passed))"
        " AND (r.offered_at IS NULL"
        "  OR (r.agent_id = :agent AND r.name NOT IN (SELECT value FROM json_each(:running)))"
        "  OR (r.agent_id IS NULL AND r.offered_at < :before)"
        "  OR (r.agent_id <> :agent AND r.offered_at < :before AND NOT (a.heard_at >= :before"
        "      AND r.name IN (SELECT value FROM json_each(a.running)))))"
        f" ORDER BY {_NUMBER} LIMIT 1",
        {
            "sweep": sweep_id,
            "agent": agent_id,
            "running": json.dumps(sorted(running)),
            "before": offered_before,
            "passed": json.dumps(sorted(passed)),
        },
    ).fetchone()
    return runs.from_row(row)


def offer(db: sqlite3.Connection, run: Run, agent_id: AgentId, now: float, *, counts: bool) -> None:
    """Record that an agent is told to run a trial of the queue.

    Args:
        db: the database.
        run: the trial.
        agent_id: who is told.
        now: when.
        counts: whether it counts towards giving up on the trial.
    """
    with write(db):
        db.execute(
            "UPDATE runs SET agent_id = ?, offered_at = ?, updated_at = ? WHERE id = ?",
            (agent_id, steady(db), now, run.id),
        )
        if counts:
            db.execute("UPDATE trials SET offers = offers + 1 WHERE run_id = ?", (run.id,))


def requeue_preempted(db: sqlite3.Connection, run: Run) -> None:
    """Let a preempted trial wait for any agent; its lines stay."""
    with write(db):
        db.execute("UPDATE runs SET offered_at = NULL, should_stop = 0 WHERE id = ?", (run.id,))
        row = db.execute(
            "UPDATE trials SET offers = 0, stop_asked_at = NULL WHERE run_id = ?"
            " RETURNING sweep_id",
            (run.id,),
        ).fetchone()
        if row is not None:
            emit(db, TrialQueued(run.project_id, *row))


_TO_STOP = "r.agent_id = ? AND r.should_stop AND r.state IN ('running', 'preempting')"


def note_stop_requests(db: sqlite3.Connection, agent_id: AgentId) -> None:
    """Note when an agent's living trials were first seen to be asked to stop."""
    with write(db):
        db.execute(
            "UPDATE trials SET stop_asked_at = ? WHERE stop_asked_at IS NULL"
            f" AND run_id IN (SELECT r.id FROM runs r WHERE {_TO_STOP})",
            (steady(db), agent_id),
        )


def stop_requests(db: sqlite3.Connection, agent_id: AgentId) -> list[tuple[str, float | None]]:
    """Return (run name, since when, by the steady clock) of an agent's trials asked to stop."""
    rows = db.execute(
        "SELECT r.name, t.stop_asked_at FROM runs r LEFT JOIN trials t ON t.run_id = r.id"
        f" WHERE {_TO_STOP} ORDER BY r.id",
        (agent_id,),
    )
    return [(name, since) for name, since in rows]


def never_to_run(db: sqlite3.Connection, offered_before: float) -> list[Run]:
    """Return queued trials nobody will run: asked to stop, or of a sweep that a user ended.

    Those only that nobody was told about since `offered_before`, a moment of the steady clock.
    """
    rows = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r JOIN sweeps s ON s.id = r.sweep_id"
        " LEFT JOIN agents a ON a.id = r.agent_id"
        " WHERE r.state = 'pending' AND r.trial_number IS NOT NULL"
        " AND (r.should_stop OR s.state IN ('FINISHED', 'CANCELED'))"
        " AND coalesce(r.offered_at, 0) < :before AND NOT coalesce(a.heard_at >= :before"
        "      AND r.name IN (SELECT value FROM json_each(a.running)), 0)",
        {"before": offered_before},
    )
    return [run for row in rows if (run := runs.from_row(row))]


def count_runs(db: sqlite3.Connection, sweep_id: SweepId, *states: str) -> int:
    """Return how many runs a sweep has, or how many trials in some states."""
    marks = ", ".join("?" * len(states))
    where = f"AND r.state IN ({marks}) AND {_NUMBER} IS NOT NULL" if states else ""
    (number,) = db.execute(
        f"SELECT count(*) FROM runs r WHERE r.sweep_id = ? {where}", (sweep_id, *states)
    ).fetchone()
    return int(number)


def count_trials(db: sqlite3.Connection, sweep_id: SweepId) -> int:
    """Return how many trials a sweep has, each once however often it was attempted.

    What `run_cap` counts, so never more than it where the server hands out the trials. A run that
    joined by itself (`WANDB_SWEEP_ID`) counts too, one made beyond the cap does not.
    """
    (number,) = db.execute(
        "SELECT count(DISTINCT r.trial_number) + count(*) - count(r.trial_number)"
        f" FROM runs r WHERE r.sweep_id = ? AND NOT ({_BEYOND_CAP})",
        (sweep_id,),
    ).fetchone()
    return int(number)


def by_state(db: sqlite3.Connection, sweep_id: SweepId, *states: str) -> list[Run]:
    """Return a sweep's trials in the given states, by number."""
    marks = ", ".join("?" * len(states))
    rows = db.execute(
        f"SELECT {runs.COLUMNS} FROM runs r WHERE r.sweep_id = ? AND r.state IN ({marks})"
        f" ORDER BY {_NUMBER}",
        (sweep_id, *states),
    )
    return [run for row in rows if (run := runs.from_row(row))]


def observations(
    db: sqlite3.Connection, sweep_id: SweepId, scores: Sequence[Score], newest: int, best: int
) -> list[tuple[Any, ...]]:
    """Return (number, state, point, score, score, ...) of trials, by number.

    Of a long sweep the `newest` and, for each score, the `best`.
    """
    value = (
        "(SELECT v.number FROM run_values v WHERE v.run_id = r.id AND v.scope = 'summary'"
        " AND v.key = ?)"
    )
    columns = [f"coalesce({', '.join([value] * len(score.keys))}, NULL)" for score in scores]
    chosen = "SELECT run_id FROM trials WHERE sweep_id = ? ORDER BY number DESC LIMIT ?"
    parts, values = [f"SELECT * FROM ({chosen})"], list[object]((sweep_id, newest))
    for score in scores:
        way = "DESC" if score.maximize else "ASC"
        for key in score.keys:
            parts.append(
                "SELECT * FROM (SELECT v.run_id FROM run_values v WHERE v.sweep_id = ?"
                " AND v.scope = 'summary' AND v.key = ? AND v.number BETWEEN ? AND ?"
                f" ORDER BY v.number {way} LIMIT ?)"
            )
            values += [sweep_id, key, -LARGEST, LARGEST, best]
    rows = db.execute(
        f"SELECT t.number, r.state, t.point, {', '.join(columns)} FROM trials t"
        f" JOIN runs r ON r.id = t.run_id WHERE t.sweep_id = ? AND t.run_id IN"
        f" ({' UNION '.join(parts)}) ORDER BY t.number",
        (*(key for score in scores for key in score.keys), sweep_id, *values),
    )
    return [tuple(row) for row in rows]
