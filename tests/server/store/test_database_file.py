"""The database as a file: what is none is refused in words, and a new one appears whole."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from housing_sweep.errors import BadInput, Damaged
from housing_sweep.server.store import database_file
from housing_sweep.server.store.db import open_database, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound database, closed."""
    path = tmp_path / "x.db"
    open_database(path).close()
    return path


def cut(size: int) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(path.read_bytes()[:size])


def overwritten(start: int, count: int) -> Callable[[Path], object]:
    def spoil(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[start : start + count] = b"\xff" * count
        path.write_bytes(content)

    return spoil


def of_another_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE songs (title TEXT)")
        db.execute("PRAGMA user_version = 105")
    db.close()


def without_a_table(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE history")
    db.close()


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (cut(0), Damaged, "is empty: a file of 0 bytes"),
        (cut(7), Damaged, "is not a database"),
        (cut(60), Damaged, "is cut off: 60 of"),
        (cut(5000), Damaged, "is cut off: 5000 of"),
        (cut(8192), Damaged, "is cut off: 8192 of"),
        (lambda path: path.write_text("hello" * 999), Damaged, "is not a database"),
        (overwritten(100, 3000), Damaged, "x.db is damaged"),
        (without_a_table, Damaged, "lacks tables: history"),
        (of_another_program, BadInput, "of another program"),
        (lambda path: (path.unlink(), path.mkdir()), BadInput, "is not a file"),
        (lambda path: (path.unlink(), path.symlink_to("gone")), BadInput, "is not a file"),
    ],
)
def test_what_is_no_database_of_ours_is_refused_untouched(
    path: Path, spoil: Callable[[Path], object], kind: type[Exception], words: str
) -> None:
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    for look in (open_database, database_file.open_to_read):
        with pytest.raises(kind, match=words) as refusal:
            look(path)
        assert "fix: " in str(refusal.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_processes_that_start_together_make_one_database(tmp_path: Path) -> None:
    path, together = tmp_path / "x.db", threading.Barrier(3)

    def start(name: str) -> None:
        together.wait(60)
        database = open_database(path)
        with write(database.connection()) as db:
            db.execute("INSERT INTO settings VALUES (?, 'x')", (name,))
        database.close()

    threads = [threading.Thread(target=start, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite3.connect(path) as db:
        assert [key for (key,) in db.execute("SELECT key FROM settings ORDER BY key")] == [*"abc"]
    db.close()
    assert [p.name for p in tmp_path.iterdir()] == ["x.db"]


def test_a_database_that_another_process_made_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.db"

    def slowly(_beside: Path) -> None:
        path.write_bytes(b"theirs")

    database_file.make_whole(path, slowly)
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_start_that_fails_leaves_nothing_that_looks_like_a_database(tmp_path: Path) -> None:
    def fail(_beside: Path) -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        database_file.make_whole(tmp_path / "x.db", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_of_one_moment_and_waits_for_no_writer(path: Path, tmp_path: Path) -> None:
    database = open_database(path)
    with write(database.connection()) as db:
        db.execute("INSERT INTO settings VALUES ('before', 'x')")
    with write(database.connection()) as db:
        db.execute("INSERT INTO settings VALUES ('not yet', 'x')")
        source = database_file.open_to_read(path)
        database_file.copy(source, path, tmp_path / "copy.db")
        source.close()
    database.close()
    copy = database_file.open_to_read(tmp_path / "copy.db")
    assert [key for (key,) in copy.execute("SELECT key FROM settings")] == ["before"]
    copy.close()
    assert not (tmp_path / "copy.db-wal").exists()


def test_a_copy_of_a_damaged_database_is_none(path: Path, tmp_path: Path) -> None:
    overwritten(8 * 4096, 4 * 4096)(path)
    source = database_file.open_to_read(path)
    with pytest.raises(Damaged, match="is damaged"):
        database_file.copy(source, path, tmp_path / "copy.db")
    source.close()
    assert not (tmp_path / "copy.db").exists()


def test_who_looks_cannot_write(path: Path) -> None:
    db = database_file.open_to_read(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("DELETE FROM settings")
    db.close()
