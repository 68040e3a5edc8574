"""No command loads a stranger's pickle: a model that marks when it is loaded meets them all.

One model looks like the honest trial's in every fact that is told of it, but `model.joblib` and
`model.skops` leave a file when they are loaded, and so does the patch of its run. Of another one
`predictions.npy` does.
"""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import click
import pytest

from housing_sweep.cli.main import cli
from tests.support.local_server import ROOT
from tests.tamper.conftest import Answer, Scene

pytestmark = pytest.mark.slow

PROJECT = "marked"
ALIAS = "marked"
REGISTRY = "wandb-registry-model/california-housing"
NEVER = "takes no model, run, sweep or alias"
FOREVER = "shows the rows of `sweeps show` until it is stopped"

COMMANDS: Mapping[str, str | tuple[str, ...]] = {
    "compare": ("{run} {honest}", "{run} {run2} --all --json"),
    "data check": NEVER,
    "backup": NEVER,
    "data publish": NEVER,
    "env": NEVER,
    "export": (
        "{run} --to dvc {folder}/dvc",
        "{model} --to mlflow {folder}/mlflow",
        "registry:marked --to dvc {folder}/dvc2",
        "{run2} --to dvc {folder}/dvc3",
    ),
    "lineage": ("{run}", "{model} --json", "marked --mermaid", "{dataset}"),
    "model history": ("--alias marked", "--alias marked --json"),
    **dict.fromkeys(("orgs add", "orgs add-member", "orgs list", "orgs remove"), NEVER),
    "orgs remove-member": NEVER,
    "predict": (
        "marked --csv {csv} --out {folder}/out.csv",
        "registry:marked --csv {csv} --out {folder}/out.csv",
        "{run} --csv {csv} --out {folder}/out.csv",
        "{run2} --csv {csv} --out {folder}/out.csv",
        "{model} --csv {csv} --out {folder}/out.csv",
    ),
    "promote": (
        "{sweep} --alias a --dry-run --require none",
        "{sweep} --alias a --require none --no-spatial --json",
        "{sweep} --alias a --refit --require none --no-spatial",
        "{sweep} --alias marked --dry-run --no-spatial",
        "{sweep} --alias a --dry-run --no-spatial --strict-best --metric model_bytes",
        "{sweep} --alias a --dry-run --unverified",
        "--from marked --to b --require none --no-spatial",
        "--from {version} --to b --no-spatial",
    ),
    "prune": ("{sweep} --keep 1 --dry-run",),
    "report": ("{sweep} --out {folder}/report.html", "{sweep} --no-log --out {folder}/r.html"),
    "reproduce": ("{run}", "{model} --json", "marked", "registry:marked"),
    "restore": NEVER,
    "rollback": ("marked --reason x", "marked --to-version {version} --reason x"),
    "server": NEVER,
    "sweeps check": NEVER,
    "sweeps list": ("--project marked",),
    "sweeps retry": ("{sweep}",),
    "sweeps show": ("{sweep}", "{sweep} --json"),
    "sweeps stop": ("{sweep}",),
    "sweeps watch": FOREVER,
    **dict.fromkeys(("teams add", "teams add-member", "teams list", "teams remove"), NEVER),
    "teams remove-member": NEVER,
    **dict.fromkeys(("users add", "users add-key", "users list", "users remove"), NEVER),
}
"""Command -> every way in which it can be given a model, or why it cannot."""

SAFE_CODES = {0, 2, 3, 4}

TELL = """
import json, sys, wandb
from pathlib import Path
from tests.tamper import forge, registrar
project, commit, marks = sys.argv[1], sys.argv[2], Path(sys.argv[3])
forge.publish_table(project)
honest = forge.Honest.of(forge.run_trial(project))
sweep = forge.make_sweep(project)
lie = forge.Lie.copied(honest, marks / "loaded")
forge.marked_models(lie)
lie.commit = commit
run = lie.log(project, sweep)
lie = forge.Lie.copied(honest, marks / "predictions")
forge.marked_predictions(lie)
run2 = lie.log(project, sweep)
last = forge.run_trial(project, sweep)
[model] = [one for one in wandb.Api().run(run).logged_artifacts() if one.type == "model"]
model.link("wandb-registry-model/california-housing", aliases=["marked"])
print(json.dumps({
    "sweep": f"{project}/{sweep}", "run": run, "run2": run2,
    "model": model.qualified_name, "honest": last,
    "version": registrar.version_of(model.qualified_name).rpartition(":")[2],
    "dataset": honest.facts["dataset"], "csv": str(honest.csv),
}))
"""

