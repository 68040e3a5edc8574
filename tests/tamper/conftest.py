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
_FIRST = "test_a_liar_is_rejected_for_the_first_fact_that_is_false"
_HONEST = "test_the_honest_run_is_promoted_whatever_the_others_say"
_RECORD = "test_the_record_tells_the_config_that_was_trained_whatever_was_edited"
_TERMINAL = "test_nothing_that_they_wrote_acts_on_a_terminal"
_TABLE = "test_a_table_that_is_none_is_one_clear_error"
_WRITTEN = "test_nothing_but_the_promotions_is_written"
OPEN: Mapping[str, tuple[str, ...]] = {
    "which version a sweep began with is told by what is left of them": (
        "test_a_version_that_was_begun_earlier_and_committed_later_is_a_later_one",
    ),
    "a copy of an honest run that claims another environment ties with it by what is built": (
        f"{_FIRST}[environment-better-by-less-than-another-environment-explains]",
        f"{_HONEST}[environment]",
        "test_nothing_but_the_promotions_is_written",
    ),
    "a record is believed whoever wrote it": (
        "test_a_rollback_goes_to_no_version_that_only_a_forged_record_names",
    ),
}
"""What still gets through, and the tests that say so: whoever mends one takes its lines away."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect what is open to fail."""
    why = {test: reason for reason, tests in OPEN.items() for test in tests}
    for item in items:
        if item.path.parent == HERE and item.name in why:
            # Which of several truthful models wins is a matter of their fit_seconds.
            strict = "environment" not in item.name and item.name != _WRITTEN
            item.add_marker(pytest.mark.xfail(reason=why[item.name], strict=strict))


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
