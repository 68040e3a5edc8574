"""What a member of a team does to its registry by hand: links, aliases, records, refits."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import wandb

from tests.tamper import forge
from tests.tamper.forge import Honest, Lie

REGISTRY = "wandb-registry-model/california-housing"

Told = dict[str, Any]


def link(artifact: str, alias: str) -> None:
    """Link a model by hand, and put an alias on it."""
    wandb.Api().artifact(artifact).link(REGISTRY, aliases=[alias])


def move(alias: str, artifact: str) -> None:
    """Put an alias on another version by hand."""
    link(artifact, alias)


def model_of(run: str) -> str:
    """Return the name of the last model of a run."""
    models = [one for one in wandb.Api().run(run).logged_artifacts() if one.type == "model"]
    return str(max(models, key=lambda one: int(one.version[1:])).qualified_name)


def first_round(project: str, mark: Path) -> Told:
    """Run two honest sweeps, log lies, link them; return names."""
    forge.publish_table(project)
    weak = forge.make_sweep(project, max_iter=3)
    weak_run = forge.run_trial(project, weak, max_iter=3)
    strong = forge.make_sweep(project)
    strong_run = forge.run_trial(project, strong)
    honest = Honest.of(strong_run)
    lies: Mapping[str, forge.Change] = {
        "marked": forge.marked_models,
        "one-byte": forge.everywhere(model_bytes=1),
        "on-validation": forge.trained("train validation"),
        "deep-json": forge.json_text(lambda _: b"[" * 100_000),
        "no-facts": forge.all_of(
            forge.json_text(lambda text: text), forge.without_file(forge.FACTS)
        ),
        "no-data": forge.everywhere(dataset="nobody/nothing/california-housing:v0"),
        "reference": forge.reference(forge.MODEL, "file:///etc/hosts"),
    }
    models = {}
    for name, does in lies.items():
        lie = Lie.copied(honest, mark)
        does(lie)
        models[name] = model_of(lie.log(project))
        link(models[name], f"by-hand-{name}")
        link(models[name], f"champion-{name}")
    return {
        "weak": f"{project}/{weak}",
        "weak_run": weak_run,
        "strong": f"{project}/{strong}",
        "strong_run": strong_run,
        "models": models,
        "csv": str(honest.csv),
    }


def second_round(project: str, mark: Path, told: Told, records: Mapping[str, Told]) -> Told:
    """Forge refits and records, now that there are true ones to copy."""
    honest = Honest.of(told["strong_run"])
    refit = _version("refit")
    true_refit = _copy_of(refit, honest)
    evil = told["models"]["marked"]
    refits: Mapping[str, forge.Change] = {
        "short": forge.everywhere(best_iteration=2),
        "long": forge.without_fact("best_iteration"),
        "of-itself": forge.everywhere(refit_of="{self}"),
        "of-each-other": forge.everywhere(refit_of="{next}"),
        "of-that": forge.everywhere(refit_of="{back}"),
        "of-nobody": forge.everywhere(refit_of="nobody/nothing/model-x:v0"),
        "of-a-refit": forge.everywhere(refit_of=refit),
        "of-a-dataset": forge.everywhere(refit_of=honest.facts["dataset"]),
        "of-a-lie": forge.everywhere(refit_of=told["models"]["on-validation"]),
        "on-test-rows": forge.with_model(forge.marked_pickle(mark)),
    }
    entity = told["weak_run"].split("/")[0]
    names = {name: f"{entity}/{project}/refit-{name}:v0" for name in refits}
    for name, does in refits.items():
        lie = Lie.copied(true_refit, mark)
        lie.summary, lie.artifact = {}, f"refit-{name}"
        does(lie)
        for spelled, meant in (
            ("{self}", names[name]),
            ("{next}", names["of-that"]),
            ("{back}", names["of-each-other"]),
        ):
            if lie.facts is not None and lie.facts.get("refit_of") == spelled:
                forge.everywhere(refit_of=meant)(lie)
        lie.log(project)
        link(names[name], f"by-hand-refit-{name}")
    _forge_built_before(project, mark, true_refit, refit)
    _forge_records(project, told, records, evil)
    move("hand", evil)
    return {"refits": sorted(refits), "names": names, "refit": refit}


def _version(alias: str) -> str:
    return str(wandb.Api().artifact(f"{REGISTRY}:{alias}").source_qualified_name)


def _copy_of(artifact: str, honest: Honest) -> Honest:
    folder = Path(wandb.Api().artifact(artifact).download(root=tempfile.mkdtemp()))
    files = {one.name: one.read_bytes() for one in folder.iterdir()}
    return replace(honest, model=artifact, files=files, summary={})


def _forge_built_before(project: str, mark: Path, refit: Honest, name: str) -> None:
    """Log what a promotion would build itself, under its name, with the true facts: marked."""
    lie = Lie.copied(refit, mark)
    lie.artifact = name.rsplit("/", 1)[1].partition(":")[0]
    lie.files[forge.MODEL] = forge.marked_pickle(mark)
    lie.files[forge.SAFE] = forge.marked_safe(mark)
    lie.log(project)


def _forge_records(project: str, told: Told, records: Mapping[str, Told], evil: str) -> None:
    """Write promotion records by hand: they say what the promoter's own say, of another version."""
    api = wandb.Api()
    evil_version = version_of(evil)
    true = records["rolled"]
    strong = true["promoted"]
    evil_id = api.artifact(evil).id

    built = {**true["config"]["proof"]["built"], **_hashes_of(evil)}

    def forged(alias: str, version: str, artifact: str, artifact_id: str, **config: object) -> None:
        challenger = {
            **true["config"]["challenger"],
            "artifact": artifact,
            "artifact_id": artifact_id,
        }
        document = {**true["config"], "alias": alias, "challenger": challenger, **config}
        _record(
            project, document, {"applied": True, "promoted": version, "artifact_id": artifact_id}
        )

    # As if the evil one had held the alias before the one that does.
    strong_challenger = true["config"]["challenger"]
    forged("rolled", evil_version, evil, evil_id)
    forged(
        *("rolled", strong, strong_challenger["artifact"], strong_challenger["artifact_id"]),
        displaced=evil_version,
    )
    # As if a promotion had proved it.
    proof = {**true["config"]["proof"], "built": built}
    forged("forged", evil_version, evil, evil_id, proof=proof)
    link(evil, "forged")
    # As if a promotion of the weak one had been interrupted, that displaced the evil one.
    weak = records["hand"]["config"]
    _record(project, {**weak, "alias": "open", "displaced": evil_version}, {})
    for number, rubbish in enumerate(RUBBISH):
        alias = f"rubbish-{number}"
        base = {**true["config"], "alias": alias}
        _record(project, {**base, **rubbish[0]}, rubbish[1])


