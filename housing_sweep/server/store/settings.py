"""Server-wide facts, each made once and kept: what URLs are signed with."""

import sqlite3

from housing_sweep.server.store.db import write


def ensure(db: sqlite3.Connection, key: str, default: str) -> str:
    """Return a fact, stored as `default` when it is new."""
    with write(db):
        db.execute("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO NOTHING", (key, default))
        (value,) = db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    return str(value)


def forget_secrets(db: sqlite3.Connection) -> None:
    """Drop what URLs and logins are signed with; the next start makes others.

    Sessions end with them: their numbers may be given again.
    """
    with write(db):
        db.execute("DELETE FROM settings WHERE key LIKE '%secret%'")
        db.execute("DELETE FROM sessions")
