"""Where the lies are told: a real server, the real SDK, a folder in which pickles leave marks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_server import LocalServer

VICTIM = """
import json, sys
from tests.tamper.victim import run_commands
print(json.dumps(run_commands(json.loads(sys.argv[1]))))
"""

ANY = ("--require", "none", "--no-spatial")
"""Promotes whatever is proved, in less time."""


@dataclass(frozen=True)
class Answer:
    """What a command did.

    Attributes:
        code: its exit code; -1 for a traceback.
        out: what it printed.
        err: what it printed on stderr.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Scene:
    """A server where lies are told.

    Attributes:
        server: the real one.
        marks: folder in which a pickle that is loaded leaves a file.
    """

    server: LocalServer
    marks: Path

    def attack(self, code: str, *arguments: str) -> Any:
        """Run an attacker's code; return the JSON that it prints last."""
        return self.server.sdk(code, *arguments, str(self.marks))

    def commands(self, *commands: Sequence[str]) -> list[Answer]:
        """Run `housing-sweep` with each of these arguments, in one process."""
        answers = self.server.sdk(VICTIM, json.dumps([list(command) for command in commands]))
        return [Answer(**answer) for answer in answers]

    @property
    def loaded(self) -> list[str]:
        """Names of the marks that loaded pickles left."""
        return sorted(one.name for one in self.marks.iterdir())


@pytest.fixture(scope="module")
def scene(local_server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(local_server, tmp_path_factory.mktemp("marks"))