LOAD = """
import json, housing_sweep, sys
from housing_sweep.errors import HousingSweepError
told = []
for reference in sys.argv[1:]:
    try:
        told.append(f"loaded a {type(housing_sweep.load_model(reference)).__name__}")
    except HousingSweepError as error:
        told.append(str(error))
print(json.dumps(told))
"""


@dataclass(frozen=True)
class Walked:
    """What each command said of the marked model."""

    answers: dict[str, Answer]
    names: dict[str, str]


@pytest.fixture(scope="module")
def walked(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    names = scene.attack(TELL, PROJECT, _commit())
    names["folder"] = str(tmp_path_factory.mktemp("out"))
    lines = [
        f"{command} {arguments}".format(**names)
        for command, forms in COMMANDS.items()
        if not isinstance(forms, str)
        for arguments in forms
    ]
    answers = scene.commands(*(line.split() for line in lines))
    return Walked(dict(zip(lines, answers, strict=True)), names)


def _commit() -> str:
    """Return a commit that this checkout holds; without one, one that none does."""
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "0" * 40


def _leaves(command: click.Command, name: str = "") -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield name
        return
    context = click.Context(command)
    for part in command.list_commands(context):
        leaf = command.get_command(context, part)
        assert leaf is not None
        yield from _leaves(leaf, f"{name} {part}".strip())


def test_every_command_is_walked() -> None:
    assert set(_leaves(cli)) == set(COMMANDS)


def test_no_command_loads_a_strangers_file(scene: Scene, walked: Walked) -> None:
    assert len(walked.answers) > 30
    assert scene.loaded == []


def test_no_command_ends_with_a_traceback(walked: Walked) -> None:
    wrong = {
        line: answer.err[-800:]
        for line, answer in walked.answers.items()
        if answer.code not in SAFE_CODES or "Traceback" in answer.err + answer.out
    }
    assert wrong == {}


def test_a_model_that_nothing_proves_is_not_used(walked: Walked) -> None:
    for line, answer in walked.answers.items():
        if line.startswith(("predict", "export", "promote --from", "reproduce")):
            assert answer.code == 4, (line, answer)
            assert line.startswith("reproduce") or "fix:" in answer.err, (line, answer)


def test_the_honest_run_beside_it_is_promoted(walked: Walked) -> None:
    [answer] = [one for line, one in walked.answers.items() if line.endswith("spatial --json")]
    assert answer.json["winner"]["run"] == walked.names["honest"]


def test_python_does_not_load_it_either(scene: Scene, walked: Walked) -> None:
    names = ("registry:marked", walked.names["model"], walked.names["run"])
    for answer in scene.server.sdk(LOAD, *names):
        assert "fix:" in answer, answer
    assert scene.loaded == []


UNTAG = """
import json, wandb
artifact = wandb.Api().artifact("wandb-registry-model/california-housing:unverified")
before, artifact.tags = list(artifact.tags), []
artifact.save()
print(json.dumps(before))
"""


@pytest.fixture(scope="module")
def unverified(scene: Scene, walked: Walked) -> dict[str, Answer]:
    """What is said of the marked model when somebody promoted it unverified and lost the tag."""
    taken = ("promote", walked.names["sweep"], "--alias", "unverified", "--unverified", "--json")
    [promoted] = scene.commands(taken)
    assert promoted.code == 0, promoted
    assert scene.attack(UNTAG) == ["unverified"]
    names = {**walked.names, "alias": "unverified"}
    lines = (
        "model history --alias {alias}",
        "predict {alias} --csv {csv} --out {folder}/out.csv",
        "export registry:{alias} --to dvc {folder}/dvc4",
        "promote --from {alias} --to d --require none --no-spatial",
        "report {sweep} --no-log --out {folder}/u.html",
    )
    answers = scene.commands(*(line.format(**names).split() for line in lines))
    return {"promote": promoted, **dict(zip(lines, answers, strict=True))}


def test_an_unverified_version_stays_one_whoever_takes_the_mark_from_it(
    scene: Scene, walked: Walked, unverified: dict[str, Answer]
) -> None:
    promoted, history, *others = unverified.values()
    assert promoted.json["winner"]["run"] == walked.names["run"]
    assert promoted.json["proof"]["how"] == "unverified"
    assert "unverified" in history.out.lower()
    assert [answer.code for answer in others] == [4, 4, 4, 0], others
    assert scene.loaded == []
