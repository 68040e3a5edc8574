"""The model artifact's content: the model, the facts about it, and what it predicted.

`model.joblib` is compared, bit by bit, and never loaded; `model.skops` is what is loaded.

`predictions.npy` holds the predictions for the validation rows: whoever compares trials needs no
model, and no pickle, for it (26 kB).
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from threadpoolctl import threadpool_info

from housing_sweep.errors import Refused
from housing_sweep.pipeline.values import FetchedDataset
from housing_sweep.registry.references import (
    FACTS_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    SAFE_MODEL_FILE,
)
from housing_sweep.tabular import metrics, model_file
from housing_sweep.tabular.extras import extras_of
from housing_sweep.tabular.fit import FitResult
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.split import Split
from housing_sweep.tabular.trial_config import TrialConfig

LIBRARIES = ("scikit-learn", "numpy", "pandas", "scipy", "joblib", "skops", "housing-sweep")
COMPRESSION = 3


def installed() -> dict[str, str]:
    """Return the version of each library that decides a trial's result, and of Python."""
    return {name: version(name) for name in LIBRARIES} | {"python": platform.python_version()}


def cpu() -> str:
    """Return what a processor decides about the last bits: `x86_64 X86_V3, openblas Haswell`.

    The instructions that numpy uses, and the kernels of its BLAS.
    """
    build: Any = np.show_config("dicts")
    extensions = build.get("SIMD Extensions", {})
    used = (extensions.get("found") or extensions.get("baseline") or ["no SIMD"])[-1]
    kernels = {
        f"{library['internal_api']} {library.get('architecture', 'unknown')}"
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return ", ".join([f"{platform.machine()} {used}", *sorted(kernels)])


def code_sha256(problem: Problem) -> str:
    """Return the SHA-256 over the modules that decide a result: `tabular` and the problem's own.

    It tells code apart also where no git checkout is at hand.
    """
    hasher = hashlib.sha256()
    for package in ("housing_sweep.tabular", extras_of(problem).package):
        for module in _modules(package):
            hasher.update(f"{package}/{module.name}\n".encode() + module.read_bytes())
    return hasher.hexdigest()


def _modules(package: str) -> list[Path]:
    spec = find_spec(package) if package else None
    folders = spec.submodule_search_locations if spec else None
    return sorted(module for folder in folders or () for module in Path(folder).glob("*.py"))


def paths(folder: Path) -> dict[str, Path]:
    """Return where in a folder the artifact's files lie, by their names in the artifact."""
    names = (MODEL_FILE, SAFE_MODEL_FILE, FACTS_FILE, PREDICTIONS_FILE)
    return {name: folder / name for name in names}


def write(
    folder: Path,
    config: TrialConfig,
    result: FitResult,
    split: Split,
    dataset: FetchedDataset,
    refit_of: str = "",
    interval90: float | None = None,
) -> dict[str, object]:
    """Write the artifact's files into a folder and return the facts in `model.json`.

    Args:
        folder: an existing one.
        config: of the trial.
        result: its fit.
        split: its rows.
        dataset: the version it used.
        refit_of: name of the model artifact whose config was fitted again on more rows, or "".
        interval90: half the width of its prediction interval, in the target's unit; None if
            unknown.
    """
    files = paths(folder)
    model = files[MODEL_FILE]
    joblib.dump(result.model, model, compress=COMPRESSION)
    safe = model_file.dump(result.model)
    files[SAFE_MODEL_FILE].write_bytes(safe)
    np.save(files[PREDICTIONS_FILE], result.predictions, allow_pickle=False)
    facts: dict[str, object] = {
        "config": config.as_dict(),
        "features": result.model.feature_names,
        "split_fingerprint": split.fingerprint,
        "best_iteration": result.best_iteration,
        "scores": result.scores,
        "dataset": dataset.path,
        "dataset_digest": dataset.digest,
        "dataset_sha256": dataset.sha256,
        "dataset_source": dataset.source,
        "libraries": installed(),
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "model_bytes": model.stat().st_size,
        "skops_sha256": hashlib.sha256(safe).hexdigest(),
        "predictions_sha256": metrics.predictions_sha256(result.predictions),
        "interval90": interval90,
        "code_sha256": code_sha256(dataset.problem),
        "cpu": cpu(),
        "problem": dataset.problem.as_document(),
    }
    if refit_of:
        facts["refit_of"] = refit_of
    write_facts(folder, facts)
    return facts


def write_facts(folder: Path, facts: Mapping[str, object]) -> None:
    """Write `model.json`."""
    text = json.dumps(dict(facts), indent=2, sort_keys=True)
    (folder / FACTS_FILE).write_text(f"{text}\n")


def load(path: Path, sha256: str) -> TabularModel:
    """Return the model of a `model.skops` with this SHA-256, checked on the bytes that are read.

    Raises:
        Refused: it has another one, or holds anything but a sound model.
    """
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Refused(f"{path.name} is not the recorded one: it was changed", fix=model_file.FIX)
    return model_file.load(content, path.name)
