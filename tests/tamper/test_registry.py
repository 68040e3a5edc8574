"""A registry that a member of the team writes to by hand: versions, aliases, records, refits."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.tamper.conftest import ANY, MEMBER, Answer, Scene
from tests.tamper.registrar import RUBBISH

pytestmark = pytest.mark.slow

PROJECT = "hands"
FIRST = """
import json, sys
from pathlib import Path
from tests.tamper import registrar
print(json.dumps(registrar.first_round(sys.argv[1], Path(sys.argv[2]) / "registry")))
"""
SECOND = """
import json, sys
from pathlib import Path
from tests.tamper import registrar
project, told, records, marks = sys.argv[1:]
mark = Path(marks) / "registry"
print(json.dumps(registrar.second_round(project, mark, json.loads(told), json.loads(records))))
"""
RECORDS = """
import json, sys, wandb
runs = wandb.Api().runs(sys.argv[1], {"jobType": "promote"}, order="+created_at", lazy=False)
print(json.dumps([
    {"config": run.config, "promoted": run.summary.get("promoted")} for run in runs
]))
"""
HOLDERS = """
import json, wandb
registry = "wandb-registry-model/california-housing"
print(json.dumps({
    alias: {"name": one.qualified_name, "source": one.source_qualified_name, "files": {
        name: entry.digest for name, entry in one.manifest.entries.items()
    }}
    for one in wandb.Api().artifacts("model", registry) for alias in one.aliases
}))
"""
LOAD = """
import json, housing_sweep
from housing_sweep.errors import HousingSweepError
try:
    print(json.dumps(f"loaded a {type(housing_sweep.load_model('registry:forged')).__name__}"))
except HousingSweepError as error:
    print(json.dumps(str(error)))
