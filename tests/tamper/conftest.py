"""Where the lies are told: a real server, the real SDK, a folder in which pickles leave marks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_server import LocalServer

VICTIM = """
import json, sys
from tests.tamper.victim import run_commands
print(json.dumps(run_commands(json.loads(sys.argv[1]))))
"""

HERE = Path(__file__).parent
TEAM, MEMBER = "crew", "mallory"
QUIET = {
    "WANDB_CONSOLE": "off",
    "WANDB_X_DISABLE_META": "true",
    "WANDB_X_DISABLE_STATS": "true",
    "WANDB_X_SAVE_REQUIREMENTS": "false",
}
"""What runs of an attacker need not tell: it saves a third of their CPU."""

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
        attacker: whose key the attacks use, and where: environment on top of the owner's.
        victim: the same for who promotes.
    """

    server: LocalServer
    marks: Path
    attacker: Mapping[str, str] = field(default_factory=dict)
    victim: Mapping[str, str] = field(default_factory=dict)

    def attack(self, code: str, *arguments: str) -> Any:
        """Run an attacker's code; return the JSON that it prints last."""
        env = {**QUIET, **self.attacker}
        return self.server.sdk(code, *arguments, str(self.marks), env=env)

    def read(self, code: str, *arguments: str) -> Any:
        """Run code of who promotes; return the JSON that it prints last."""
        return self.server.sdk(code, *arguments, env=self.victim)

    def commands(self, *commands: Sequence[str]) -> list[Answer]:
        """Run `housing-sweep` with each of these arguments, in one process."""
        answers = self.read(VICTIM, json.dumps([list(command) for command in commands]))
        return [Answer(**answer) for answer in answers]

    @property
    def loaded(self) -> list[str]:
        """Names of the marks that loaded pickles left."""
        return sorted(one.name for one in self.marks.iterdir())


@pytest.fixture(scope="module")
def scene(local_server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(local_server, tmp_path_factory.mktemp("marks"))


@pytest.fixture(scope="module")
def team_scene(scene: Scene) -> Scene:
    """A scene where the attacker is another member of the team than who promotes."""

    def administer(*arguments: str) -> Any:
        folder = ("--data-dir", str(scene.server.data_dir), "--json")
        return json.loads(scene.server.cli("housing-sweep", *arguments, *folder).stdout)

    key = administer("users", "add", MEMBER, "--email", f"{MEMBER}@example.org")["api_key"]
    administer("orgs", "add", "acme", "--admin", scene.server.user)
    administer("teams", "add", TEAM, "--org", "acme", "--admin", scene.server.user)
    administer("teams", "add-member", TEAM, MEMBER)
    team = {"WANDB_ENTITY": TEAM}
    return replace(scene, attacker={**team, "WANDB_API_KEY": key}, victim=team)
