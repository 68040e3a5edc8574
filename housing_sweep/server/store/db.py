"""Connections, transactions, their events, and migrations: how store modules reach SQLite."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from housing_sweep.errors import BadInput
from housing_sweep.server.rules.patterns import found_in
from housing_sweep.server.store import database_file
from housing_sweep.server.store.events import Event
from housing_sweep.server.store.steady import Steady

BUSY_TIMEOUT_SECONDS = 10.0
"""How long a writer waits for another process (an administration command) before SQLITE_BUSY."""

_MIGRATIONS = resources.files("housing_sweep.server.store") / "migrations"


MOST_ROUNDS = 3
"""Consequences of consequences end here: a trial that ended ends its sweep, which ends others."""

_log = logging.getLogger(__name__)


def _nothing(*_ignored: object) -> None:
    """Nothing follows: an administration command, a migration."""


@dataclass(slots=True)
class Followers:
    """What follows from the writes of one process; brought in from above.

    Attributes:
        settle: makes true, in the transaction, what must be true together with these events.
        publish: tells others, after the commit; it must neither wait nor write.
    """

    settle: Callable[["Connection", Sequence[Event]], None] = _nothing
    publish: Callable[[Sequence[Event]], None] = _nothing


class Connection(sqlite3.Connection):
    """A SQLite connection that knows the lock its process's writers queue at, and how long.

    Attributes:
        steady: the moment by its process's steady clock.
        events: what the open transaction changed, in order, each once.
        unsettled: those of them whose consequences are still to come.
    """

    write_lock: threading.RLock
    busy_timeout: float
    followers: Followers
    steady: Callable[[], float]
    events: dict[Event, None]
    unsettled: dict[Event, None]


class Database:
    """One SQLite file: a connection per thread, one writer at a time.

    Attributes:
        steady: this process's clock for leases.
    """

    def __init__(self, path: Path, busy_timeout: float = BUSY_TIMEOUT_SECONDS) -> None:
        self.path, self.busy_timeout = path, busy_timeout
        self._write_lock, self._list_lock = threading.RLock(), threading.Lock()
        self._local = threading.local()
        self._all: list[Connection] = []
        self.followers = Followers()
        self.steady = Steady(time.time())

    def connection(self) -> Connection:
        """Return this thread's connection, opened on first use."""
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open()
            self._local.connection = connection
            with self._list_lock:
                self._all.append(connection)
        return connection

    def close(self) -> None:
        """Close every thread's connection; the last one folds the write-ahead log in."""
        with self._list_lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()

    def _open(self) -> Connection:
        db = sqlite3.connect(
            self.path,
            timeout=self.busy_timeout,
            isolation_level=None,  # transactions are ours: BEGIN IMMEDIATE in `write`
            check_same_thread=False,  # `close` runs in another thread
            factory=Connection,
            cached_statements=512,
        )
        db.write_lock, db.busy_timeout = self._write_lock, self.busy_timeout
        db.followers, db.events, db.unsettled = self.followers, {}, {}
        db.steady = lambda: self.steady.now()
        db.row_factory = sqlite3.Row
        db.create_function("regexp", 2, _matches, deterministic=True)
        # FULL: an acknowledged history line that a power cut loses would become a gap, and a gap
        # ends the SDK's stream. About 4 ms a transaction; 200 runs send 13 a second.
        db.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA foreign_keys = ON;
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -8000;
            """
        )
        return db


def _matches(pattern: str, text: object) -> bool:
    """SQLite's REGEXP: whether the pattern is found in the text; null matches nothing."""
    return text is not None and found_in(pattern, str(text))


