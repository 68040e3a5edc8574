"""wandb's errors as ours, by class and HTTP status: what was wrong, and the fix.

What a text says is no evidence: it holds names that people chose, and a project may be called
"login". Both SDKs keep the truth in the chain of causes. Tried with 0.28.2 and 0.31.0.

what happened                          the chain holds                          becomes
nothing answers, or not in time        WandbApiFailedError without a response   Unavailable
status 401, or a key that cannot be    ... with it; AuthenticationError         NotLoggedIn
status 403                             WandbApiFailedError with it              PermissionDenied
status 404                             WandbApiFailedError with it              NotFound
5xx, 408, 429                          WandbApiFailedError with it              Unavailable
any other status                       WandbApiFailedError with it              BadInput
a read is answered with null           RunNotFoundError, ValueError at its root NotFound
everything else                        UsageError, CommError, ValueError        BadInput
"""

import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import requests
import wandb
from wandb.errors import AuthenticationError
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from housing_sweep.errors import (
    BadInput,
    HousingSweepError,
    NotFound,
    NotLoggedIn,
    PermissionDenied,
    Unavailable,
)

FOREIGN = (
    wandb.Error,
    WandbApiFailedError,
    ValueError,
    ConnectionError,
    TimeoutError,
    urllib.error.URLError,
    requests.RequestException,
)
"""What the SDK and the network raise; anything else is a mistake of ours, and stays as it is."""

_LOGIN = 'run `eval "$(housing-sweep env)"` for the local server, or `wandb login`'
_START = "check WANDB_BASE_URL; start the local server with `housing-sweep server`"
_BY_STATUS: dict[int, type[HousingSweepError]] = {
    HTTPStatus.UNAUTHORIZED: NotLoggedIn,
    HTTPStatus.FORBIDDEN: PermissionDenied,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.REQUEST_TIMEOUT: Unavailable,
    HTTPStatus.TOO_MANY_REQUESTS: Unavailable,
}


@contextmanager
def reading(what: str, fix: str = "", *, url: str = "") -> Iterator[None]:
    """Turn wandb's errors into ours while something is read.

    Args:
        what: what is tried, for the message: "read sweep a/b/c".
        fix: what to do when it does not exist or cannot be asked for so.
        url: the backend that is asked; default the environment's.

    Raises:
        NotLoggedIn, PermissionDenied, NotFound, BadInput, Unavailable: see this file's table.
    """
    try:
        yield
    except HousingSweepError:
        raise
    except FOREIGN as error:
        raise _ours(error, what, fix, url, reads=True) from None


@contextmanager
def writing(what: str, *, url: str = "") -> Iterator[None]:
    """Turn wandb's errors into ours while something is written.

    Args:
        what: what is tried, for the message: "link a/b/c:v0".
        url: the backend that is written to; default the environment's.

    Raises:
        NotLoggedIn, PermissionDenied, NotFound, BadInput, Unavailable: see this file's table.
    """
    try:
        yield
    except HousingSweepError:
        raise
    except FOREIGN as error:
        raise _ours(error, what, "", url, reads=False) from None


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it, the root last; ends at an error of ours."""
    passed: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in passed:
        if isinstance(cause, HousingSweepError):
            return
        yield cause
        passed.add(id(cause))
        cause = getattr(cause, "exc", None) or cause.__cause__ or cause.__context__


def meaning(error: BaseException, *, reads: bool) -> type[HousingSweepError]:
    """Return which error of ours an error of the SDK stands for.

    Args:
        error: what was raised.
        reads: whether it was raised by a read: then a null answer means that nothing is there.
    """
    chain = list(causes(error))
    for cause in chain:
        if isinstance(cause, WandbApiFailedError):
            return of_status(cause.response.http_status if cause.response else 0)
        if isinstance(cause, requests.HTTPError):
            return of_status(0 if cause.response is None else cause.response.status_code)
        if isinstance(cause, urllib.error.HTTPError):
            return of_status(cause.code)
    if any(isinstance(cause, AuthenticationError) for cause in chain):
        return NotLoggedIn
    network = (ConnectionError, TimeoutError, urllib.error.URLError, requests.RequestException)
    if any(isinstance(cause, network) for cause in chain):
        return Unavailable
    return NotFound if reads and isinstance(chain[-1], ValueError) else BadInput


def of_status(status: int) -> type[HousingSweepError]:
    """Return which error of ours an HTTP status stands for; 0 where nothing answered."""
    if status == 0 or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable
    return _BY_STATUS.get(status, BadInput)


def backend_url() -> str:
    """Return where wandb sends the requests of this environment."""
    return str(wandb.setup().settings.base_url)


def _ours(error: BaseException, what: str, fix: str, url: str, *, reads: bool) -> HousingSweepError:
    kind, asked_at = meaning(error, reads=reads), url or backend_url()
    said = " ".join(str(error).split())
    if kind is NotLoggedIn:
        return kind(f"cannot {what}: {asked_at} does not know this API key", fix=_LOGIN)
    if kind is Unavailable:
        return kind(f"cannot {what}: {asked_at} does not answer: {said}", fix=_START)
    if kind is PermissionDenied:
        return kind(f"cannot {what}: {said}", fix="ask an owner of the project for the right")
    if kind is NotFound:
        return kind(f"cannot {what}: {said}", fix=fix or "check the name")
    return kind(f"cannot {what}: {said}", fix=fix)
