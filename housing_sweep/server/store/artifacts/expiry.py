"""Versions whose time to live is over."""

import sqlite3

from housing_sweep.server.store.artifacts import versions
from housing_sweep.server.store.db import write


def expire(db: sqlite3.Connection, now: float) -> int:
    """Delete the versions whose time is over, their aliases too; returns how many.

    A version that is linked anywhere is kept, whatever its time to live says: W&B lets no model
    vanish from a registry.
    """
    rows = db.execute(
        "SELECT id FROM artifacts a WHERE a.ttl_seconds IS NOT NULL AND a.state = 'COMMITTED'"
        " AND a.created_at + a.ttl_seconds <= ? AND NOT EXISTS (SELECT 1 FROM memberships m"
        " WHERE m.artifact_id = a.id AND m.collection_id <> a.collection_id)",
        (now,),
    ).fetchall()
    for (artifact_id,) in rows:
        with write(db):
            if artifact := versions.find_by_id(db, artifact_id):
                versions.delete(db, artifact, with_aliases=True, now=now)
    return len(rows)
