"""The folder that a server keeps everything in: its owner's alone."""

import logging
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_log = logging.getLogger(__name__)


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
