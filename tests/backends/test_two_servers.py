"""Two backends in one process: what is read from one is written to the other, and nothing leaks."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.local_server import LocalServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What happened; the user of each server has another name."""
    servers = [_server(tmp_path_factory.mktemp("twin"), user) for user in ("alice", "bob")]
    try:
        code = "from tests.backends.two_servers import main; main()"
        yield servers[0].sdk(code, servers[1].url, servers[1].api_key)
    finally:
        for server in servers:
            server.stop()


def _server(folder: Path, user: str) -> LocalServer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGNAME", user)  # the owner's name on a new data folder
        return LocalServer(folder).start()


def test_runs_of_equal_id_are_told_apart(told: Any) -> None:
    assert told["who"] == ["alice", "bob"]
    assert told["runs"] == ["alpha", "omega-two", "alpha"]
    assert told["equal ids"], "the two artifacts have one id: else this proves little"


def test_bytes_are_copied_unchanged(told: Any) -> None:
    assert told["sha A"] == told["sha B"] == told["bytes"]


def test_the_alias_moves_on_the_other_server_alone(told: Any) -> None:
    assert told["champions"] == [None, "bob/twins/pushed:v0"]
    assert told["artifacts"] == [["model-x:v0"], ["model-x:v0"]]
    assert told["runs of A"] == 1


def test_nothing_of_the_one_appears_in_requests_to_the_other(told: Any) -> None:
    assert told["of A in B's requests"] == []
    assert told["requests"] > 10
