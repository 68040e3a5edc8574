"""What SQLite and the disk mean by an error."""

import errno
import sqlite3

from housing_sweep.errors import HousingSweepError, Unavailable
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
