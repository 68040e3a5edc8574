"""Files of artifact versions on this machine, each checked before it is used.

Every file comes from the address that the artifact's own backend signs. The SDK's
`get_entry(...).download()` asks the environment's backend (0.28.2: it makes an `InternalApi()` of
its own), and follows `wandb-artifact://` references by an id that means something else elsewhere.
"""

import base64
import hashlib
import json
import tempfile
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wandb.env import get_cache_dir

from housing_sweep.errors import NotFound, Refused
from housing_sweep.pipeline.values import FetchedDataset, FetchedModel
from housing_sweep.registry.model_facts import DatasetFacts, ModelFacts
from housing_sweep.registry.references import (
    FACTS_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    SAFE_MODEL_FILE,
)
from housing_sweep.tabular import dataset_files

CHUNK = 1 << 20
MIB = 1 << 20
MOST_BYTES = {
    FACTS_FILE: MIB,
    PREDICTIONS_FILE: 256 * MIB,
    MODEL_FILE: 4096 * MIB,
    SAFE_MODEL_FILE: 4096 * MIB,
}
"""Of a model's files: a trial of 10,000,000 rows stays below, and nobody's file fills a disk."""

PAUSES = (0.5, 2.0, 8.0)
"""Seconds between attempts where a backend stumbles: one that restarts is back within ten."""
TIMEOUT_SECONDS = 60.0


def cache_folder() -> Path:
    """Return our part of the user's cache, which W&B's own settings place."""
    return Path(get_cache_dir()) / "housing-sweep"


def cached(artifact: Any, entry: str, sha256: str, kind: str) -> Path:
    """Return a file of an artifact by its SHA-256; a copy here with that hash is not fetched.

    Args:
        artifact: a `wandb.Artifact`.
        entry: the file's name in it.
        sha256: what the file must have.
        kind: folder of the cache, such as "datasets".

    Raises:
        NotFound: there is no such file, or it has another SHA-256.
        Refused: it is a reference to a file elsewhere.
    """
    folder = cache_folder() / kind
    target = folder / f"{sha256}{Path(entry).suffix}"
    if target.is_file() and file_sha256(target) == sha256:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        part = Path(scratch) / "part"
        computed = fetch(artifact, {entry: part}).get(entry)
        if computed != sha256:
            content = f"has SHA-256 {computed}" if computed else "is not there"
            raise NotFound(
                f"{artifact.name}: {entry} {content}, recorded is {sha256}",
                fix="the file was changed; log or publish it again",
            )
        part.replace(target)
    return target


def fetch_dataset(artifact: Any) -> FetchedDataset:
    """Return a dataset version with its CSV on this machine, checked.

    Raises:
        NotFound: its file has another SHA-256 than recorded.
    """
    facts = DatasetFacts.parse(artifact.metadata)
    if not facts.sha256:
        raise NotFound(
            f"{artifact.name}: its metadata has no SHA-256 of its table",
            fix="publish it with housing-sweep data publish",
        )
    problem = dataset_files.problem_of(_schema(artifact))
    collection = artifact.name.partition(":")[0]  # fetched by alias, its name has the alias
    return FetchedDataset(
        path=f"{artifact.entity}/{artifact.project}/{collection}:{artifact.version}",
        digest=artifact.digest,
        csv=cached(artifact, problem.file, facts.sha256, "datasets"),
        sha256=facts.sha256,
        source=facts.source or "unknown",
        problem=problem,
    )


def _schema(artifact: Any) -> bytes | None:
    """Return the bytes of `schema.json`, kept here by the MD5 that the manifest has for it."""
    entry = artifact.manifest.entries.get(dataset_files.SCHEMA_NAME)
    if entry is None:
        return None
    folder = cache_folder() / "datasets"
    copy = folder / f"{base64.b64decode(entry.digest).hex()}.json"
    if copy.is_file():
        content = copy.read_bytes()
        digest = hashlib.md5(content, usedforsecurity=False).digest()  # W&B's own choice
        if base64.b64encode(digest).decode() == entry.digest:
            return content
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        part = Path(scratch) / "part"
        if not fetch(artifact, {dataset_files.SCHEMA_NAME: part}):
            return None
        return part.replace(copy).read_bytes()


