"""Which names of files stay inside the folder that they are downloaded to, on any system. Pure."""

import re

from housing_sweep.errors import BadInput

_DRIVE = re.compile(r"[A-Za-z]:")
_UP = re.compile(r"\.\.[ .]*")


def check_inner_path(path: str) -> str:
    r"""Return a relative path that cannot lead out of a folder.

    Windows takes `\` for `/`, and drops dots and spaces at the end of a name: `.. ` is `..`.

    Raises:
        BadInput: it is empty, absolute, begins with a drive, goes up, or is no text to be stored.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise _refusal(path) from None
    parts = path.replace("\\", "/").split("/")
    goes_up = any(_UP.fullmatch(part) for part in parts)
    nowhere = all(part in ("", ".") for part in parts)
    if goes_up or nowhere or not parts[0] or _DRIVE.match(path) or "\0" in path:
        raise _refusal(path)
    return path


def _refusal(path: str) -> BadInput:
    return BadInput(
        f"{path!r} is no path inside an artifact or run",
        fix="name the file by a relative path without ..",
    )
