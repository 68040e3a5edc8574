"""One small world, made in memory or on a real server: what every case in `cases.py` stands on.

A sweep of six trials, two of them with models, and a sweep whose scores `define_metric` keeps as
rules. No file here imports pytest: the cases run in whatever Python has the SDK.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from housing_sweep.pipeline.ports import Artifacts, Promotions, Registry, Runs, StoredModels, Sweeps
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.prune_rules import StoredModel
from housing_sweep.registry.references import SweepId, SweepRef
from housing_sweep.registry.selection import Candidate
from tests.support.fakes import FACTS, FakeBackend, candidate

CSV = b"MedInc,MedHouseVal\n1.5,2.5\n"
MODEL_BYTES = b"a pickle that nobody loads"
SAFE_BYTES = b"a model that can be loaded"

TRIALS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "good": ("finished", {"val_rmse": 0.4, "val_r2": 0.7}),
    "best": ("finished", {"val_rmse": 0.3, "val_r2": 0.6}),
    "odd": ("finished", {"val_rmse": float("nan")}),
    "none": ("finished", {"other": 1.0}),
    "infinite": ("finished", {"val_rmse": float("-inf")}),
    "failed": ("failed", {"val_rmse": 0.1}),
}
"""What each trial logs, in the order of creation."""

RULED: Mapping[str, float] = {"one": 0.5, "two": 0.3, "three": 0.4}
"""The best val_rmse of each trial of the other sweep; each logs a worse one after it."""

WITH_MODEL, FOREIGN = "best", "good"
"""The trial that logs a model of ours, and the one that logs a file that is none."""


@dataclass(frozen=True)
class World:
    """What the cases ask, and the names that things have there.

    Attributes:
        sweep: of six trials.
        ruled: the sweep whose scores are rules.
        ids: label of a trial -> its run's id.
        facts: of the one model.
    """

    sweeps: Sweeps
    runs: Runs
    artifacts: Artifacts
    registry: Registry
    promotions: Promotions
    stored_models: StoredModels
    sweep: SweepRef
    ruled: SweepRef
    ids: Mapping[str, str]
    facts: ModelFacts

    def label(self, run: Candidate) -> str:
        """Return the label of a run."""
        labels = {name: label for label, name in self.ids.items()}
        return labels[run.id.rsplit("/", 1)[-1]]

    def path(self, label: str) -> str:
        """Return ENTITY/PROJECT/ID of a trial."""
        return f"{self.sweep.entity}/{self.sweep.project}/{self.ids[label]}"

    def trial(self, label: str) -> Candidate:
        """Return a trial's run."""
        return self.runs.run(self.path(label))


def _facts(dataset: str, digest: str) -> ModelFacts:
    return replace(
        FACTS,
        dataset=dataset,
        dataset_digest=digest,
        dataset_sha256=hashlib.sha256(CSV).hexdigest(),
        model_sha256=hashlib.sha256(MODEL_BYTES).hexdigest(),
        model_bytes=len(MODEL_BYTES),
    )


def _files(facts: ModelFacts) -> dict[str, bytes]:
    return {
        "model.joblib": MODEL_BYTES,
        "model.json": json.dumps(facts.document()).encode(),
        "model.skops": SAFE_BYTES,
        "predictions.npy": b"numbers",
    }


class _BothSweeps:
    """The fake knows one sweep; here it knows two, of two fakes."""

    def __init__(self, plain: FakeBackend, ruled: FakeBackend) -> None:
        self._of = {SweepId("s"): plain.sweeps, SweepId("ruled"): ruled.sweeps}
        self._plain = plain.sweeps

    def __getattr__(self, name: str) -> Any:
        def ask(ref: SweepRef, *arguments: object) -> Any:
            sweeps = self._of.get(ref.id, self._plain)
            known = SweepRef(ref.entity, ref.project, SweepId("s")) if ref.id in self._of else ref
            return getattr(sweeps, name)(known, *arguments)

        return ask


