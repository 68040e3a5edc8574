"""The model artifact's content: `model.joblib` and the facts about it."""

import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path

import joblib

from housing_sweep.housing import metrics
from housing_sweep.housing.fit import FitResult
from housing_sweep.housing.split import Split
from housing_sweep.housing.trial_config import TrialConfig
from housing_sweep.pipeline.wandb_io.tracking import DatasetVersion

MODEL_NAME, FACTS_NAME = "model.joblib", "model.json"
LIBRARIES = ("scikit-learn", "numpy", "pandas", "scipy", "joblib", "housing-sweep")
COMPRESSION = 3


def write(
    folder: Path, config: TrialConfig, result: FitResult, split: Split, dataset: DatasetVersion
) -> tuple[dict[str, Path], dict[str, object]]:
    """Write both files; return their paths by name, and the facts in `model.json`."""
    model = folder / MODEL_NAME
    joblib.dump(result.model, model, compress=COMPRESSION)
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
        "libraries": {name: version(name) for name in LIBRARIES}
        | {"python": platform.python_version()},
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "model_bytes": model.stat().st_size,
        "predictions_sha256": metrics.predictions_sha256(result.predictions),
    }
    described = folder / FACTS_NAME
    described.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    return {MODEL_NAME: model, FACTS_NAME: described}, facts
