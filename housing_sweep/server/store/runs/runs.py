"""Rows of runs: what was asked, what state it is in, and how it ended."""

import json
import secrets
import sqlite3
import string
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NewType

from housing_sweep.errors import Gone
from housing_sweep.server.rules import json_steps
from housing_sweep.server.rules.json_text import loads_object, storable
from housing_sweep.server.store.db import emit, steady, write
from housing_sweep.server.store.events import RunChanged, RunDeleted, RunEnded
from housing_sweep.server.store.people.users import UserId
from housing_sweep.server.store.projects.projects import ProjectId
from housing_sweep.server.store.runs import values

RunId = NewType("RunId", int)
SweepId = NewType("SweepId", int)
AgentId = NewType("AgentId", int)

ENDED = frozenset({"finished", "failed", "crashed", "killed", "preempted"})
ALIVE = frozenset({"pending", "running", "preempting"})

STOPPED_EXIT_CODE = 255
"""What wandb reports when a run was interrupted, by Ctrl-C or by `stopped: true`."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `name` is W&B's run id, unique in its project; JSON fields are text as sent."""

    id: RunId
    project_id: ProjectId
    name: str
    display_name: str | None
    state: str
    user_id: UserId | None
    sweep_id: SweepId | None
    agent_id: AgentId | None
    trial_number: int | None
    offered_at: float | None
    group_name: str | None
    job_type: str | None
    description: str | None
    notes: str | None
    host: str | None
    program: str | None
    commit_sha: str | None
    repo: str | None
    tags: str
    config: str
    summary: str
    history_lines: int
    event_lines: int
    log_lines: int
    rewriting: int
    exit_code: int | None
    should_stop: int
    created_at: float
    updated_at: float
    started_at: float | None
    heartbeat_at: float | None
    finished_at: float | None

    @property
    def config_values(self) -> dict[str, object]:
        """The config without W&B's `{"value": ...}` wrappers and its own `_wandb` entry."""
        return unwrap(json.loads(self.config))

    @property
    def tag_list(self) -> list[str]:
        """The tags, in the order the user gave them."""
        tags: list[str] = json.loads(self.tags)
        return tags


COLUMNS = ", ".join(f"r.{f.name}" for f in fields(Run))
_NAMES = ", ".join(f.name for f in fields(Run))
_STATE = "project_id, id, sweep_id, state"
SETTABLE = frozenset(
    [
        "display_name",
        "group_name",
        "job_type",
        "description",
        "notes",
        "host",
        "program",
        "commit_sha",
        "repo",
        "tags",
        "config",
        "summary",
        "state",
        "sweep_id",
    ]
)
SETTABLE_AT_FIRST = SETTABLE | {"trial_number", "agent_id", "offered_at"}


def unwrap(config: Mapping[str, object]) -> dict[str, object]:
    """Return a config's plain values: `{"lr": {"value": 0.1}}` becomes `{"lr": 0.1}`."""
    return {
        key: item["value"] if isinstance(item, dict) and "value" in item else item
        for key, item in config.items()
        if key != "_wandb"
    }


