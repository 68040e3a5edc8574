"""The database as a file: made whole or not at all, told from what is none, read, copied."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from housing_sweep.errors import BadInput, Damaged

HEADER = b"SQLite format 3\0"
PAGE_BYTES, PAGES = slice(16, 18), slice(28, 32)
"""Where a file says how long its pages are, and how many: sqlite.org/fileformat2.html, 1.3."""

CORE = frozenset({"settings", "users", "projects", "runs", "history", "sweeps", "artifacts"})
"""Tables that every version of this program has had from its first release on."""

RESTORE = (
    "`housing-sweep restore BACKUP --replace` puts a backup in its place; "
    "without one, `sqlite3 FILE .recover` saves what can be read"
)


def make_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Make a database that appears at `path` at once, whole; one that is there meanwhile stays.

    Args:
        path: where it shall be.
        fill: makes it, at a path beside.
    """
    beside = path.with_name(f"{path.name}.new-{secrets.token_hex(4)}")
    os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        fill(beside)
        settle_on_disk(beside)
        try:
            os.link(beside, path)
        except FileExistsError:
            return  # another process was faster
        except OSError:  # a file system without links
            beside.rename(path)
        settle_on_disk(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def settle_on_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def examine_file(path: Path, rights: int = os.R_OK | os.W_OK) -> None:
    """Look at a database's file from outside.

    Args:
        path: where it is.
        rights: what will be done with it, as for `os.access`.

    Raises:
        BadInput: it is no file, or not ours to use.
        Damaged: it is empty, cut off, or something else than a database.
    """
    if not path.is_file():
        raise BadInput(f"{path} is not a file", fix="move it away, or choose another --data-dir")
    if not os.access(path, rights):
        raise BadInput(
            f"the database {path} cannot be read and written by this user",
            fix=f"chown it to the user that runs this, and chmod 600 {path}",
        )
    with path.open("rb") as file:
        first, size = file.read(100), path.stat().st_size
    if not size:
        raise Damaged(f"the database {path} is empty: a file of 0 bytes", fix=RESTORE)
    if not first.startswith(HEADER):
        raise Damaged(f"{path} is not a database: it does not begin like one", fix=RESTORE)
    page, pages = (int.from_bytes(first[at], "big") for at in (PAGE_BYTES, PAGES))
    expected = (page if page > 1 else 2**16) * max(pages, 1)
    if len(first) < 100 or size < expected:
        raise Damaged(
            f"the database {path} is cut off: {size} of {expected} bytes are left", fix=RESTORE
        )


def check_owner(db: sqlite3.Connection, path: Path) -> None:
    """Make sure that a database is one of this program, before anything is written to it.

    Raises:
        BadInput: it is of another program.
        Damaged: a page that every question needs cannot be read.
    """
    with damage_named(path):
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        (version,) = db.execute("PRAGMA user_version").fetchone()
    if CORE - names:
        missing = ", ".join(sorted(CORE - names))
        if version and names & CORE:
            raise Damaged(f"the database {path} lacks tables: {missing}", fix=RESTORE)
        raise BadInput(
            f"{path} is a database of another program: it has no tables {missing}",
            fix="move it away, or choose another --data-dir",
        )


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a database to look at it; a server may run on it. Nothing in it is changed.

    Raises:
        BadInput: it is no file of ours.
        Damaged: it cannot be read.
    """
    examine_file(path, os.R_OK)
    # A server's write-ahead log can be read by who may write; a backup has none.
    mode = "rw" if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK) else "ro"
    db = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode={mode}", uri=True, timeout=30.0)
    try:
        db.execute("PRAGMA query_only = ON")
        check_owner(db, path)
    except BaseException:
        db.close()
        raise
    return db


def copy(source: sqlite3.Connection, source_path: Path, target: Path) -> None:
    """Copy a database as it is at one moment, whoever writes to it meanwhile.

    Raises:
        Damaged: the copy is not sound, so neither is the source; the target is gone again.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    db = sqlite3.connect(target, isolation_level=None)
    try:
        with damage_named(source_path):
            source.backup(db)
            db.execute("PRAGMA journal_mode = DELETE")  # one file, that can be read where it lies
            problems = [line for (line,) in db.execute("PRAGMA quick_check(1)") if line != "ok"]
        if problems:
            raise Damaged(f"the database {source_path} is damaged: {problems[0]}", fix=RESTORE)
    except BaseException:
        db.close()
        target.unlink(missing_ok=True)
        raise
    db.close()
    settle_on_disk(target)


def is_damage(error: BaseException) -> bool:
    """Return whether SQLite says by an error that a file is not what it should be."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    return isinstance(error, sqlite3.DatabaseError) and code & 0xFF in (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn SQLite's word that a file is damaged into ours, with its path.

    Raises:
        Damaged: it said so.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        raise Damaged(f"the database {path} is damaged: {error}", fix=RESTORE) from error
