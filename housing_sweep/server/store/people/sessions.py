"""Rows of sessions: browsers that are logged in. One ends with its key, or when it logs out."""

import sqlite3
from dataclasses import dataclass
from typing import NewType

from housing_sweep.server.store.db import write

SessionId = NewType("SessionId", int)


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that somebody logged in with a key."""

    id: SessionId
    key_id: int
    created_at: float


def start(db: sqlite3.Connection, key_id: int, *, lifetime: float, now: float) -> Session:
    """Begin a session of a key's holder; those older than `lifetime` seconds are forgotten."""
    with write(db):
        db.execute("DELETE FROM sessions WHERE created_at < ?", (now - lifetime,))
        row = db.execute(
            "INSERT INTO sessions (key_id, created_at) VALUES (?, ?)"
            " RETURNING id, key_id, created_at",
            (key_id, now),
        ).fetchone()
    return Session(*row)


def find(db: sqlite3.Connection, session_id: int) -> Session | None:
    """Return a session that goes on."""
    row = db.execute(
        "SELECT id, key_id, created_at FROM sessions WHERE id = ?", (session_id,)
    ).fetchone()
    return None if row is None else Session(*row)


def alive(db: sqlite3.Connection) -> set[SessionId]:
    """Return the sessions that go on."""
    return {SessionId(number) for (number,) in db.execute("SELECT id FROM sessions")}


def end(db: sqlite3.Connection, session_id: int) -> None:
    """End a session, from the next request on; twice is harmless."""
    with write(db):
        db.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
