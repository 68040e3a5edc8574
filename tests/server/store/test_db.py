"""Connections, transactions, their events, and migrations."""

import re
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.store import db as store_db
from housing_sweep.server.store.db import (
    Connection,
    Database,
    emit,
    open_database,
    settle,
    write,
)
from housing_sweep.server.store.events import Event, SweepChanged
from tests.support.local_server import ROOT


def count(db: sqlite3.Connection) -> int:
    (number,) = db.execute("SELECT count(*) FROM settings").fetchone()
    return int(number)


def add(db: sqlite3.Connection, key: str) -> None:
    db.execute("INSERT INTO settings VALUES (?, 'x')", (key,))


def add_twice(db: sqlite3.Connection, key: str) -> None:
    add(db, key)
    add(db, key)


def add_inside_and_twice(db: sqlite3.Connection) -> None:
    with write(db):
        add(db, "inner")
    add_twice(db, "outer")


def add_all(db: sqlite3.Connection, *keys: str) -> None:
    for key in keys:
        add(db, key)


def add_for_nobody(db: sqlite3.Connection) -> None:
    """Add a row for a project that does not exist; only the commit notices."""
    db.execute("PRAGMA defer_foreign_keys = ON")
    db.execute("INSERT INTO run_counts VALUES (999, 1)")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "folder" / "x.db")


def test_a_new_file_is_for_its_owner_only(database: Database) -> None:
    assert stat.S_IMODE(database.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.path.parent.stat().st_mode) == 0o700
    with write(database.connection()) as db:
        add(db, "a")
    for beside in database.path.parent.iterdir():  # the write-ahead log holds the same data
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600, beside.name
    database.close()


def test_a_block_is_written_whole_or_not_at_all(database: Database) -> None:
    db = database.connection()
    with pytest.raises(sqlite3.IntegrityError), write(db):
        add_twice(db, "a")
    assert count(db) == 0
    assert not db.in_transaction
    with write(db):
        add(db, "a")
    assert count(db) == 1
    database.close()


def test_a_block_inside_a_block_shares_its_fate(database: Database) -> None:
    db = database.connection()
    with pytest.raises(sqlite3.IntegrityError), write(db):
        add_inside_and_twice(db)
    assert count(db) == 0
    database.close()


def test_a_power_cut_loses_no_acknowledged_write(database: Database) -> None:
    db = database.connection()
    assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    database.close()


def test_writers_in_many_threads_lose_nothing(database: Database) -> None:
    def work(name: int) -> None:
        for number in range(10):
            with write(database.connection()) as db:
                held = count(db)
                add(db, f"{name}-{number}")
                assert count(db) == held + 1

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database.connection()) == 60
    database.close()


def test_another_process_waits_for_its_turn(database: Database) -> None:
    mine, theirs = database.connection(), open_database(database.path)
    with write(mine):
        add(mine, "a")
        waiting = threading.Thread(target=lambda: add(theirs.connection(), "b"))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
    waiting.join(5)
    assert count(mine) == 2
    theirs.close()
    database.close()


def test_opening_again_applies_no_migration_twice(database: Database) -> None:
    db = database.connection()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    schema = list(db.execute("SELECT sql FROM sqlite_master"))
    add(db, "a")
    store_db.migrate(db)
    assert db.execute("PRAGMA user_version").fetchone()[0] == version >= 101
    assert [tuple(r) for r in db.execute("SELECT sql FROM sqlite_master")] == [
        tuple(r) for r in schema
    ]
    assert count(db) == 1
    database.close()


def test_no_table_gives_a_number_twice(database: Database) -> None:
    db = database.connection()
    rows = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
    numbered = {name: sql for name, sql in rows if re.search(r"\bid\s+INTEGER PRIMARY KEY", sql)}
    assert {"users", "api_keys", "sessions", "runs", "artifacts"} <= numbered.keys()
    assert [name for name, sql in numbered.items() if "AUTOINCREMENT" not in sql] == []


