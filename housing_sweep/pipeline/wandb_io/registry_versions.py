"""Versions and aliases of the model registry. Fulfils `ports.Registry`."""

import contextlib
from dataclasses import dataclass

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.wandb_io import convert
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.registry.promotion import Version
from housing_sweep.registry.proof import UNVERIFIED_TAG
from housing_sweep.registry.references import SweepRef, Target
from housing_sweep.registry.selection import Model


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

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        """Link a model to the collection; again returns the version that it has there."""
        with self.connection.writing(f"link {model.name} to {target.path}"):
            artifact = self.connection.api_of(ref.entity).artifact(model.name)
            for known in artifact.linked_artifacts:
                if f"{known.project}/{known.collection.name}" == target.path:
                    return convert.version(known)
            return convert.version(artifact.link(target.path))

    def move_alias(
        self, ref: SweepRef, target: Target, version: Version, *, unverified: bool = False
    ) -> None:
        """Put the alias on a version; the backend takes it from the one that has it.

        A tag marks what nobody built again: the only mark that every backend shows beside it.
        """
        with self.connection.writing(f"move {target}"):
            api = self.connection.api_of(ref.entity)
            linked = api.artifact(f"{target.path}:{version.version}")
            marked = not unverified or UNVERIFIED_TAG in linked.tags
            if target.alias in linked.aliases and marked:
                return
            linked.aliases = sorted({*linked.aliases, target.alias})
            if not marked:
                linked.tags = [*linked.tags, UNVERIFIED_TAG]
            linked.save()
