"""What the SDK raises and what we make of it: by class and status, whatever the texts say."""

import urllib.error
from typing import Any

import pytest
import requests
import wandb
from wandb.errors import AuthenticationError, CommError, UsageError
from wandb.proto import wandb_api_pb2
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from housing_sweep.errors import (
    BadInput,
    HousingSweepError,
    NotFound,
    NotLoggedIn,
    PermissionDenied,
    Unavailable,
)
from housing_sweep.pipeline.wandb_io.sdk_errors import meaning, of_status, reading, writing
from tests.support.local_server import LocalServer

ROWS = """
import json
from housing_sweep.errors import HousingSweepError
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.pipeline.wandb_io.backend import WandbBackend
from housing_sweep.registry.references import SweepId, SweepRef, Target
from housing_sweep.registry.selection import Model
from tests.support.stumbling_proxy import StumblingProxy
import os, wandb
url, key = os.environ["WANDB_BASE_URL"], os.environ["WANDB_API_KEY"]
rows = {}
def tries(row, what):
    try:
        what()
        rows[row] = ["done", 0, ""]
    except HousingSweepError as error:
        rows[row] = [type(error).__name__, error.exit_code, str(error)]
with wandb.init(project="login") as run:
    pass
backend = WandbBackend.connect()
home = backend.connection.entity
tries("a run id with 401 in it", lambda: backend.runs.run(f"{home}/login/a401bcd"))
tries("a project called login", lambda: backend.artifacts.model(f"{home}/login/api-key:v0"))
no_sweep = SweepRef(home, "login", SweepId("unauthorized"))
tries("no such sweep", lambda: backend.sweeps.sweep(no_sweep))
tries("a wrong key", lambda: Connection.open(url, "x" * 40))
tries("what cannot be a key", lambda: Connection.open(url, "x"))
tries("another address without a key", lambda: Connection.open("http://127.0.0.1:9"))
tries("nothing answers", lambda: Connection.open("http://127.0.0.1:9", key))
tries("no address", lambda: Connection.open("nonsense", key))
def null(name):
    return json.dumps({"data": {name: None}}).encode()
said = json.dumps({"errors": [{"message": "login not found"}]}).encode()
with StumblingProxy(url) as proxy:
    backend = WandbBackend.connect(proxy.url, key)
    for status in (400, 401, 403, 404, 409, 500, 503):
        proxy.answer = (status, said)
        tries(f"a read is answered {status}", lambda: backend.runs.run(f"{home}/login/r{status}"))
    proxy.answer = (200, null("project"))
    tries("a read is answered null", lambda: backend.runs.run(f"{home}/login/nothing"))
    proxy.answer = (403, said)
    ref, model = SweepRef(home, "login", SweepId("")), Model("", f"{home}/login/m:v0", "")
    link = lambda: backend.registry.link(ref, Target("staging"), model)
    tries("a write is answered 403", link)
    proxy.answer = None
    proxy.stop()
    tries("the server dies later", lambda: backend.runs.run(f"{home}/login/later"))
print(json.dumps([wandb.__version__, rows]))
"""


def _api_error(status: int | None) -> WandbApiFailedError:
    api: Any = wandb_api_pb2
    response = None if status is None else api.ApiErrorResponse(http_status=status)
    return WandbApiFailedError("login failed: 401 not found", response)


def _caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def _http_error(status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError("login", response=response)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0, Unavailable),
        (400, BadInput),
        (401, NotLoggedIn),
        (403, PermissionDenied),
        (404, NotFound),
        (408, Unavailable),
        (409, BadInput),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_a_status_decides_however_deep_it_lies(status: int, kind: type[HousingSweepError]) -> None:
    assert of_status(status) is kind
    inner = _api_error(status)
    for error in (inner, CommError("login", inner), _caused(AuthenticationError("x"), inner)):
        assert meaning(error, reads=True) is kind
        assert meaning(error, reads=False) is kind
    if status:
        assert meaning(CommError("x", _http_error(status)), reads=True) is kind


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (_api_error(None), Unavailable, Unavailable),
        (_caused(AuthenticationError("login"), _api_error(None)), Unavailable, Unavailable),
        (AuthenticationError("API key must have 40+ characters"), NotLoggedIn, NotLoggedIn),
        (ConnectionResetError("x"), Unavailable, Unavailable),
        (requests.ConnectionError("x"), Unavailable, Unavailable),
        (urllib.error.URLError("refused"), Unavailable, Unavailable),
        (CommError("x", TimeoutError()), Unavailable, Unavailable),
        (ValueError("project 'login' not found: 401"), NotFound, BadInput),
        (CommError("timed out", ValueError("api key")), NotFound, BadInput),
        (CommError("connection refused, 401, not found"), BadInput, BadInput),
        (UsageError("not logged in"), BadInput, BadInput),
        (wandb.Error("no such login"), BadInput, BadInput),
    ],
)
def test_without_a_status_the_class_at_the_root_decides(
    error: Exception, read: type[HousingSweepError], write: type[HousingSweepError]
) -> None:
    assert meaning(error, reads=True) is read
    assert meaning(error, reads=False) is write
    with pytest.raises(read, match="cannot look") as caught, reading("look", "look up", url="U"):
        raise error
    assert type(caught.value) is read
    with pytest.raises(write) as caught, writing("look", url="http://there"):
        raise error
    assert ("http://there" in caught.value.what) == (write in (Unavailable, NotLoggedIn))


@pytest.mark.parametrize(
    "error", [KeyError("x"), TypeError("x"), NotFound("x"), KeyboardInterrupt()]
)
def test_errors_of_ours_and_mistakes_stay_as_they_are(error: BaseException) -> None:
    for manager in (reading, writing):
        with pytest.raises(type(error)) as caught, manager("look"):
            raise error
        assert caught.value is error


def _fail() -> None:
    raise CommError("odd")


def test_an_error_that_is_handled_meanwhile_is_not_a_cause() -> None:
    try:
        raise NotFound("another thing") from ValueError("login")
    except NotFound:
        with pytest.raises(BadInput), reading("look"):
            _fail()


@pytest.fixture(scope="module")
def rows(local_server: LocalServer) -> Any:
    """Each row of the table as the SDK that is installed shows it, on the real server."""
    _, rows = local_server.sdk(ROWS, env={"WANDB_HTTP_TIMEOUT": "6"})
    return rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("row", "kind", "code"),
    [
        ("a run id with 401 in it", "NotFound", 3),
        ("a project called login", "NotFound", 3),
        ("no such sweep", "NotFound", 3),
        ("a wrong key", "NotLoggedIn", 2),
        ("what cannot be a key", "NotLoggedIn", 2),
        ("another address without a key", "BadInput", 2),
        ("nothing answers", "Unavailable", 1),
        ("no address", "BadInput", 2),
        ("a read is answered 400", "BadInput", 2),
        ("a read is answered 401", "NotLoggedIn", 2),
        ("a read is answered 403", "PermissionDenied", 4),
        ("a read is answered 404", "NotFound", 3),
        ("a read is answered 409", "BadInput", 2),
        ("a read is answered 500", "Unavailable", 1),
        ("a read is answered 503", "Unavailable", 1),
        ("a read is answered null", "NotFound", 3),
        ("a write is answered 403", "PermissionDenied", 4),
        ("the server dies later", "Unavailable", 1),
    ],
)
def test_the_real_sdk_says_so_too(rows: Any, row: str, kind: str, code: int) -> None:
    assert rows[row][:2] == [kind, code], rows[row]