def in_memory(folder: Path) -> World:
    """Return the world in memory."""
    trials = [
        replace(candidate(label, None, state, at=str(n)), summary=dict(summary))
        for n, (label, (state, summary)) in enumerate(TRIALS.items())
    ]
    facts = _facts("e/p/california-housing:v0", "digest")
    model = f"e/p/model-{WITH_MODEL}:v0"
    without = frozenset(TRIALS) - {WITH_MODEL, FOREIGN}
    fake = FakeBackend(trials, without_model=without, scratch=folder)
    fake.files = {
        model: _files(facts),
        f"e/p/model-{FOREIGN}:v0": {"weights.bin": b"x"},
        "e/p/california-housing:v0": {"housing.csv": CSV},
    }
    fake.stored = {WITH_MODEL: [StoredModel(model, f"id-{WITH_MODEL}", WITH_MODEL, 50)]}
    rules = [
        replace(candidate(label, None, at=str(n)), summary={"val_rmse": {"min": best, "max": 9.0}})
        for n, (label, best) in enumerate(RULED.items())
    ]
    return World(
        sweeps=_BothSweeps(fake, FakeBackend(rules)),
        runs=fake.runs,
        artifacts=fake.artifacts,
        registry=fake.registry,
        promotions=fake.promotions,
        stored_models=fake.stored_models,
        sweep=SweepRef("e", "p", SweepId("s")),
        ruled=SweepRef("e", "p", SweepId("ruled")),
        ids={label: label for label in (*TRIALS, *RULED)},
        facts=facts,
    )


def on_the_server(project: str) -> World:
    """Return the world on the server of this environment, made by the SDK."""
    os.environ["WANDB_PROJECT"] = project
    facts = _publish(project)
    sweep, ids = _run_sweep(project, list(TRIALS), lambda label: _trial(label, facts))
    ruled, more = _run_sweep(project, list(RULED), _ruled_trial)
    from housing_sweep.pipeline.wandb_io.backend import WandbBackend

    backend = WandbBackend.connect()
    entity = backend.connection.entity
    return World(
        sweeps=backend.sweeps,
        runs=backend.runs,
        artifacts=backend.artifacts,
        registry=backend.registry,
        promotions=backend.promotions,
        stored_models=backend.stored_models,
        sweep=SweepRef(entity, project, SweepId(sweep)),
        ruled=SweepRef(entity, project, SweepId(ruled)),
        ids=ids | more,
        facts=facts,
    )


def _publish(project: str) -> ModelFacts:
    import wandb

    with wandb.init(project=project) as run:
        sha256 = hashlib.sha256(CSV).hexdigest()
        metadata = {"sha256": sha256, "source": "synthetic", "rows": 1}
        dataset = wandb.Artifact("california-housing", "dataset", metadata=metadata)
        _add(dataset, {"housing.csv": CSV})
        logged = run.log_artifact(dataset).wait()
    name = f"{logged.entity}/{logged.project}/california-housing:v0"
    return _facts(name, str(logged.digest))


def _run_sweep(project: str, labels: list[str], trial: Any) -> tuple[str, dict[str, str]]:
    import wandb

    metric = {"name": "val_rmse", "goal": "minimize"}
    spec = {"method": "grid", "metric": metric, "parameters": {"label": {"values": labels}}}
    sweep = wandb.sweep(spec, project=project)
    ids: dict[str, str] = {}

    def run() -> None:
        with wandb.init() as opened:
            label = str(opened.config["label"])
            ids[label] = str(opened.id)
            trial(label)
            if TRIALS.get(label, ("finished",))[0] == "failed":
                opened.finish(exit_code=1)

    wandb.agent(sweep, function=run, project=project, count=len(labels))
    return sweep, ids


def _trial(label: str, facts: ModelFacts) -> None:
    import wandb

    run = wandb.run
    if run is None:
        raise RuntimeError("no run is open")
    run.use_artifact("california-housing:latest")
    run.log(dict(TRIALS[label][1]))
    if label not in (WITH_MODEL, FOREIGN):
        return
    ours = label == WITH_MODEL
    model = wandb.Artifact(f"model-{run.id}", "model", metadata=facts.document() if ours else {})
    _add(model, _files(facts) if ours else {"weights.bin": b"x"})
    run.log_artifact(model).wait()


def _ruled_trial(label: str) -> None:
    import wandb

    run = wandb.run
    if run is None:
        raise RuntimeError("no run is open")
    run.define_metric("val_rmse", summary="min")
    run.log({"val_rmse": RULED[label]})
    run.log({"val_rmse": 9.0})


def _add(artifact: Any, files: Mapping[str, bytes]) -> None:
    folder = Path(tempfile.mkdtemp())
    for name, content in files.items():
        (folder / name).write_bytes(content)
        artifact.add_file(str(folder / name), name=name)
