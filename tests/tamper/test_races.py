"""What others do while a promotion is at work: it says what is true, and writes nothing else."""

from typing import Any

import pytest

from tests.tamper.conftest import Scene

pytestmark = pytest.mark.slow

PROJECT = "races"
RACE = """
import json, os, sys, traceback
os.environ["WANDB_SILENT"] = "true"
import wandb
from pathlib import Path
from housing_sweep.errors import HousingSweepError
from housing_sweep.pipeline.promote.promote import promote
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.pipeline.wandb_io.backend import WandbBackend
from housing_sweep.registry.policy import Guard, Policy, Require
from tests.tamper import forge, registrar

project, mark = sys.argv[1], Path(sys.argv[2]) / "race"
forge.publish_table(project)
sweep = forge.make_sweep(project)
run = forge.run_trial(project, sweep)
short_lived = forge.make_sweep(project)
short_lived_run = forge.run_trial(project, short_lived)
lie = forge.Lie.copied(forge.Honest.of(run), mark)
forge.marked_models(lie)
evil = registrar.model_of(lie.log(project))

true = wandb.Api().run(run).summary
true = {name: true[name] for name in ("val_rmse", "model_bytes", "dataset_digest")}
artifact = wandb.Api().artifact(registrar.model_of(run))

def edit_summary(values={"val_rmse": 0.001, "model_bytes": 1, "dataset_digest": "mine"}):
    wandb.Api().run(run).summary.update(values)
    return lambda: edit_summary(true)

def edit_config():
    forge.edit_config(run, max_iter=9999)

def edit_metadata():
    metadata = dict(artifact.metadata)
    artifact.metadata = {**metadata, "scores": {"val_rmse": 0.001}}
    artifact.save()
    def undo():
        artifact.metadata = metadata
        artifact.save()
    return undo

def move_alias():
    registrar.link(evil, "race-alias")

def delete_model():
    wandb.Api().artifact(registrar.model_of(short_lived_run)).delete(delete_aliases=True)

def delete_dataset():
    wandb.Api().artifact(f"{project}/california-housing:v0").delete(delete_aliases=True)

RACES = (
    ("summary", "comparing", edit_summary),
    ("config", "comparing", edit_config),
    ("metadata", "moving", edit_metadata),
    ("alias", "moving", move_alias),
    ("model", "moving", delete_model),
    ("dataset", "moving", delete_dataset),
)
told, policy = {}, Policy(Require.NONE, guard=Guard.NONE)
backend = WandbBackend.connect()
for name, moment, does in RACES:
    done = []
    def say(line):
        if moment in line and not done:
            done.append(does())
    judged = short_lived if name == "model" else sweep
    request = PromotionRequest(
        f"{project}/{judged}", alias=f"race-{name}", policy=policy, spatial=False
    )
    try:
        decision, version = promote(backend, request, say)
        told[name] = {"verdict": decision.verdict.value, "score": decision.score}
    except HousingSweepError as error:
        told[name] = {"error": error.what}
    except Exception:
        told[name] = {"traceback": traceback.format_exc()}
    told[name]["done"] = len(done)
    for undo in filter(None, done):
        undo()
api = wandb.Api()
told["records"] = {
    record.config["alias"]: {"config": record.config, "applied": record.summary.get("applied")}
    for record in api.runs(project, {"jobType": "promote"}, order="+created_at", lazy=False)
}
told["holders"] = {
    alias: one.source_qualified_name
    for one in api.artifacts("model", registrar.REGISTRY) for alias in one.aliases
    if alias.startswith("race-")
}
told["run"], told["evil"], told["evil_version"] = run, evil, registrar.version_of(evil)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def raced(scene: Scene) -> Any:
    told = scene.attack(RACE, PROJECT)
    for name in ("summary", "config", "metadata", "alias", "dataset", "model"):
        assert told[name]["done"], f"{name}: the moment did not come"
        assert "traceback" not in told[name], told[name]
    return told


@pytest.mark.parametrize("name", ["summary", "config", "metadata"])
def test_edits_meanwhile_change_neither_the_decision_nor_its_record(raced: Any, name: str) -> None:
    assert raced[name]["verdict"] == "promote"
    assert raced[name]["score"] > 0.5
    record = raced["records"][f"race-{name}"]
    assert record["applied"] is True
    assert record["config"]["score"] == raced[name]["score"]
    assert record["config"]["challenger"]["config"]["max_iter"] == 12
    assert raced["holders"][f"race-{name}"] != raced["evil"]


def test_an_alias_that_is_moved_meanwhile_goes_to_the_honest_one_in_the_end(raced: Any) -> None:
    assert raced["alias"]["verdict"] == "promote"
    holder = raced["holders"]["race-alias"].rpartition("/")[2]
    assert holder.startswith(f"model-{raced['run'][-8:]}:")
    displaced = raced["records"]["race-alias"]["config"]["displaced"]
    assert displaced.rpartition("/")[2] == raced["evil_version"].rpartition("/")[2]


@pytest.mark.parametrize("name", ["dataset", "model"])
def test_what_is_deleted_meanwhile_is_one_clear_error_or_was_not_needed(
    raced: Any, name: str
) -> None:
    alias = f"race-{name}"
    if "error" in raced[name]:
        assert alias not in raced["holders"]
        assert raced["records"].get(alias, {}).get("applied") is not True
    else:
        assert raced["holders"][alias] != raced["evil"]


def test_no_file_was_loaded(scene: Scene, raced: Any) -> None:
    assert raced
    assert scene.loaded == []