def test_a_folder_of_the_first_release_keeps_all_it_holds(tmp_path: Path) -> None:
    """Tables are made anew on the way; what points at their rows must not go with the old ones."""
    shutil.unpack_archive(ROOT / "tests/golden/server-0.1.zip", tmp_path)
    path = tmp_path / "housing-sweep.db"
    before = _content(path)
    database = open_database(path)
    assert database.connection().execute("PRAGMA foreign_keys").fetchone()[0] == 1
    assert database.connection().execute("PRAGMA foreign_key_check").fetchall() == []
    assert database.connection().execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    database.close()
    after = _content(path)
    assert before["runs"]
    for name, rows in before.items():
        assert [_first(new, old) for new, old in zip(after[name], rows, strict=True)] == rows


def _first(row: Any, old: Any) -> object:
    """Return what a row has in the columns that it had before; new ones stand behind them."""
    return row[: len(old)]


def _content(path: Path) -> dict[str, list[Any]]:
    """Return the rows of each table, but for those that a migration gives other columns."""
    with closing(sqlite3.connect(path)) as db:
        names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        tables = {name for (name,) in names} - {"artifact_client_ids", "sqlite_sequence"}
        return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(tables)}


def test_a_newer_schema_is_refused_untouched(database: Database) -> None:
    db = database.connection()
    db.execute("PRAGMA user_version = 999")
    database.close()
    with pytest.raises(BadInput, match="schema version 999"):
        open_database(database.path)
    with sqlite3.connect(database.path) as plain:
        assert plain.execute("PRAGMA user_version").fetchone()[0] == 999
    plain.close()


def test_a_folder_of_a_development_version_is_refused_untouched(database: Database) -> None:
    database.connection().execute("PRAGMA user_version = 60")
    database.close()
    with pytest.raises(BadInput, match=r"schema version 60, of a development version"):
        open_database(database.path)
    with sqlite3.connect(database.path) as plain:
        assert plain.execute("PRAGMA user_version").fetchone()[0] == 60
    plain.close()


def test_what_points_at_a_project_goes_with_it_through_an_index(database: Database) -> None:
    """A foreign key without an index makes every delete of its target a scan.

    Rows of users are never deleted, and the table of users is small.
    """
    db = database.connection()
    slow = []
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for key in db.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            if key[2] == "users" or table == "users":
                continue
            column = key[3]
            plan = db.execute(
                f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = 1"
            ).fetchall()
            if not any("INDEX" in row[3] or "PRIMARY KEY" in row[3] for row in plan):
                slow.append(f"{table}.{column} -> {key[2]}")
    assert slow == []
    database.close()


@pytest.mark.parametrize(
    ("pattern", "text", "found"), [("^a", "ab", 1), ("^a", "ba", 0), ("a", None, 0)]
)
def test_regexp_is_pythons(database: Database, pattern: str, text: str | None, found: int) -> None:
    db = database.connection()
    assert db.execute("SELECT ? REGEXP ?", (text, pattern)).fetchone()[0] == found
    database.close()


def test_a_full_disk_ends_the_transaction_and_the_next_one_works(database: Database) -> None:
    db = database.connection()
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"), write(db):
        add_all(db, "a", "b" * 100_000)
    assert not db.in_transaction
    db.execute(f"PRAGMA max_page_count = {pages + 1000}")
    assert count(db) == 0
    with write(db):
        add(db, "c")
    assert count(db) == 1
    database.close()


def test_a_commit_that_fails_leaves_no_transaction_open(database: Database) -> None:
    """Left open, it would take in every later write of its thread, and none would be kept."""
    db = database.connection()
    with pytest.raises(sqlite3.IntegrityError), write(db):
        add_for_nobody(db)
    assert not db.in_transaction
    with write(db):
        add(db, "a")
    other = open_database(database.path)
    assert count(other.connection()) == 1
    other.close()
    database.close()


def test_waiting_for_another_writer_ends(tmp_path: Path) -> None:
    database = open_database(tmp_path / "x.db", busy_timeout=0.1)
    told: list[str] = []

    def also() -> None:
        try:
            with write(database.connection()) as db:
                add(db, "b")
        except sqlite3.OperationalError as error:
            told.append(str(error))

    with write(database.connection()):
        other = threading.Thread(target=also)
        other.start()
        other.join(5)
    assert told == ["database is locked"]
    also()
    assert count(database.connection()) == 1
    database.close()


CHANGE, OTHER = SweepChanged(1, 1), SweepChanged(1, 2)


def change(db: sqlite3.Connection, act: Callable[..., None], *keys: str) -> None:
    with write(db):
        emit(db, CHANGE)
        act(db, *keys)


