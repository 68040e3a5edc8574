"""Artifact versions and their files. Fulfils `ports.Artifacts`."""

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
        if alias not in ("", "latest") or not moment:
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
        return convert.artifact_path((before[-1:] or versions[:1])[0][2])

    def fetch_dataset(self, name: str) -> FetchedDataset:
        """Download a dataset version; a copy here with its SHA-256 is not fetched again."""
        artifact = self.connection.artifact(name)
        with self.connection.reading(f"download {name}"):
            return downloads.fetch_dataset(artifact)