"""

LINKED = {
    "marked": r"model_sha256|skops",
    "one-byte": r"model_bytes is 1 ",
    "on-validation": r"val_rmse is 0\.\d+ in model\.json",
    "deep-json": r"model\.json cannot be read",
    "no-facts": r"no model\.json",
    "no-data": r"dataset is nobody/nothing",
    "reference": r"reference|cannot download",
}
REFITS = {
    "short": r"best_iteration is 2",
    "long": r"best_iteration is missing",
    "of-itself": r"refit",
    "of-each-other": r"refit",
    "of-that": r"refit",
    "of-nobody": r"nobody/nothing",
    "of-a-refit": r"refit",
    "of-a-dataset": r"refit",
    "of-a-lie": r"val_rmse is 0\.\d+ in model\.json",
    "on-test-rows": r"model_sha256",
}
"""Alias by hand -> what moving it on must say."""

CHAMPIONS = ("marked", "on-validation", "no-facts", "no-data")
"""Lies that hold an alias by hand, where an honest run comes to take it."""

COMPARED = ("--require", "noninferior", "--margin", "100", "--no-spatial")
"""Refused where nothing can be compared, and for nothing else."""


@dataclass(frozen=True)
class Registry:
    """What was told and linked, and what each command answered.

    Attributes:
        scene: where.
        told: names of runs, sweeps and models.
        holders: alias -> version before the commands.
        answers: command line -> answer.
        after: alias -> version when they were done.
    """

    scene: Scene
    told: dict[str, Any]
    holders: dict[str, dict[str, Any]]
    answers: dict[str, Answer]
    after: dict[str, dict[str, Any]]


def _commands(told: dict[str, Any]) -> list[str]:
    any_, compared = " ".join(ANY), " ".join(COMPARED)
    strong, weak = told["strong"], told["weak"]
    return [
        *(f"promote --from by-hand-{name} --to to-{name} {any_} --json" for name in LINKED),
        *(f"promote --from by-hand-refit-{name} --to to-{name} {any_} --json" for name in REFITS),
        *(f"promote {strong} --alias champion-{name} {compared} --json" for name in CHAMPIONS),
        "promote --from forged --to to-forged --require none --no-spatial",
        "predict forged --csv {csv} --out {out}",
        "model history --alias forged --json",
        "rollback rolled --reason x",
        "rollback hand --reason x",
        f"promote {weak} --alias open {any_} --json",
        "model history --alias open --json",
        f"promote {weak} --alias refit-again --refit {any_} --json",
        *(f"model history --alias rubbish-{n}" for n in range(len(RUBBISH))),
        *(f"rollback rubbish-{n} --reason x" for n in range(len(RUBBISH))),
        *(f"promote {weak} --alias rubbish-{n} {any_}" for n in range(len(RUBBISH))),
        "lineage forged",
        "lineage hand --json",
    ]


@pytest.fixture(scope="module")
def registry(team_scene: Scene) -> Registry:
    scene = team_scene
    told = scene.attack(FIRST, PROJECT)
    weak, strong = told["weak"], told["strong"]
    before = scene.commands(
        ("promote", weak, "--alias", "rolled", *ANY),
        ("promote", strong, "--alias", "rolled", *ANY),
        ("promote", weak, "--alias", "refit", "--refit", *ANY),
        ("promote", weak, "--alias", "hand", *ANY),
    )
    assert [answer.code for answer in before] == [0] * 4, before
    records = {record["config"]["alias"]: record for record in scene.read(RECORDS, PROJECT)}
    told |= scene.attack(SECOND, PROJECT, json.dumps(told), json.dumps(records))
    holders = scene.read(HOLDERS)
    lines = _commands(told)
    out = scene.marks.parent / "out.csv"
    spelled = [line.format(csv=told["csv"], out=out) for line in lines]
    answers = scene.commands(*(line.split() for line in spelled))
    after = scene.read(HOLDERS)
    return Registry(scene, told, holders, dict(zip(lines, answers, strict=True)), after)


def _answer(registry: Registry, *words: str) -> Answer:
    [answer] = [
        answer for line, answer in registry.answers.items() if all(w in line for w in words)
    ]
    return answer


@pytest.mark.parametrize("name", [*LINKED, *(f"refit-{name}" for name in REFITS)])
def test_a_version_that_was_linked_by_hand_is_moved_on_only_with_a_proof(
    registry: Registry, name: str
) -> None:
    answer = _answer(registry, f"--from by-hand-{name} ")
    says = {**LINKED, **{f"refit-{name}": says for name, says in REFITS.items()}}[name]
    assert answer.code == 4, answer
    assert re.search(says, answer.err), answer.err
    assert "Traceback" not in answer.err
    assert not [alias for alias in registry.after if alias == f"to-{name.removeprefix('refit-')}"]


@pytest.mark.parametrize("name", CHAMPIONS)
def test_a_champion_by_hand_keeps_no_honest_run_out(registry: Registry, name: str) -> None:
    answer = _answer(registry, f"--alias champion-{name} ")
    assert answer.code == 0, answer
    assert answer.json["winner"]["run"] == registry.told["strong_run"]
    assert answer.json["comparison"]["first"]  # the baseline stood in
    moved = registry.after[f"champion-{name}"]["source"]
    assert moved.rpartition("/")[2].startswith(f"model-{registry.told['strong_run'][-8:]}:")


def test_a_proof_that_was_written_by_hand_proves_nothing(registry: Registry) -> None:
    for words in (("--from forged",), ("predict forged",)):
        assert _answer(registry, *words).code == 4, _answer(registry, *words)
    assert "fix:" in registry.scene.read(LOAD)
    assert "to-forged" not in registry.after


def test_a_history_tells_who_wrote_a_record_not_whom_it_names(registry: Registry) -> None:
    moves = _answer(registry, "model history --alias forged").json["moves"]
    assert [move["who"] for move in moves] == [MEMBER]


def test_a_rollback_goes_to_no_version_that_only_a_forged_record_names(registry: Registry) -> None:
    answer = _answer(registry, "rollback rolled")
    assert "Traceback" not in answer.err
    assert registry.after["rolled"]["source"] != registry.told["models"]["marked"]


def test_an_alias_that_was_moved_by_hand_is_not_rolled_back(registry: Registry) -> None:
    answer = _answer(registry, "rollback hand")
    assert answer.code == 4
    assert "other means" in answer.err


def test_a_forged_interrupted_promotion_does_not_say_what_was_displaced(registry: Registry) -> None:
    answer = _answer(registry, "--alias open ", "promote")
    assert answer.code == 0
    assert answer.json["displaced"] is None


def test_what_lies_under_the_name_of_a_refit_is_not_linked_for_it(registry: Registry) -> None:
    assert _answer(registry, "--alias refit-again").code == 0
    true, again = registry.holders["refit"]["files"], registry.after["refit-again"]["files"]
    assert again["model.joblib"] == true["model.joblib"]
    assert again == true


@pytest.mark.parametrize("number", range(len(RUBBISH)))
def test_a_record_of_rubbish_stops_nobody(registry: Registry, number: int) -> None:
    for command in ("model history --alias", "rollback", "promote"):
        answers = [
            answer
            for line, answer in registry.answers.items()
            if line.startswith(command) and f"rubbish-{number}" in line
        ]
        [answer] = answers
        assert answer.code in (0, 3, 4), (command, answer)
        assert "Traceback" not in answer.err
        for line in (answer.out + answer.err).splitlines():
            assert line.isprintable(), ascii(line)
    assert f"rubbish-{number}" in registry.after


def test_no_file_of_theirs_was_loaded(registry: Registry) -> None:
    assert registry.answers
    assert registry.scene.loaded == []
