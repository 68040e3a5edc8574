"""What MLflow calls to load an exported model: `mlflow.pyfunc.load_model(uri).predict(frame)`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from housing_sweep.errors import Refused

if TYPE_CHECKING:
    from housing_sweep.tabular.model import TabularModel


def _load_pyfunc(path: str) -> "TabularModel":
    """Return the model of an exported folder; its SHA-256 is checked, and nothing is unpickled.

    MLflow finds this function by its name.

    Raises:
        Refused: there is no `model.skops`, or it is not the file that `model.json` tells of.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from housing_sweep.pipeline.train import model_files
    from housing_sweep.registry.references import FACTS_FILE, SAFE_MODEL_FILE

    facts = json.loads((Path(path) / FACTS_FILE).read_text("utf-8"))
    safe = Path(path) / SAFE_MODEL_FILE
    if not safe.is_file():
        raise Refused(f"this export has no {SAFE_MODEL_FILE}", fix="export the model again")
    return model_files.load(safe, str(facts.get("skops_sha256", "")))
