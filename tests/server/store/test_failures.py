"""What SQLite and the disk mean by an error."""

import errno
import sqlite3

import pytest

from housing_sweep.errors import BadInput, HousingSweepError, Unavailable
from housing_sweep.server.store.failures import as_ours


def test_a_bug_is_nobodys_but_ours() -> None:
    assert as_ours(KeyError("x")) is None
    assert as_ours(sqlite3.OperationalError("no such column: x")) is None


def test_what_is_ours_stays_as_it_is() -> None:
    error = HousingSweepError("x")
    assert as_ours(error) is error


def test_a_full_disk_and_a_busy_database_may_pass() -> None:
    assert isinstance(as_ours(OSError(errno.ENOSPC, "no space left")), Unavailable)
    assert as_ours(OSError(errno.EACCES, "permission denied")) is None
    for reason in ("database is locked", "database or disk is full", "disk I/O error"):
        assert isinstance(as_ours(sqlite3.OperationalError(reason)), Unavailable)


def test_a_value_that_no_row_can_hold_is_the_clients_mistake() -> None:
    db = sqlite3.connect(":memory:")
    db.create_function("regexp", 2, lambda pattern, text: 1 // 0)
    for sql, value in (("SELECT ?", 2**63), ("SELECT ?", "\ud800"), ("SELECT 'a' REGEXP ?", "b")):
        with pytest.raises((OverflowError, UnicodeEncodeError, sqlite3.OperationalError)) as error:
            db.execute(sql, (value,)).fetchone()
        assert isinstance(as_ours(error.value), BadInput), sql
    db.set_progress_handler(lambda: 1, 1)
    with pytest.raises(sqlite3.OperationalError) as error:
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        )
    assert isinstance(as_ours(error.value), BadInput)
    assert as_ours(OverflowError("int too large to convert to float")) is None
    db.close()
