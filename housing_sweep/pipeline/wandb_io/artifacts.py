"""Artifact versions and their files. Fulfils `ports.Artifacts`."""

import re
from dataclasses import dataclass
from pathlib import Path

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.values import FetchedDataset, FetchedModel
from housing_sweep.pipeline.wandb_io import convert, downloads
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.registry.references import SweepRef, full_path
from housing_sweep.registry.selection import Model


@dataclass(frozen=True, slots=True)
class WandbArtifacts:
    """Artifacts of one backend."""

    connection: Connection

    def model(self, name: str) -> Model:
        """Return a model version by ENTITY/PROJECT/NAME:VERSION."""
        return convert.model(self.connection.artifact(name))

    def fetch_model(self, model: Model, folder: Path) -> FetchedModel:
        """Download a model version into a folder."""
        artifact = self.connection.artifact(model.name)
        with self.connection.reading(f"download {model.name}"):
            return downloads.fetch_model(artifact, folder)

    def fetch_predictions(self, model: Model, folder: Path) -> Path | None:
        """Download the validation predictions of a model version, if it has any."""
        artifact = self.connection.artifact(model.name)
        with self.connection.reading(f"download {model.name}"):
            return downloads.fetch_predictions(artifact, folder)

    def dataset_at(self, reference: str, home: SweepRef, moment: str) -> str:
        """Return the name of the dataset version that a reference meant at a moment.

        W&B sets `latest` alone, so its past is known: the newest version of that time. Of other
        aliases only the present is.
        """
        path, _, alias = full_path(reference, home.entity, home.project).partition(":")
        fix = "publish it (housing-sweep data publish), or name it: --dataset NAME:VERSION"
        numbered = re.fullmatch(r"v\d+", alias)
        if moment and alias not in ("", "latest") and not numbered:
            raise NotFound(
                f"what {reference} meant when the sweep began is not known: aliases move",
                fix="name the version: --dataset NAME:VERSION",
            )
        if numbered or not moment:
            artifact = self.connection.artifact(f"{path}:{alias or 'latest'}", fix)
            return convert.artifact_path(artifact)
        with self.connection.reading(f"list the versions of {path}", fix):
            versions = [
                (str(artifact.created_at), int(artifact.version[1:]), artifact)
                for artifact in self.connection.api.artifacts("dataset", path)
                if str(artifact.state) == "COMMITTED"
            ]
        if not versions:
            raise NotFound(f"there is no dataset {path}", fix=fix)
        versions.sort(key=lambda version: version[:2])
        before = [version for version in versions if version[0][:19] <= moment[:19]]
        after = versions[len(before) :]
        newest = before[-1] if before else after[0]
        # Numbers are never given twice: one that is missing in between may have been the newest.
        expected = newest[1] + 1 if before else 0
        if (after and after[0][1] != expected) or (not before and newest[1] != 0):
            raise NotFound(
                f"the version of {path} that was the newest when the sweep began was deleted",
                fix="name the one that its trials used: --dataset NAME:VERSION",
            )
        return convert.artifact_path(newest[2])

    def fetch_dataset(self, name: str) -> FetchedDataset:
        """Download a dataset version; a copy here with its SHA-256 is not fetched again."""
        artifact = self.connection.artifact(name)
        with self.connection.reading(f"download {name}"):
            return downloads.fetch_dataset(artifact)
