"""`housing-sweep export MODEL --to mlflow URI`; the only file that imports mlflow.

The model is logged as a `pyfunc` that loads through `mlflow_loader`, so that `mlflow.pyfunc` and
`mlflow models serve` work wherever housing-sweep is installed.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from housing_sweep.errors import BadInput, HousingSweepError, Refused
from housing_sweep.housing import metrics, schema, split
from housing_sweep.housing.trial_config import TrialConfig
from housing_sweep.pipeline.export.checked_export import Export
from housing_sweep.registry.references import FACTS_FILE, MODEL_FILE

EXPERIMENT = "california-housing"
PREFIX = "housing_sweep."
KEY = f"{PREFIX}model_sha256"
LOADER = "housing_sweep.pipeline.mlflow_loader"


@dataclass(frozen=True, slots=True)
class Logged:
    """Where the model is in MLflow: `uri` for `mlflow.pyfunc.load_model`; `new` unless it was."""

    uri: str
    run: str
    new: bool


def to_mlflow(made: Export, uri: str, experiment: str = EXPERIMENT) -> Logged:
    """Log a model to an MLflow tracking server and check that it predicts the same from there.

    Exporting the same file again returns the run that holds it.

    Raises:
        BadInput: mlflow is not installed, or refuses the address.
        Refused: loaded back, the model predicts something else.
    """
    mlflow = _mlflow()
    with _quiet(), _told(uri):
        mlflow.set_tracking_uri(uri)
        place = mlflow.set_experiment(experiment).experiment_id
        same = f"tags.`{KEY}` = '{made.files.sha256}' and attributes.status = 'FINISHED'"
        known = mlflow.search_runs([place], same, output_format="list", max_results=1)
        if known:
            tags = known[0].data.tags
            return Logged(tags[f"{PREFIX}model_uri"], known[0].info.run_id, new=False)
        with mlflow.start_run(experiment_id=place, run_name=_name(made)) as run:
            mlflow.log_params(made.config)
            mlflow.log_metrics(made.metrics)
            mlflow.set_tags({f"{PREFIX}{name}": v for name, v in made.lineage.items()})
            if commit := made.lineage.get("commit"):
                mlflow.set_tag("mlflow.source.git.commit", commit)
            mlflow.log_dict(made.files.facts.document(), "lineage/model.json")
            logged = _log(mlflow, made)
            mlflow.set_tag(f"{PREFIX}model_uri", logged)
            _check(mlflow, made, logged)
            return Logged(logged, str(run.info.run_id), new=True)


def _log(mlflow: Any, made: Export) -> str:
    from mlflow.models import infer_signature

    rows = schema.read_csv(made.dataset.csv)[list(schema.FEATURES)].iloc[:5].astype(float)
    pinned = made.files.facts.libraries
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "housing"
        folder.mkdir()
        shutil.copy(made.files.path, folder / MODEL_FILE)
        shutil.copy(made.files.path.with_name(FACTS_FILE), folder / FACTS_FILE)
        info = mlflow.pyfunc.log_model(
            name="model",
            loader_module=LOADER,
            data_path=str(folder),
            signature=infer_signature(rows, rows[schema.FEATURES[0]].to_numpy()),
            pip_requirements=[f"{n}=={v}" for n, v in sorted(pinned.items()) if n != "python"],
        )
    return str(info.model_uri)


def _check(mlflow: Any, made: Export, uri: str) -> None:
    """Predict the validation rows with the model that MLflow holds: equal to the last bit."""
    frame = schema.read_csv(made.dataset.csv)
    config = TrialConfig.from_sweep(made.config)
    rows = split.make_split(frame, config.split, config.split_seed)
    validation = frame.iloc[rows.validation][list(schema.FEATURES)]
    predicted = mlflow.pyfunc.load_model(uri).predict(validation)
    held = metrics.predictions_sha256(predicted)
    if held != made.files.facts.predictions_sha256:
        raise Refused(
            f"loaded back from {uri}, the model predicts something else (SHA-256 {held})",
            fix="compare the library versions of both sides with the tags of the run",
        )


def _name(made: Export) -> str:
    return made.model.name.rsplit("/", 1)[-1].replace(":", "-")


def _mlflow() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        import mlflow
        import mlflow.pyfunc
    except ImportError:
        raise BadInput(
            "mlflow is not installed", fix="pip install 'housing-sweep[mlflow]'"
        ) from None
    return mlflow


@contextmanager
def _told(uri: str) -> Iterator[None]:
    """Turn MLflow's refusals into ours."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except HousingSweepError:
        raise
    except (MlflowException, OSError) as error:
        said = " ".join(str(error).split())
        raise BadInput(
            f"MLflow at {uri} refuses: {said}",
            fix="give the address of a tracking server, or sqlite:///FILE with all of mlflow",
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow's advice out of the answer."""
    logger = logging.getLogger("mlflow")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
