"""One server per data folder: a lock that the operating system drops when the process ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from housing_sweep.errors import BadInput, Conflict

try:
    import fcntl
except ImportError:  # no such locks on this system: the port alone keeps servers apart
    fcntl = None  # type: ignore[assignment]


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold a data folder, made when it is new (mode 0700), as its only server.

    Administration commands do not need it: SQLite keeps their writes apart from the server's. Two
    servers would each call the other's trials crashed.

    Raises:
        BadInput: the folder cannot be used.
        Conflict: another server holds it.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(data_dir / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BadInput(
            f"cannot use the data folder {data_dir}: {error.strerror}",
            fix="choose another --data-dir",
        ) from None
    try:
        _lock(file, data_dir)
        os.truncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)


def _lock(file: int, data_dir: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(file, 20, 0).decode(errors="replace") or "unknown"
        raise Conflict(
            f"another server (process {holder}) runs on the data folder {data_dir}",
            fix="use that one, end it, or choose another --data-dir",
        ) from None