def _hashes_of(artifact: str) -> dict[str, str]:
    facts = wandb.Api().artifact(artifact).metadata
    return {name: facts[name] for name in ("model_sha256", "skops_sha256")}


RUBBISH: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"challenger": "text", "displaced": {"a": 1}, "who": [1], "proof": 7}, {}),
    ({"challenger": ["x"], "decision": {"x": 1}, "score": "NaN", "checks": 3}, {"applied": True}),
    ({"challenger": {"of": {"x": 1}, "built": []}, "reason": "\x1b[2J\u202e"}, {"promoted": [1]}),
    ({"challenger": None, "record_version": 10**6}, {"applied": "yes", "promoted": "../../x"}),
    ({"decision": "rollback", "challenger": 0}, {"applied": True, "promoted": "x:v999"}),
)
"""Config and summary of promotion records that no promotion wrote."""


def _record(project: str, config: dict[str, Any], summary: dict[str, Any]) -> None:
    forge.join_sweep(None)
    with wandb.init(
        project=project,
        job_type="promote",
        config=json.loads(json.dumps(config)),
        settings=wandb.Settings(**forge.SETTINGS),
    ) as run:
        run.summary.update(summary)


def version_of(artifact: str) -> str:
    """Return the name of the version that a model has in the registry."""
    links = wandb.Api().artifact(artifact).linked_artifacts
    [version] = [one.version for one in links if one.collection.name == forge.TABLE]
    return f"{REGISTRY}:{version}"
