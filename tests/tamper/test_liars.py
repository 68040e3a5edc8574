"""Runs that lie, many in one sweep: each is rejected for its first false fact, the honest one wins.

One process tells all lies, a sweep for each kind; one promotion of each sweep judges all of them.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tamper.conftest import ANY, Answer, Scene
from tests.tamper.liars import KINDS, NOT_LOOKED_AT, Liar

pytestmark = pytest.mark.slow

HERE = Path(__file__)
PROJECT = "liars"
TELL = """
import json, sys
from pathlib import Path
from tests.tamper import forge, liars
project, wanted, marks = sys.argv[1], sys.argv[2].split(), Path(sys.argv[3])
forge.publish_table(project)
honest = forge.Honest.of(forge.run_trial(project))
told = {}
for kind in wanted:
    sweep, runs = forge.make_sweep(project), {}
    for liar in liars.KINDS[kind]:
        lie = forge.Lie.copied(honest, marks / liar.id)
        liar.does(lie)
        runs[liar.id] = lie.log(project, sweep)
    runs["honest"] = forge.run_trial(project, sweep)
    liars.edit_config(runs["honest"])
    told[kind] = [sweep, runs]
print(json.dumps(told))
"""

REGISTRY = """
import contextlib, json, sys, wandb
api, linked = wandb.Api(), []
with contextlib.suppress(ValueError, wandb.Error):  # before the first promotion: no collection
    linked = list(api.artifacts("model", "wandb-registry-model/california-housing"))
records = api.runs(sys.argv[1], {"jobType": "promote"}, lazy=False)
print(json.dumps({
    "artifacts": sorted(
        one.qualified_name
        for kind in ("model", "dataset")
        for collection in api.artifact_type(kind, sys.argv[1]).collections()
        for one in collection.artifacts()
    ),
    "aliases": {
        alias: one.source_name
        for one in linked
        for alias in one.aliases
        if alias.startswith("liars-")
    },
    "records": {run.config["alias"]: run.config for run in records},
}))
"""


@dataclass(frozen=True)
class Judged:
    """What a promotion of each kind's sweep said.

    Attributes:
        runs: kind -> id of the case -> path of its run; the honest one among them.
        answers: kind -> the answer.
        text: kind -> the answer to a dry run without --json.
        artifacts: what there was before any promotion.
        registry: what there is now.
    """

    runs: dict[str, dict[str, str]]
    answers: dict[str, Answer]
    text: dict[str, Answer]
    artifacts: list[str]
    registry: dict[str, Any]


@pytest.fixture(scope="module")
def judged(scene: Scene, request: pytest.FixtureRequest) -> Judged:
    told = scene.attack(TELL, PROJECT, " ".join(_kinds_of(request.session.items)))
    before = scene.server.sdk(REGISTRY, PROJECT)["artifacts"]
    commands = [
        ("promote", f"{PROJECT}/{sweep}", "--alias", f"liars-{kind}", *ANY, *form)
        for kind, (sweep, _) in told.items()
        for form in (["--json"], ["--dry-run"])
    ]
    answers = scene.commands(*commands)
    return Judged(
        {kind: runs for kind, (_, runs) in told.items()},
        dict(zip(told, answers[::2], strict=True)),
        dict(zip(told, answers[1::2], strict=True)),
        before,
        scene.server.sdk(REGISTRY, PROJECT),
    )


def _kinds_of(items: Sequence[pytest.Item]) -> list[str]:
    """Return the kinds that the tests of this session ask for: one alone costs a fifth."""
    mine = [item for item in items if isinstance(item, pytest.Function) and item.path == HERE]
    kinds = {item.callspec.params["kind"] for item in mine if hasattr(item, "callspec")}
    return [kind for kind in KINDS if kind in kinds]


def _cases() -> Iterator[Any]:
    for kind, liars in KINDS.items():
        for liar in liars:
            yield pytest.param(kind, liar, id=f"{kind}-{liar.id}")


@pytest.mark.parametrize(("kind", "liar"), list(_cases()))
def test_a_liar_is_rejected_for_the_first_fact_that_is_false(
    judged: Judged, kind: str, liar: Liar
) -> None:
    answer = judged.answers[kind]
    assert answer.code == 0, answer.err[-2000:]
    rows = [row for row in answer.json["ranked"] if row["run"] == judged.runs[kind][liar.id]]
    if liar.why_not == NOT_LOOKED_AT:
        assert [row["model"] for row in rows if row["model"]] == []
        return
    [row] = rows
    assert re.search(liar.why_not, row["why_not"]), row["why_not"]
    assert row["why_not"].isprintable(), ascii(row["why_not"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_honest_run_is_promoted_whatever_the_others_say(judged: Judged, kind: str) -> None:
    honest, answer = judged.runs[kind]["honest"], judged.answers[kind]
    assert answer.code == 0, answer.err[-2000:]
    assert answer.json["winner"]["run"] == honest
    assert answer.json["verdict"] == "promote"
    assert judged.registry["aliases"][f"liars-{kind}"].startswith(f"model-{honest[-8:]}:")


@pytest.mark.parametrize("kind", KINDS)
def test_the_record_tells_the_config_that_was_trained_whatever_was_edited(
    judged: Judged, kind: str
) -> None:
    record = judged.registry["records"][f"liars-{kind}"]
    assert record["challenger"]["config"]["max_iter"] == 12
    assert record["challenger"]["config"]["model"] == "hist_gradient_boosting"
    assert judged.answers[kind].json["winner"]["config"]["max_iter"] == 12


def test_nothing_but_the_promotions_is_written(judged: Judged) -> None:
    assert judged.registry["artifacts"] == judged.artifacts
    assert set(judged.registry["aliases"]) == {f"liars-{kind}" for kind in judged.runs}
    assert set(judged.registry["records"]) == {f"liars-{kind}" for kind in judged.runs}


def test_no_pickle_of_theirs_was_loaded(scene: Scene, judged: Judged) -> None:
    assert judged.answers
    assert scene.loaded == []


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_they_wrote_acts_on_a_terminal(judged: Judged, kind: str) -> None:
    text, answer = judged.text[kind], judged.answers[kind]
    assert text.code == 0
    for printed in (text.out, text.err, answer.err):
        lines = printed.splitlines()
        assert [ascii(line) for line in lines if not line.isprintable()] == []
    assert json.loads(answer.out)
