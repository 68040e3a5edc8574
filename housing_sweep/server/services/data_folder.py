"""A data folder as a whole: opened, or refused in words that say what to do."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from housing_sweep.errors import BadInput, Damaged
from housing_sweep.server.services.config import ServerConfig
from housing_sweep.server.store import references
from housing_sweep.server.store.db import Database, open_database
from housing_sweep.server.store.failures import as_ours

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_log = logging.getLogger(__name__)


def open_folder(config: ServerConfig) -> Database:
    """Open the database of a data folder, which is made when it is new.

    Raises:
        BadInput: the folder is not ours to use, or the database is of something else.
        Damaged: the database or the files that it refers to are gone, or not what they were.
    """
    make_private(config.data_dir)
    _check_rights(config.data_dir, os.R_OK | os.W_OK | os.X_OK)
    if not os.path.lexists(config.database) and (traces := _traces(config)):
        raise Damaged(
            f"the database {config.database} is missing, though {traces} is there",
            fix="put it back, or `housing-sweep restore BACKUP --replace`; "
            "to start anew, use an empty --data-dir",
        )
    database = open_database(config.database, config.busy_timeout)
    try:
        _check_blobs(config, database)
    except BaseException:
        database.close()
        raise
    return database


def _traces(config: ServerConfig) -> str:
    """Return what a folder has that only a database can have left there, or nothing."""
    beside = (f"{config.database}{end}" for end in ("-wal", "-journal"))
    for path in (config.client_env, *map(Path, beside)):
        if path.exists():
            return path.name
    if config.blobs.is_dir() and any(len(path.name) == 2 for path in config.blobs.iterdir()):
        return f"{config.blobs.name}/"
    return ""


def _check_blobs(config: ServerConfig, database: Database) -> None:
    if config.blobs.is_dir():
        for folder in (config.blobs, *(path for path in config.blobs.iterdir() if path.is_dir())):
            _check_rights(folder, os.R_OK | os.W_OK | os.X_OK)
        return
    if os.path.lexists(config.blobs):
        raise BadInput(f"{config.blobs} is not a folder", fix="move it away")
    count = len(references.blobs(database.connection()))
    if count:
        raise Damaged(
            f"the folder {config.blobs} is missing, and the database refers to {count} files in it",
            fix="put it back, or `housing-sweep restore BACKUP --replace`; "
            f"to go on without them, mkdir {config.blobs}",
        )


def _check_rights(path: Path, rights: int) -> None:
    if not os.access(path, rights):
        raise BadInput(
            f"{path} cannot be read and written by this user",
            fix=f"chown -R it to the user that runs this, and chmod -R u+rwX {path}",
        )


@contextmanager
def failures_in_words(folder: Path) -> Iterator[None]:
    """Turn what the system says of a folder into an error of ours.

    Raises:
        BadInput: something in the folder cannot be used.
        Damaged: the database is not what it was.
        Unavailable: the disk is full, or the database stays locked.
    """
    try:
        yield
    except Exception as error:
        ours = as_ours(error)
        if ours is None and isinstance(error, OSError) and error.errno is not None:
            ours = BadInput(
                f"cannot use {error.filename or folder}: {error.strerror}",
                fix="the user that runs this must own the folder and all in it (chmod -R u+rwX), "
                "or choose another one",
            )
        if ours is None or ours is error:
            raise
        raise ours from error


def make_private(folder: Path) -> None:
    """Make the data folder if it is new, and shut it to other users of the machine (mode 0700).

    A folder that everybody shares (sticky, as /tmp) or that is another user's is left as it is,
    with a warning: the database and the keys in it are shut on their own.

    Raises:
        OSError: it can be neither made nor looked at.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = folder.stat().st_mode
    if not mode & _OTHERS:
        return
    try:
        if mode & stat.S_ISVTX:
            raise PermissionError("it is shared by all")
        folder.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    except OSError as error:
        _log.warning("other users can look into %s, and it stays so: %s", folder, error)
