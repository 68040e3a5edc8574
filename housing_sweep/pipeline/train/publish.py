"""Publish the dataset as a versioned artifact; equal data gives the same version."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from housing_sweep.housing import dataset
from housing_sweep.housing.sources import Housing
from housing_sweep.pipeline.wandb_io.tracking import open_run

NAME, KIND = "california-housing", "dataset"
DEFAULT_PROJECT = "california-housing"


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset version."""

    path: str
    source: str
    rows: int
    sha256: str


def publish(housing: Housing, project: str) -> Published:
    """Log a table as the dataset artifact and return its version."""
    files = dataset.files_of(housing)
    with tempfile.TemporaryDirectory() as scratch:
        paths = {
            dataset.CSV_NAME: Path(scratch) / dataset.CSV_NAME,
            dataset.SCHEMA_NAME: Path(scratch) / dataset.SCHEMA_NAME,
        }
        paths[dataset.CSV_NAME].write_bytes(files.csv)
        paths[dataset.SCHEMA_NAME].write_bytes(files.schema)
        with open_run("publish-dataset", {"origin": housing.origin}, project=project) as run:
            path = run.log_artifact(NAME, KIND, paths, files.metadata, wait=True)
    assert path is not None
    return Published(path, housing.source, len(housing.frame), str(files.metadata["sha256"]))
