"""What MLflow calls to load an exported model: `mlflow.pyfunc.load_model(uri).predict(frame)`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from housing_sweep.tabular.model import TabularModel


def _load_pyfunc(path: str) -> "TabularModel":
    """Return the model of an exported folder; its SHA-256 is checked before it is unpickled.

    MLflow finds this function by its name.

    Raises:
        Refused: `model.joblib` is not the file that `model.json` tells of.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from housing_sweep.pipeline.child import load

    facts = json.loads((Path(path) / "model.json").read_text("utf-8"))
    return load(str(Path(path) / "model.joblib"), str(facts["model_sha256"]))
