"""Tables that lie: a promotion's dataset is the one that the sweep's spec names, and judged."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.tamper.conftest import ANY, Answer, Scene
from tests.tamper.tables import BROKEN, LEAKY, Table

pytestmark = pytest.mark.slow

TELL = """
import json, sys
from pathlib import Path
from tests.tamper import forge, tables
project, mark = sys.argv[1], Path(sys.argv[2]) / "table"
forge.publish_table(project)
honest = forge.Honest.of(forge.run_trial(project))
print(json.dumps({
    "leaky": tables.tell_leaky(project),
    "broken": tables.tell_broken(project, honest, mark),
    "later": tables.tell_later_version(project + "-later"),
    "deleted": tables.tell_deleted(project + "-deleted"),
    "moved": tables.tell_moved_alias(project + "-moved"),
    "draft": tables.tell_draft(project + "-draft"),
}))
"""
PROJECT = "tables"
ALIAS = "tables"


@dataclass(frozen=True)
class Judged:
    """What was told, and what promotions said: by id of the case, or by what was done."""

    told: dict[str, Any]
    answers: dict[str, Answer]


@pytest.fixture(scope="module")
def judged(scene: Scene) -> Judged:
    told = scene.attack(TELL, PROJECT)
    sweeps = {
        name: f"{PROJECT}/{sweep}" for name, sweep in {**told["leaky"], **told["broken"]}.items()
    }
    for name in ("later", "deleted", "moved", "draft"):
        sweeps[name] = f"{PROJECT}-{name}/{told[name]['sweep']}"
    commands = [
        ("promote", sweep, "--alias", f"{ALIAS}-{name}", *ANY, "--json")
        for name, sweep in sweeps.items()
    ]
    answers = scene.commands(*commands)
    return Judged(told, dict(zip(sweeps, answers, strict=True)))


def _refusal(answer: Answer) -> str:
    """Return what a promotion said that was refused: one error, with a fix, and no traceback."""
    assert answer.code in (2, 3, 4), answer
    _, *errors = answer.err.split("error: ")
    assert len(errors) == 1, answer.err
    assert "fix:" in errors[0]
    acting = [ascii(line) for line in errors[0].splitlines() if not line.isprintable()]
    assert acting == []
    return errors[0]


@pytest.mark.parametrize("table", LEAKY, ids=lambda table: table.id)
def test_a_table_that_flatters_is_refused_with_its_figure(judged: Judged, table: Table) -> None:
    answer = judged.answers[table.id]
    assert answer.code == 4, answer
    assert re.search(table.says, answer.err), answer.err
    assert answer.json["promoted"] is None
    assert re.search(r"\d", answer.json["reason"])


@pytest.mark.parametrize("table", BROKEN, ids=lambda table: table.id)
def test_a_table_that_is_none_is_one_clear_error(judged: Judged, table: Table) -> None:
    if table.id not in judged.told["broken"]:
        pytest.skip("the SDK itself refuses to log it")
    said = _refusal(judged.answers[table.id])
    assert re.search(table.says, said), said


def test_a_version_that_came_later_convinces_nobody_how_many_runs_ever_use_it(
    judged: Judged,
) -> None:
    told, answer = judged.told["later"], judged.answers["later"]
    assert answer.code == 0, answer.err
    assert answer.json["winner"]["run"] == told["honest"]
    assert answer.json["dataset"]["artifact"] == told["first"]
    for row in answer.json["ranked"]:
        if row["run"] in told["liars"]:
            assert "dataset" in row["why_not"], row


def test_without_the_sweeps_table_nothing_else_takes_its_place(judged: Judged) -> None:
    assert "california-housing" in _refusal(judged.answers["deleted"])


def test_an_alias_that_was_moved_since_does_not_make_the_other_table_the_sweeps(
    judged: Judged,
) -> None:
    answer = judged.answers["moved"]
    if answer.code == 0:
        assert answer.json["winner"]["run"] == judged.told["moved"]["honest"]
    else:
        _refusal(answer)


def test_a_version_that_was_begun_earlier_and_committed_later_is_a_later_one(
    judged: Judged,
) -> None:
    answer = judged.answers["draft"]
    assert answer.code == 0, answer.err
    assert answer.json["winner"]["run"] == judged.told["draft"]["honest"]


def test_nothing_was_loaded(scene: Scene, judged: Judged) -> None:
    assert judged.answers
    assert scene.loaded == []
