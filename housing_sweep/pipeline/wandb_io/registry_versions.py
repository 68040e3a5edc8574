"""Versions and aliases of the model registry. Fulfils `ports.Registry`."""

import contextlib
from dataclasses import dataclass

import wandb

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.values import Refit
from housing_sweep.pipeline.wandb_io import convert
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.registry.promotion import Version
from housing_sweep.registry.references import SweepRef, Target
from housing_sweep.registry.selection import Model

SUMMARISED = (
    *("model_sha256", "model_bytes", "predictions_sha256", "split_fingerprint"),
    "dataset_digest",
)
"""Facts that the run of a refit tells too, so that verification can compare."""


@dataclass(frozen=True, slots=True)
class WandbRegistry:
    """The model registry of one backend."""

    connection: Connection

    @property
    def home(self) -> SweepRef:
        """The entity and project used by default, without a sweep."""
        return self.connection.home

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""
        return self.version(ref, target.path, target.alias)

    def version(self, ref: SweepRef, collection: str, name: str) -> Version | None:
        """Return a version of a registry collection by alias, or by number such as v3."""
        with (
            contextlib.suppress(NotFound),
            self.connection.reading(f"read {collection}:{name}"),
        ):
            api = self.connection.api_of(ref.entity)
            return convert.version(api.artifact(f"{collection}:{name}"))
        return None

    def log_refit(self, ref: SweepRef, refit: Refit) -> Model:
        """Log a refit as an artifact of a run that used the winner and the dataset."""
        document = refit.files.facts.document()
        base = refit.of.name.rsplit("/", 1)[-1].partition(":")[0]
        name = f"{base}-refit"
        with contextlib.suppress(NotFound), self.connection.reading(f"read {name}"):
            api = self.connection.api
            newest = convert.model(api.artifact(f"{ref.entity}/{ref.project}/{name}:latest"))
            if newest.facts and newest.facts.model_sha256 == refit.files.facts.model_sha256:
                return newest
        with self.connection.run(
            f"log {name}",
            entity=ref.entity,
            project=ref.project,
            job_type="refit",
            config={"refit_of": refit.of.name, **refit.files.facts.config},
        ) as run:
            run.use_artifact(refit.of.name)
            run.use_artifact(refit.dataset.path)
            artifact = wandb.Artifact(name, type="model", metadata=document)
            for path in sorted(refit.files.path.parent.iterdir()):
                artifact.add_file(str(path), policy="mutable")
            logged = run.log_artifact(artifact).wait()
            run.summary.update({key: document[key] for key in SUMMARISED})
            return convert.model(logged)

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        """Link a model to the collection; again returns the version that it has there."""
        with self.connection.writing(f"link {model.name} to {target.path}"):
            artifact = self.connection.api_of(ref.entity).artifact(model.name)
            for known in artifact.linked_artifacts:
                if f"{known.project}/{known.collection.name}" == target.path:
                    return convert.version(known)
            return convert.version(artifact.link(target.path))

    def move_alias(self, ref: SweepRef, target: Target, version: Version) -> None:
        """Put the alias on a version; the backend takes it from the one that has it."""
        with self.connection.writing(f"move {target}"):
            api = self.connection.api_of(ref.entity)
            linked = api.artifact(f"{target.path}:{version.version}")
            if target.alias not in linked.aliases:
                linked.aliases = [*linked.aliases, target.alias]
                linked.save()
