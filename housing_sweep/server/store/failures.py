"""What SQLite and the disk mean by an error, in words of our own."""

import errno
import sqlite3

from housing_sweep.errors import BadInput, Damaged, HousingSweepError, Unavailable
from housing_sweep.server.store.database_file import RESTORE, is_damage

_TRANSIENT = ("locked", "busy", "full", "disk I/O", "unable to open")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def as_ours(error: BaseException) -> HousingSweepError | None:
    """Return an error as one of ours, if it is one or stands for one; None is a bug of ours."""
    if isinstance(error, HousingSweepError):
        return error
    if isinstance(error, sqlite3.OperationalError) and any(t in str(error) for t in _TRANSIENT):
        return Unavailable(f"the database is not available: {error}", fix="try again")
    if (mistake := _mistake(error)) is not None:
        return BadInput(mistake)
    if isinstance(error, sqlite3.OperationalError) and "readonly" in str(error):
        return Unavailable(
            f"the database cannot be written: {error}",
            fix="chown the data folder to the user that runs the server, and chmod -R u+rwX it",
        )
    if is_damage(error):
        return Damaged(
            f"the database is damaged: {error}",
            fix=f"stop the server; `housing-sweep server --check` says how far it goes; {RESTORE}",
        )
    if isinstance(error, OSError) and error.errno in _FULL:
        return Unavailable(f"the disk is full: {error}", fix="free some space")
    return None


def _mistake(error: BaseException) -> str | None:
    """Return what a value was that no row can hold, or a search that was too much."""
    text = str(error)
    if isinstance(error, OverflowError) and "SQLite INTEGER" in text:
        return "a whole number beyond 64 bits"
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        return "a text that holds half a character (a lone surrogate)"
    if isinstance(error, sqlite3.DataError) and "too big" in text:
        return "a text that is larger than the database takes"
    if isinstance(error, sqlite3.OperationalError):
        if text == "interrupted":
            return "this takes too long: ask for less at once"
        if text == "user-defined function raised exception":
            return "a $regex takes too long on one of the texts: use a simpler one"
    return None
