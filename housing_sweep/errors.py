"""The error tree: every error raised on purpose, what it means, and what to do about it.

HousingSweepError          exit 1   HTTP 500
├── BadInput               exit 2   HTTP 400   a value, file, config or query breaks a rule
│   ├── SpecError          exit 2   HTTP 400   a sweep YAML or trial config
│   ├── TooLarge           exit 2   HTTP 413   a request that is larger than any may be
│   ├── DataError          exit 2   HTTP 400   a table that is not what it should be
│   └── ProtocolError      exit 2   HTTP 400   the client spoke out of turn
├── NotLoggedIn            exit 2   HTTP 401   no API key, or an unknown one
├── PermissionDenied       exit 4   HTTP 403   the user may see it but not do this
├── NotFound               exit 3   HTTP 404   a run, sweep, version or alias does not exist
│   └── Gone               exit 3   HTTP 404   it did a moment ago
├── Conflict               exit 4   HTTP 409   the change would break a promise already made
│   └── Refused            exit 4   HTTP 409   no candidate earns the promotion
├── NotSupported           exit 1   HTTP 501   the local server has no such feature
├── Unavailable            exit 1   HTTP 503   true now, maybe not later: locked, full, starting
└── Damaged                exit 2   HTTP 503   what is on disk is not what was written

`cli` maps a class to its exit code, `server` to its status; nobody else decides either.
"""


class HousingSweepError(Exception):
    """Base of every error raised on purpose: what happened, and the fix.

    Attributes:
        what: one sentence with the offending value in it.
        fix: what the reader can do now.
    """

    exit_code = 1
    http_status = 500

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(f"{what}\n  fix: {fix}" if fix else what)
        self.what, self.fix = what, fix


class BadInput(HousingSweepError):
    """A value, file, config or query breaks a rule; no retry can heal it."""

    exit_code = 2
    http_status = 400


class SpecError(BadInput):
    """A sweep YAML or a trial config breaks a rule."""


class TooLarge(BadInput):
    """A request holds more than any may."""

    http_status = 413


class DataError(BadInput):
    """A file is not the table that it should be."""


class ProtocolError(BadInput):
    """The client spoke out of turn."""


class NotLoggedIn(HousingSweepError):
    """No API key came, or one that nobody holds."""

    exit_code = 2
    http_status = 401


class PermissionDenied(HousingSweepError):
    """The user may see this but not change it."""

    exit_code = 4
    http_status = 403


class NotFound(HousingSweepError):
    """A run, sweep, artifact version, alias, user or file does not exist, or not for this user."""

    exit_code = 3
    http_status = 404


class Gone(NotFound):
    """It was there when it was looked up, and was deleted meanwhile."""


class Conflict(HousingSweepError):
    """The change would break a promise already made."""

    exit_code = 4
    http_status = 409


class Refused(Conflict):
    """No candidate earns the promotion."""


class NotSupported(HousingSweepError):
    """The local server does not have this feature, and says so."""

    http_status = 501


class Unavailable(HousingSweepError):
    """True now, maybe not later: a locked database, a full disk. Worth a retry."""

    http_status = 503


class Damaged(HousingSweepError):
    """What is on disk is not what was written; a client may try again once it was restored."""

    exit_code = 2
    http_status = 503


def plain(text: str) -> str:
    """Return a text of somebody else as one line that does nothing in a terminal."""
    line = " ".join(text.split())
    return line if line.isprintable() else ascii(line)[1:-1]
