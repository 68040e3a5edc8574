"""Files of artifact versions on this machine, each checked before it is used."""

import base64
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from wandb.env import get_cache_dir

from housing_sweep.errors import NotFound, Refused
from housing_sweep.pipeline.ports import FetchedDataset, FetchedModel
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.references import FACTS_FILE, MODEL_FILE, PREDICTIONS_FILE
from housing_sweep.tabular import dataset_files


def cached(artifact: Any, entry: str, sha256: str, kind: str) -> Path:
    """Return a file of an artifact by its SHA-256; a copy here with that hash is not fetched.

    Args:
        artifact: a `wandb.Artifact`.
        entry: the file's name in it.
        sha256: what the file must have.
        kind: folder of the cache, such as "datasets".

    Raises:
        NotFound: there is no such file, or it has another SHA-256.
    """
    folder = Path(get_cache_dir()) / "housing-sweep" / kind
    target = folder / f"{sha256}{Path(entry).suffix}"
    if target.is_file() and file_sha256(target) == sha256:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        fetched = _download(artifact, entry, Path(scratch))
        held = file_sha256(fetched)
        if held != sha256:
            raise NotFound(
                f"{artifact.name}: {entry} has SHA-256 {held}, recorded is {sha256}",
                fix="the file was changed; log or publish it again",
            )
        fetched.replace(target)
    return target


def fetch_dataset(artifact: Any) -> FetchedDataset:
    """Return a dataset version with its CSV on this machine, checked.

    Raises:
        NotFound: its file has another SHA-256 than recorded.
    """
    facts = artifact.metadata
    sha256 = str(facts.get("sha256", ""))
    problem = dataset_files.problem_of(_schema(artifact))
    collection = artifact.name.partition(":")[0]  # fetched by alias, its name has the alias
    return FetchedDataset(
        path=f"{artifact.entity}/{artifact.project}/{collection}:{artifact.version}",
        digest=artifact.digest,
        csv=cached(artifact, problem.file, sha256, "datasets"),
        sha256=sha256,
        source=str(facts.get("source", "unknown")),
        problem=problem,
    )


def _schema(artifact: Any) -> bytes | None:
    """Return the bytes of `schema.json`, kept here by the MD5 that the manifest has for it."""
    entry = artifact.manifest.entries.get(dataset_files.SCHEMA_NAME)
    if entry is None:
        return None
    folder = Path(get_cache_dir()) / "housing-sweep" / "datasets"
    copy = folder / f"{base64.b64decode(entry.digest).hex()}.json"
    if copy.is_file():
        content = copy.read_bytes()
        digest = hashlib.md5(content, usedforsecurity=False).digest()  # W&B's own choice
        if base64.b64encode(digest).decode() == entry.digest:
            return content
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        return (
            _download(artifact, dataset_files.SCHEMA_NAME, Path(scratch)).replace(copy).read_bytes()
        )


def fetch_model(artifact: Any, folder: Path) -> FetchedModel:
    """Download a model version into a folder; nothing is loaded, nothing is believed yet.

    Raises:
        Refused: a file is missing, or `model.json` cannot be read.
    """
    path = _download(artifact, MODEL_FILE, folder)
    try:
        facts = json.loads(_download(artifact, FACTS_FILE, folder).read_text("utf-8"))
    except ValueError as error:
        raise Refused(f"model.json cannot be read: {error}") from None
    if not isinstance(facts, dict):
        raise Refused("model.json holds no facts")
    held = PREDICTIONS_FILE in artifact.manifest.entries
    return FetchedModel(
        path=path,
        sha256=file_sha256(path),
        facts=facts,
        predictions=_download(artifact, PREDICTIONS_FILE, folder) if held else None,
    )


def fetch_predictions(artifact: Any, folder: Path) -> Path | None:
    """Download the validation predictions of a model version, or return None if it has none."""
    if PREDICTIONS_FILE not in artifact.manifest.entries:
        return None
    return _download(artifact, PREDICTIONS_FILE, folder)


def _download(artifact: Any, entry: str, folder: Path) -> Path:
    with our_errors(f"download {artifact.name}"):
        if entry not in artifact.manifest.entries:
            raise Refused(f"it has no {entry}: not a model of housing-sweep")
        return Path(artifact.get_entry(entry).download(root=str(folder), skip_cache=True))


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
