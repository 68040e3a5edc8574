"""Every port's promises, kept by the fake and by the SDK with a real server."""

from pathlib import Path
from typing import Any

import pytest

from tests.backends import cases, world
from tests.support.local_server import LocalServer

NAMES = [case.__name__ for case in cases.CASES]

ON_THE_SERVER = """
import json
from tests.backends import cases, world
print(json.dumps(cases.outcomes(world.on_the_server("ports"))))
"""


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How each case went on the fake."""
    return cases.outcomes(world.in_memory(tmp_path_factory.mktemp("fake")))


@pytest.fixture(scope="module")
def on_the_server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """How each case went with the SDK and a server of its own."""
    folder: Path = tmp_path_factory.mktemp("ports")
    server = LocalServer(folder).start()
    yield server.sdk(ON_THE_SERVER)
    server.stop()


@pytest.mark.parametrize("name", NAMES)
def test_in_memory(in_memory: dict[str, str], name: str) -> None:
    assert in_memory[name] == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_on_the_server(on_the_server: dict[str, str], name: str) -> None:
    assert on_the_server[name] == ""
