"""One server per data folder: a lock that the operating system drops when the process ends."""

import os
import socket
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
        folder = os.open(data_dir, os.O_RDONLY)
    except OSError as error:
        raise BadInput(
            f"cannot use the data folder {data_dir}: {error.strerror}",
            fix=f"chown -R {data_dir} to the user that runs this, or choose another --data-dir",
        ) from None
    try:
        # The folder too: the file may be deleted, by hand, while its server runs.
        for part in (file, folder):
            if _taken(part):
                raise Conflict(
                    f"another server ({_holder(file)}) runs on the data folder {data_dir}",
                    fix="use that one, end it, or choose another --data-dir",
                )
        os.truncate(file, 0)
        os.pwrite(file, f"{os.getpid()} {socket.gethostname()}".encode(), 0)
        yield
    finally:
        os.close(folder)
        os.close(file)


def _taken(file: int) -> bool:
    """Lock an open file; return whether somebody else has."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # a file system that has no such locks (of folders)
    return False


def _holder(file: int) -> str:
    """Return who has a lock, as it wrote itself."""
    process, _, host = os.pread(file, 300, 0).decode(errors="replace").partition(" ")
    return f"process {process or 'unknown'}{f' on {host}' if host else ''}"