class Heard:
    """What a database's followers were asked to settle and told."""

    def __init__(self, database: Database) -> None:
        self.settled: list[tuple[Event, ...]] = []
        self.published: list[tuple[Event, ...]] = []
        self.open_while_told: list[bool] = []
        self.db = database.connection()
        database.followers.settle = lambda _db, events: self.settled.append(tuple(events))
        database.followers.publish = self.publish

    def publish(self, events: Sequence[Event]) -> None:
        """Note the events, and whether other writers have to wait meanwhile."""
        self.published.append(tuple(events))
        self.open_while_told.append(self.db.in_transaction)


def test_events_are_settled_in_the_write_and_published_once_after_it(database: Database) -> None:
    heard, db = Heard(database), database.connection()
    with write(db):
        emit(db, CHANGE)
        with write(db):
            emit(db, OTHER)
            emit(db, CHANGE)
        assert (heard.settled, heard.published) == ([], [])
    assert heard.settled == heard.published == [(CHANGE, OTHER)]
    assert heard.open_while_told == [False]
    with write(db):
        add(db, "quiet")
    assert len(heard.settled) == len(heard.published) == 1
    database.close()


def test_a_write_that_is_undone_publishes_nothing_then_or_later(database: Database) -> None:
    heard, db = Heard(database), database.connection()
    with pytest.raises(sqlite3.IntegrityError):
        change(db, add_twice, "in the block")
    with pytest.raises(sqlite3.IntegrityError):
        change(db, add_for_nobody)  # in the commit
    with write(db):
        emit(db, OTHER)
    assert heard.published == [(OTHER,)]
    database.close()


def test_what_cannot_be_settled_undoes_the_write(database: Database) -> None:
    heard, db = Heard(database), database.connection()

    def fail(_db: Connection, _events: Sequence[Event]) -> None:
        raise BadInput("x")

    database.followers.settle = fail
    with pytest.raises(BadInput):
        change(db, add, "a")
    assert (count(db), heard.published) == (0, [])
    database.close()


def test_consequences_have_consequences_but_not_for_ever(database: Database) -> None:
    heard, db = Heard(database), database.connection()
    rounds: list[tuple[Event, ...]] = []

    def follow(_db: Connection, events: Sequence[Event]) -> None:
        rounds.append(tuple(events))
        with write(db):  # joins
            emit(db, SweepChanged(1, 100 + len(rounds)))

    database.followers.settle = follow
    with write(db):
        emit(db, CHANGE)
    assert len(rounds) == store_db.MOST_ROUNDS
    assert rounds[:2] == [(CHANGE,), (SweepChanged(1, 101),)]
    assert len(heard.published[0]) == 1 + store_db.MOST_ROUNDS
    database.close()


def test_who_decides_at_once_settles_early_and_nothing_is_settled_twice(database: Database) -> None:
    heard, db = Heard(database), database.connection()
    with write(db):
        emit(db, CHANGE)
        settle(db)
        assert heard.settled == [(CHANGE,)]
        assert heard.published == []
        emit(db, OTHER)
    assert heard.settled == [(CHANGE,), (OTHER,)]
    assert heard.published == [(CHANGE, OTHER)]
    database.close()


def test_a_listener_that_fails_takes_nothing_back(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_events: Sequence[Event]) -> None:
        raise OSError("gone")

    database.followers.publish = fail
    db = database.connection()
    with write(db):
        add(db, "a")
        emit(db, CHANGE)
    assert count(db) == 1
    assert "publishing" in caplog.text
    database.close()


def test_a_listener_that_takes_its_time_holds_no_other_writer_up(database: Database) -> None:
    told, go_on = threading.Event(), threading.Event()

    def wait(_events: Sequence[Event]) -> None:
        told.set()
        assert go_on.wait(30)

    database.followers.publish = wait

    slow = threading.Thread(target=lambda: change(database.connection(), add, "a"))
    slow.start()
    assert told.wait(30)
    with write(database.connection()) as db:
        add(db, "b")
    assert count(db) == 2
    go_on.set()
    slow.join()
    database.close()


def test_an_event_outside_a_write_is_a_mistake(database: Database) -> None:
    with pytest.raises(AssertionError, match="outside a write"):
        emit(database.connection(), CHANGE)
    database.close()