def new_name() -> str:
    """Return a random run id in the SDK's alphabet."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))


def from_row(row: sqlite3.Row | None) -> Run | None:
    """Return a selected row (of `COLUMNS`) as a run."""
    return None if row is None else Run(*row)


def get(db: sqlite3.Connection, run_id: int) -> Run:
    """Return a run, whoever asks.

    Raises:
        Gone: it was deleted meanwhile.
    """
    if (run := find_by_id(db, run_id)) is None:
        raise Gone(f"run number {run_id} was deleted")
    return run


def find_by_id(db: sqlite3.Connection, run_id: int) -> Run | None:
    """Return a run, whoever asks."""
    return from_row(
        db.execute(f"SELECT {COLUMNS} FROM runs r WHERE r.id = ?", (run_id,)).fetchone()
    )


def find(db: sqlite3.Connection, project_id: ProjectId, name: str) -> Run | None:
    """Return a run by its name within a project."""
    row = db.execute(
        f"SELECT {COLUMNS} FROM runs r WHERE r.project_id = ? AND r.name = ?", (project_id, name)
    ).fetchone()
    return from_row(row)


def create(
    db: sqlite3.Connection,
    project_id: ProjectId,
    name: str,
    *,
    user_id: UserId | None,
    state: str,
    now: float,
    **columns: object,
) -> Run:
    """Add a run; `columns` of `SETTABLE_AT_FIRST`.

    Raises:
        BadInput: config or summary is not a JSON object.
    """
    unknown = columns.keys() - SETTABLE_AT_FIRST
    assert not unknown, unknown
    alive = now if state == "running" else None
    row = {
        "project_id": project_id,
        "name": name,
        "state": state,
        "user_id": user_id,
        "created_at": now,
        "updated_at": now,
        "started_at": alive,
        "heartbeat_at": alive,
        "heard_at": None if alive is None else steady(db),
        **_storable(columns),
    }
    with write(db):
        run = Run(
            *db.execute(
                f"INSERT INTO runs ({', '.join(row)}) VALUES ({', '.join(f':{n}' for n in row)})"
                f" RETURNING {_NAMES}",
                row,
            ).fetchone()
        )
        _index(db, run, columns.keys())
        _emit_state(db, (run.project_id, run.id, run.sweep_id, run.state))
    return run


def update(db: sqlite3.Connection, run_id: RunId, *, now: float, **columns: object) -> Run:
    """Set some columns (of `SETTABLE`) and keep the indexed values in step with them.

    Raises:
        BadInput: config or summary is not a JSON object.
        Gone: the run was deleted meanwhile.
    """
    unknown = columns.keys() - SETTABLE
    assert not unknown, unknown
    with write(db):
        before = get(db, run_id)
        assignments = ", ".join(f"{name} = :{name}" for name in ["updated_at", *columns])
        run = Run(
            *db.execute(
                f"UPDATE runs SET {assignments} WHERE id = :id RETURNING {_NAMES}",
                {**_storable(columns), "updated_at": now, "id": run_id},
            ).fetchone()
        )
        if "sweep_id" in columns:
            db.execute(
                "UPDATE run_values SET sweep_id = ? WHERE run_id = ?", (run.sweep_id, run_id)
            )
        _index(db, run, {n for n in ("config", "summary") if getattr(run, n) != getattr(before, n)})
        if run.state in ENDED and before.state not in ENDED:
            _emit_state(db, (run.project_id, run.id, run.sweep_id, run.state))
        else:
            emit(db, RunChanged(run.project_id, run.id, run.sweep_id, run.state))
    return run


def _storable(columns: Mapping[str, object]) -> dict[str, object]:
    return {k: storable(v) if isinstance(v, str) else v for k, v in columns.items()}


def _index(db: sqlite3.Connection, run: Run, changed: Collection[str]) -> None:
    """Keep the indexed values of a run in step with those of its texts that changed."""
    if "config" in changed:
        content = parse(run.config, True)
        values.replace(db, run.id, run.project_id, run.sweep_id, "config", content)
    if "summary" in changed:
        content = parse(run.summary)
        values.replace(db, run.id, run.project_id, run.sweep_id, "summary", content)


def _emit_state(db: sqlite3.Connection, row: Sequence[Any] | None) -> None:
    """Say in which state a run is now, from its `_STATE`; None is a run that did not change."""
    if row is not None:
        emit(db, (RunEnded if row[3] in ENDED else RunChanged)(*row))


def parse(text: str, wrapped: bool = False) -> dict[str, object]:
    """Return a JSON object's content; bare NaN is fine.

    Raises:
        BadInput: it is not a JSON object.
    """
    content = loads_object(text)
    return unwrap(content) if wrapped else content


def merged(old: str, new: str) -> str:
    """Return two JSON objects as one, as text; what both hold is the new one's.

    Below W&B's own key `_wandb` both sides' entries are kept, too.

    Raises:
        BadInput: one is not a JSON object.
    """
    before, after = loads_object(old), loads_object(new)
    return json_steps.write(_merged(before, after, keep=("_wandb", "value", "e", "t")))


def _merged(
    before: dict[str, object], after: dict[str, object], keep: Sequence[str]
) -> dict[str, object]:
    both = {**before, **after}
    for key in keep:
        one, other = before.get(key), after.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            both[key] = _merged(one, other, keep)
    return both


def mark_alive(db: sqlite3.Connection, run: Run, now: float) -> None:
    """Record a sign of life; a run thought crashed, or pending, is running again.

    Args:
        db: the database.
        run: the run as it is in this very transaction.
        now: when.
    """
    back = ", state = 'running', finished_at = NULL" if run.state in ("pending", "crashed") else ""
    with write(db):
        db.execute(
            "UPDATE runs SET heartbeat_at = :now, heard_at = :heard,"
            f" started_at = coalesce(started_at, :now){back} WHERE id = :id",
            {"now": now, "heard": steady(db), "id": run.id},
        )
        if back:
            emit(db, RunChanged(run.project_id, run.id, run.sweep_id, "running"))


def end(db: sqlite3.Connection, run_id: RunId, exit_code: int, now: float) -> None:
    """Record how a run's process ended: its word is final over any guess of ours.

    Raises:
        Gone: the run was deleted meanwhile.
    """
    with write(db):
        run = get(db, run_id)
        if exit_code == 0:
            state = "finished"
        elif run.state in ("preempting", "preempted"):  # the latter where it says so again
            state = "preempted"
        else:
            # 1 is what the SDK's function agent reports for a trial it was told to stop.
            stopped = run.should_stop and exit_code in (STOPPED_EXIT_CODE, 1)
            state = "killed" if stopped else "failed"
        db.execute(
            "UPDATE runs SET state = ?, exit_code = ?, finished_at = ?, heartbeat_at = ?,"
            " updated_at = ? WHERE id = ?",
            (state, exit_code, now, now, now, run_id),
        )
        _emit_state(db, (run.project_id, run.id, run.sweep_id, state))


def close(db: sqlite3.Connection, run_id: RunId, state: str, now: float) -> None:
    """End a run whose process will not report (killed by an agent, crashed, never started)."""
    with write(db):
        closed = db.execute(
            "UPDATE runs SET state = ?, finished_at = ?, updated_at = ? WHERE id = ?"
            f" AND exit_code IS NULL RETURNING {_STATE}",
            (state, now, now, run_id),
        ).fetchone()
        _emit_state(db, closed)


def ask_to_stop(db: sqlite3.Connection, run_id: RunId, now: float) -> None:
    """Tell the run to stop, at its next file-stream post."""
    with write(db):
        row = db.execute(
            f"UPDATE runs SET should_stop = 1, updated_at = ? WHERE id = ? RETURNING {_STATE}",
            (now, run_id),
        ).fetchone()
        if row is not None:
            emit(db, RunChanged(*row))


def reap(db: sqlite3.Connection, silent_since: float, now: float) -> int:
    """Mark running runs without a sign of life since `silent_since` as crashed; return how many.

    Args:
        db: the database.
        silent_since: a moment of the steady clock.
        now: when, for people.
    """
    with write(db):
        rows = db.execute(
            "UPDATE runs SET state = CASE state WHEN 'running' THEN 'crashed' ELSE 'preempted' END,"
            " finished_at = heartbeat_at, updated_at = ?"
            " WHERE state IN ('running', 'preempting') AND heard_at < ?"
            f" RETURNING {_STATE}",
            (now, silent_since),
        ).fetchall()
        for row in rows:
            _emit_state(db, row)
    return len(rows)


def restart(db: sqlite3.Connection, run_id: RunId, now: float) -> None:
    """Begin a run id anew: a fresh `wandb.init` with a used id and no resume.

    Its lines are out of sight, and gone for good once the new life differs from the old one
    (`history.finish_rewrite`). It does not where `wandb sync` sends again what we hold already,
    perhaps less of it, as a killed process leaves its last lines out of the file on disk.
    """
    with write(db):
        db.execute(
            "UPDATE runs SET history_lines = 0, event_lines = 0, log_lines = 0,"
            " history_base = 0, event_base = 0, log_base = 0,"
            " rewriting = CASE WHEN exit_code IS NULL THEN 2 ELSE 1 END, exit_code = NULL,"
            " should_stop = 0, finished_at = NULL, started_at = ?, heartbeat_at = ?,"
            " heard_at = ?, state = 'running' WHERE id = ?",
            (now, now, steady(db), run_id),
        )
        update(db, run_id, now=now, summary="{}")


def resume(db: sqlite3.Connection, run_id: RunId, now: float) -> None:
    """Let a run that ended go on: its lines stay."""
    with write(db):
        row = db.execute(
            "UPDATE runs SET state = 'running', exit_code = NULL, should_stop = 0,"
            " history_base = 0, event_base = 0, log_base = 0,"
            " finished_at = NULL, heartbeat_at = ?, started_at = coalesce(started_at, ?),"
            f" heard_at = ? WHERE id = ? RETURNING {_STATE}",
            (now, now, steady(db), run_id),
        ).fetchone()
        _emit_state(db, row)


def set_state(db: sqlite3.Connection, run_id: RunId, state: str, now: float) -> None:
    """Set the state itself; who may, and when, is the caller's rule."""
    ended = now if state in ENDED else None
    with write(db):
        row = db.execute(
            "UPDATE runs SET state = :state, updated_at = :now, finished_at = :ended,"
            " exit_code = CASE WHEN :ended IS NULL THEN NULL ELSE exit_code END WHERE id = :id"
            f" RETURNING {_STATE}",
            {"state": state, "now": now, "ended": ended, "id": run_id},
        ).fetchone()
        _emit_state(db, row)


def delete(db: sqlite3.Connection, run_id: RunId) -> None:
    """Remove a run with its lines and files; its artifacts stay."""
    with write(db):
        row = db.execute(
            "DELETE FROM runs WHERE id = ? RETURNING project_id, id, sweep_id", (run_id,)
        ).fetchone()
        if row is not None:
            emit(db, RunDeleted(*row))


def add_alert(
    db: sqlite3.Connection, run_id: RunId, title: str, text: str, level: str | None, now: float
) -> None:
    """Keep an alert that a run sent."""
    with write(db):
        db.execute(
            "INSERT INTO alerts (run_id, title, text, level, created_at) VALUES (?, ?, ?, ?, ?)",
            (run_id, title, text, level, now),
        )
