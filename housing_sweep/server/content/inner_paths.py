"""Which names of files stay inside the folder that they are downloaded to, on any system. Pure."""

import re

from housing_sweep.errors import BadInput

_DRIVE = re.compile(r".:", re.DOTALL)
_UP = re.compile(r"\.\.[ .]*")


def check_inner_path(path: str, inside: str) -> str:
    r"""Return a relative path that cannot lead out of a folder.

    Windows takes `\` for `/`, and drops dots and spaces at the end of a name: `.. ` is `..`.

    Args:
        path: as it was given, with `/` or `\`.
        inside: what it must stay inside of, as an error says it: "a run".

    Raises:
        BadInput: it is empty, absolute, begins with a drive, goes up, or is no text to be stored.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise _refusal(path, inside) from None
    parts = path.replace("\\", "/").split("/")
    goes_up = any(_UP.fullmatch(part) for part in parts)
    nowhere = all(part in ("", ".") for part in parts)
    if goes_up or nowhere or not parts[0] or _DRIVE.match(path) or "\0" in path:
        raise _refusal(path, inside)
    return path


def _refusal(path: str, inside: str) -> BadInput:
    return BadInput(
        f"{path!r} is not the name of a file inside {inside}",
        fix="name the file by a relative path without ..",
    )
