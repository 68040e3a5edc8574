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
from housing_sweep.pipeline.export.checked_export import Export
from housing_sweep.pipeline.use.find_model import safe_file
from housing_sweep.registry.references import FACTS_FILE, SAFE_MODEL_FILE
from housing_sweep.tabular import metrics, split, tables
from housing_sweep.tabular.trial_config import TrialConfig

PREFIX = "housing_sweep."
KEY = f"{PREFIX}skops_sha256"
LOADER = "housing_sweep.pipeline.mlflow_loader"


@dataclass(frozen=True, slots=True)
class Logged:
    """Where the model is in MLflow: `uri` for `mlflow.pyfunc.load_model`; `new` unless it was."""

    uri: str
    run: str
    new: bool


def to_mlflow(export: Export, uri: str, experiment: str = "") -> Logged:
    """Log a model to an MLflow tracking server and check that it predicts the same from there.

    Exporting the same file again returns the run that holds it.

    Args:
        export: what leaves.
        uri: address of the tracking server.
        experiment: its name; default the problem's.

    Raises:
        BadInput: mlflow is not installed, or refuses the address.
        Refused: loaded back, the model predicts something else.
    """
    mlflow = _mlflow()
    with _quiet(), _refusals_as_ours(uri):
        mlflow.set_tracking_uri(uri)
        name = experiment or export.dataset.problem.name
        experiment_id = mlflow.set_experiment(name).experiment_id
        sha256 = export.files.facts.skops_sha256
        same = f"tags.`{KEY}` = '{sha256}' and attributes.status = 'FINISHED'"
        known = mlflow.search_runs([experiment_id], same, output_format="list", max_results=1)
        if known:
            tags = known[0].data.tags
            return Logged(tags[f"{PREFIX}model_uri"], known[0].info.run_id, new=False)
        with mlflow.start_run(experiment_id=experiment_id, run_name=_name(export)) as run:
            mlflow.log_params(export.config)
            mlflow.log_metrics(export.metrics)
            mlflow.set_tags({f"{PREFIX}{name}": v for name, v in export.lineage.items()})
            if commit := export.lineage.get("commit"):
                mlflow.set_tag("mlflow.source.git.commit", commit)
            mlflow.log_dict(export.files.facts.document(), "lineage/model.json")
            logged = _log(mlflow, export)
            mlflow.set_tag(f"{PREFIX}model_uri", logged)
            _check(mlflow, export, logged)
            return Logged(logged, str(run.info.run_id), new=True)


def _log(mlflow: Any, export: Export) -> str:
    from mlflow.models import infer_signature

    problem = export.dataset.problem
    rows = tables.read_csv(problem, export.dataset.csv)[list(problem.inputs)].iloc[:5].astype(float)
    pinned = export.files.facts.libraries
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        folder.mkdir()
        shutil.copy(safe_file(export.files), folder / SAFE_MODEL_FILE)
        shutil.copy(export.files.path.with_name(FACTS_FILE), folder / FACTS_FILE)
        info = mlflow.pyfunc.log_model(
            name="model",
            loader_module=LOADER,
            data_path=str(folder),
            signature=infer_signature(rows, rows[problem.inputs[0]].to_numpy()),
            pip_requirements=[f"{n}=={v}" for n, v in sorted(pinned.items()) if n != "python"],
        )
    return str(info.model_uri)


def _check(mlflow: Any, export: Export, uri: str) -> None:
    """Predict the validation rows with the model that MLflow holds: equal to the last bit."""
    problem = export.dataset.problem
    frame = tables.read_csv(problem, export.dataset.csv)
    config = TrialConfig.from_sweep(export.config, problem)
    rows = split.make_split(problem, frame, config.split, config.split_seed)
    validation = frame.iloc[rows.validation][list(problem.inputs)]
    predicted = mlflow.pyfunc.load_model(uri).predict(validation)
    sha256 = metrics.predictions_sha256(predicted)
    if sha256 != export.files.facts.predictions_sha256:
        raise Refused(
            f"loaded back from {uri}, the model predicts something else (SHA-256 {sha256})",
            fix="compare the library versions of both sides with the tags of the run",
        )


def _name(export: Export) -> str:
    return export.model.name.rsplit("/", 1)[-1].replace(":", "-")


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
def _refusals_as_ours(uri: str) -> Iterator[None]:
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
