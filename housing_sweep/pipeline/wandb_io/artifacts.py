"""Artifact versions and their files. Fulfils `ports.Artifacts`."""

from dataclasses import dataclass
from pathlib import Path

from housing_sweep.pipeline.values import FetchedDataset, FetchedModel
from housing_sweep.pipeline.wandb_io import convert, downloads
from housing_sweep.pipeline.wandb_io.connection import Connection
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

    def fetch_dataset(self, name: str) -> FetchedDataset:
        """Download a dataset version; a copy here with its SHA-256 is not fetched again."""
        artifact = self.connection.artifact(name)
        with self.connection.reading(f"download {name}"):
            return downloads.fetch_dataset(artifact)
