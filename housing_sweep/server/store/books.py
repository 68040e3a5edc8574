"""What must be true between rows: SQLite's own checks, and counts and links that are kept twice."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from housing_sweep.server.store import references
from housing_sweep.server.store.database_file import damage_named, open_to_read
from housing_sweep.server.store.db import newest_schema
from housing_sweep.server.store.references import Reference, UploadPart

MOST = 20
"""Findings of one kind; of a damaged file there may be thousands."""

_LINES = {"history": "history_lines", "events": "event_lines", "log_lines": "log_lines"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A database at one moment: what is wrong in it, how much there is, which files it needs.

    Attributes:
        problems: what is wrong, each in a sentence.
        schema: the number of its last migration.
        counts: how many rows, by what; with what follows, only of a database that can be trusted.
        blobs: its references to blobs.
        parts: files that are on their way.
    """

    problems: tuple[str, ...]
    schema: int
    counts: dict[str, int] = field(default_factory=dict)
    blobs: tuple[Reference, ...] = ()
    parts: tuple[UploadPart, ...] = ()


def read(path: Path) -> Books:
    """Examine a database, whoever writes to it meanwhile. Nothing is changed.

    Raises:
        BadInput: it is of another program.
        Damaged: it cannot even be opened.
    """
    db = open_to_read(path)
    try:
        with damage_named(path):
            db.execute("BEGIN")  # one moment
            (schema,) = db.execute("PRAGMA user_version").fetchone()
            if damage := _damage(db):
                return Books(problems=damage, schema=schema)
            if schema != newest_schema():
                return Books(problems=(), schema=schema)
            return Books(
                problems=tuple(problems(db)),
                schema=schema,
                counts=counts(db),
                blobs=tuple(references.of_blobs(db)),
                parts=tuple(references.upload_parts(db)),
            )
    finally:
        db.close()


def _damage(db: sqlite3.Connection) -> tuple[str, ...]:
    lines = db.execute(f"PRAGMA integrity_check({MOST})").fetchall()
    return tuple(f"the database is damaged: {line}" for (line,) in lines if line != "ok")


def problems(db: sqlite3.Connection) -> list[str]:
    """Return what is wrong with the rows of a database whose pages are sound."""
    return [
        *_foreign_keys(db),
        *(problem for table, counter in _LINES.items() for problem in _lines(db, table, counter)),
        *(problem for kind, sql in _RULES.items() for problem in _broken(db, kind, sql)),
    ]


def _foreign_keys(db: sqlite3.Connection) -> list[str]:
    return [
        f"row {rowid} of {table} refers to a row of {parent} that is not there"
        for table, rowid, parent, _ in db.execute("PRAGMA foreign_key_check").fetchmany(MOST)
    ]


def _lines(db: sqlite3.Connection, table: str, counter: str) -> list[str]:
    """Return the runs that do not have the lines they say they have.

    History is sent in order: there, no line may be missing. Lines of a run that starts over lie
    beyond its count until it is known what becomes of them.
    """
    gap = "count(l.line) <> c" if table == "history" else "count(l.line) > c"
    rows = db.execute(
        f"SELECT name, c, count(l.line), beyond FROM (SELECT r.id, r.name, r.{counter} AS c,"
        f" r.rewriting = 0 AND EXISTS (SELECT 1 FROM {table} b WHERE b.run_id = r.id"
        f"  AND b.line >= r.{counter}) AS beyond FROM runs r) LEFT JOIN {table} l"
        f" ON l.run_id = id AND l.line < c GROUP BY id HAVING {gap} OR beyond LIMIT {MOST}"
    )
    return [
        f"run {name} says it has {count} lines of {table}, and has {lines}"
        f"{' and others beyond' if beyond else ''}"
        for name, count, lines, beyond in rows
    ]


_RULES = {
    "project {} counts {} runs and has {}": (
        "SELECT p.id, coalesce(c.number, 0) AS said, (SELECT count(*) FROM runs r"
        " WHERE r.project_id = p.id) AS has FROM projects p"
        " LEFT JOIN run_counts c ON c.project_id = p.id WHERE said <> has"
    ),
    "sweep {} goes on with trial {} and has trial {}": (
        "SELECT s.name, s.next_number, max(t.number) AS last FROM sweeps s"
        " JOIN trials t ON t.sweep_id = s.id GROUP BY s.id HAVING last >= s.next_number"
    ),
    "trial {} of sweep {} is a run of another sweep: {}": (
        "SELECT t.number, s.name, r.name FROM trials t JOIN sweeps s ON s.id = t.sweep_id"
        " JOIN runs r ON r.id = t.run_id WHERE r.sweep_id IS NOT t.sweep_id"
    ),
    "alias {} of collection {} is one of a version of collection {}": (
        "SELECT a.name, a.collection_id, m.collection_id FROM aliases a"
        " JOIN memberships m ON m.id = a.membership_id WHERE m.collection_id <> a.collection_id"
    ),
    "version {} of collection {} is committed without the bytes of {}": (
        "SELECT v.id, v.collection_id, f.name FROM artifacts v"
        " JOIN artifact_files f ON f.artifact_id = v.id"
        " WHERE v.state = 'COMMITTED' AND f.sha256 IS NULL"
    ),
}
"""What is wrong -> the query whose rows are."""


def _broken(db: sqlite3.Connection, kind: str, sql: str) -> list[str]:
    return [kind.format(*row) for row in db.execute(sql).fetchmany(MOST)]


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """Return how much there is, by what."""
    return {
        table: int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
        for table in ("projects", "runs", "history", "sweeps", "artifacts")
    }