def fetch_model(artifact: Any, folder: Path) -> FetchedModel:
    """Download a model version into a folder; nothing is loaded, nothing is believed yet.

    Raises:
        Refused: a file is missing or a reference, or `model.json` is not what a trial writes.
    """
    names = (MODEL_FILE, FACTS_FILE, PREDICTIONS_FILE, SAFE_MODEL_FILE)
    files = {name: folder / name for name in names}
    listed = set(artifact.manifest.entries)
    for name in (MODEL_FILE, FACTS_FILE):
        if name not in listed:
            raise Refused(f"it has no {name}: not a model of housing-sweep")
    more = sorted(listed - set(names))
    if more:
        raise Refused(f"it has a file that no trial writes: {more[0]!a}")
    hashes = fetch(artifact, files)
    for name in (MODEL_FILE, FACTS_FILE):
        if name not in hashes:
            raise Refused(f"{name} is listed but not stored: not a model of housing-sweep")
    return FetchedModel(
        path=files[MODEL_FILE],
        sha256=hashes[MODEL_FILE],
        facts=read_facts(files[FACTS_FILE]),
        predictions=files[PREDICTIONS_FILE] if PREDICTIONS_FILE in hashes else None,
        safe_path=files[SAFE_MODEL_FILE] if SAFE_MODEL_FILE in hashes else None,
        safe_sha256=hashes.get(SAFE_MODEL_FILE, ""),
    )


def read_facts(path: Path) -> ModelFacts:
    """Return what a `model.json` says.

    Raises:
        Refused: it is not JSON, or not what a trial writes.
    """
    try:
        document: object = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused(f"model.json cannot be read: {error}") from None
    return ModelFacts.parse(document, "model.json")


def fetch_predictions(artifact: Any, folder: Path) -> Path | None:
    """Download the validation predictions of a model version, or return None if it has none."""
    target = folder / PREDICTIONS_FILE
    return target if fetch(artifact, {PREDICTIONS_FILE: target}) else None


def fetch(artifact: Any, targets: dict[str, Path]) -> dict[str, str]:
    """Download files of a version; return the SHA-256 of each that it has, taken while writing.

    Args:
        artifact: a `wandb.Artifact`.
        targets: name in the artifact -> where to write it.

    Raises:
        Refused: one is a reference to a file elsewhere: whose bytes those are nobody knows.
        wandb.Error, OSError: the backend refuses or does not answer; callers translate.
    """
    hashes = {}
    for file in artifact.files(names=sorted(targets)):
        name, url = str(file.name), str(file.direct_url)
        if int(file.size or 0) > MOST_BYTES.get(name, int(file.size or 0)):
            raise Refused(f"{name} has {file.size} bytes, more than any model of ours")
        if urlsplit(url).scheme not in ("http", "https"):
            raise Refused(f"{artifact.name}: {name} is a reference to {url}, not a file")
        hashes[name] = _download(url, targets[name])
    return hashes


def _download(url: str, target: Path) -> str:
    """Write what an address holds into a file and return its SHA-256."""
    for pause in PAUSES:
        try:
            return _stream(url, target)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
        except OSError:
            pass
        time.sleep(pause)
    return _stream(url, target)


def _stream(url: str, target: Path) -> str:
    hasher = hashlib.sha256()
    # S310: the scheme was checked; the address is the backend's own.
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer,  # noqa: S310
        target.open("wb") as file,
    ):
        length = answer.headers.get("Content-Length")
        try:
            while chunk := answer.read(CHUNK):
                hasher.update(chunk)
                file.write(chunk)
        except HTTPException as error:
            raise ConnectionError(f"the answer broke off: {error}") from error
        if length is not None and file.tell() != int(length):
            raise ConnectionError(f"{file.tell()} of {length} bytes came")
    return hasher.hexdigest()


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