@contextmanager
def write(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a block as one transaction: BEGIN IMMEDIATE ... COMMIT, or nothing of it.

    What must be true together with it is settled before the commit; its events are published
    after it, outside the lock. Inside another `write` on the same connection it joins that one.
    """
    if db.in_transaction:
        yield db
        return
    assert isinstance(db, Connection)
    # Waiting is bounded here too: behind a writer that waits for another process, others would
    # queue one timeout after the other, and readers would find no thread left.
    if not db.write_lock.acquire(timeout=db.busy_timeout):
        raise sqlite3.OperationalError("database is locked")
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            settle(db)
            db.execute("COMMIT")
        except BaseException:
            db.events, db.unsettled = {}, {}
            # A full disk may have ended the transaction already, and COMMIT itself may fail: left
            # open, it would swallow every later write of this thread.
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        events, db.events = tuple(db.events), {}
    finally:
        db.write_lock.release()
    if events:
        try:
            db.followers.publish(events)
        except Exception:  # noqa: BLE001  it is written: who listens cannot undo it
            _log.exception("publishing %s failed", events)


def steady(db: sqlite3.Connection) -> float:
    """Return the moment by the steady clock of this process."""
    assert isinstance(db, Connection), "opened by this module"
    return db.steady()


def emit(db: sqlite3.Connection, event: Event) -> None:
    """Say what a write changed; call it inside the `write` that changes it."""
    assert isinstance(db, Connection), "opened by this module"
    assert db.in_transaction, f"{event} was emitted outside a write"
    db.events[event] = db.unsettled[event] = None


def settle(db: sqlite3.Connection) -> None:
    """Make true what must be true with what was written so far; for who decides by it at once.

    Each event has its consequences once. They may emit events themselves, whose consequences
    come in the next of at most `MOST_ROUNDS`.
    """
    assert isinstance(db, Connection), "opened by this module"
    for _ in range(MOST_ROUNDS):
        if not db.unsettled:
            return
        events, db.unsettled = tuple(db.unsettled), {}
        db.followers.settle(db, events)
    if db.unsettled:
        _log.error("no end of consequences: %s", tuple(db.unsettled))
        db.unsettled = {}


def open_database(path: Path, busy_timeout: float = BUSY_TIMEOUT_SECONDS) -> Database:
    """Open the database at `path`, created or migrated to the newest schema.

    Raises:
        BadInput: the file is of another program, or of a newer version of this one.
        Damaged: it is empty, cut off, or cannot be read.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not os.path.lexists(path):
        database_file.make_whole(path, _fill)
    database_file.examine_file(path)
    database_file.open_to_read(path).close()  # before a file of another program is changed
    database = Database(path, busy_timeout)
    try:
        with database_file.damage_named(path):
            migrate(database.connection())
    except BaseException:
        database.close()
        raise
    return database


def _fill(path: Path) -> None:
    """Make an empty database, whose file nobody else knows yet."""
    database = Database(path)
    try:
        database.connection().execute("PRAGMA synchronous = OFF")  # the whole is synced at the end
        migrate(database.connection())
    finally:
        database.close()


def migrate(db: sqlite3.Connection) -> None:
    """Apply the migrations the database has not seen, each in its own transaction.

    `PRAGMA user_version` is the number of the last one applied. Those of the first release begin
    at 101; from there on none is changed or taken away, so that each data folder can be opened.

    Raises:
        BadInput: that number is beyond the migrations this version ships, or before the first.
    """
    steps = _steps()
    oldest, newest = min(steps), max(steps)
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > newest:
        raise BadInput(
            f"the data folder has schema version {version}, this program knows up to {newest}",
            fix="upgrade housing-sweep, or use another --data-dir",
        )
    if 0 < version < oldest:
        raise BadInput(
            f"the data folder has schema version {version}, of a development version before 0.1.0",
            fix="start a new one: use another --data-dir",
        )
    pending = sorted(step for step in steps if step > version)
    if pending:
        # A table that is made anew is dropped in between; foreign keys would empty others with it.
        db.execute("PRAGMA foreign_keys = OFF")
    for number in pending:
        with write(db):
            for statement in _statements(steps[number]):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
    db.execute("PRAGMA foreign_keys = ON")


def newest_schema() -> int:
    """Return the number of the last migration that this version ships."""
    return max(_steps())


def _steps() -> dict[int, str]:
    return {
        int(file.name.split("_")[0]): file.read_text("utf-8")
        for file in _MIGRATIONS.iterdir()
        if file.name.endswith(".sql")
    }


def _statements(script: str) -> Iterator[str]:
    """Split a script at complete statements: `executescript` would commit our transaction."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
