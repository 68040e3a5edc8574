"""wandb's errors as ours: what was wrong, and the fix."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import wandb
from wandb.errors import AuthenticationError, CommError, UsageError
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from housing_sweep.errors import BadInput, HousingSweepError, NotFound, Unavailable

_MISSING = ("not found", "could not find", "does not exist", "no such", "unable to fetch")
_LOGIN = ("not logged in", "api key", "login", "401", "authenticat", "unauthorized")
_NETWORK = ("connection", "timed out", "timeout", "busy", "refused", "unreachable")


def backend_url() -> str:
    """Return where wandb sends its requests."""
    return os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")


@contextmanager
def our_errors(what: str, *, missing: str = "") -> Iterator[None]:
    """Turn wandb's errors inside the block into ours.

    Args:
        what: what was tried, for the message: "read sweep a/b/c".
        missing: the fix when the thing does not exist.

    Raises:
        BadInput: no API key, or a wrong one.
        NotFound: the thing does not exist.
        Unavailable: the backend does not answer.
    """
    try:
        yield
    except HousingSweepError:
        raise
    except (wandb.Error, WandbApiFailedError, ValueError, ConnectionError) as error:
        raise _translate(error, what, missing) from None


def _translate(error: Exception, what: str, missing: str) -> HousingSweepError:
    said = " ".join(str(error).split())
    low = said.lower()
    if isinstance(error, AuthenticationError) or any(word in low for word in _LOGIN):
        return BadInput(
            f"cannot {what}: {backend_url()} does not know this API key",
            fix='run `eval "$(housing-sweep env)"` for the local server, or `wandb login`',
        )
    if any(word in low for word in _MISSING):
        return NotFound(f"cannot {what}: {said}", fix=missing or "check the name")
    if isinstance(error, ConnectionError) or any(word in low for word in _NETWORK):
        return Unavailable(
            f"cannot {what}: {backend_url()} does not answer: {said}",
            fix="check WANDB_BASE_URL; start the local server with `housing-sweep server`",
        )
    if isinstance(error, CommError | UsageError | ValueError):
        return BadInput(f"cannot {what}: {said}", fix=missing)
    return HousingSweepError(f"cannot {what}: {said}")
