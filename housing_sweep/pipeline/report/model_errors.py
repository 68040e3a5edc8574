"""What a trial's model predicted for its validation rows: for the report's map and residuals.

The predictions are recorded beside the model (`predictions.npy`), so no model is loaded. Dataset,
split and predictions are checked against the hashes recorded with them; what does not agree is not
shown, and the reason is.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from housing_sweep.errors import HousingSweepError, NotFound, Refused, Unavailable
from housing_sweep.housing import metrics, schema, split
from housing_sweep.housing.trial_config import TrialConfig
from housing_sweep.pipeline.report.read_sweep import Sources
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.references import RunId, SweepRef
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.report.contents import Errors, Floats


@dataclass(frozen=True, slots=True)
class Seen:
    """The errors, or the reason why there are none; and the dataset version and its source."""

    errors: Errors | None
    why_not: str = ""
    dataset: str = ""
    source: str = ""


def look(backend: Sources, ref: SweepRef, trial: str) -> Seen:
    """Return how a trial's model errs on the validation rows of its split.

    Raises:
        Unavailable: the backend does not answer; anything else is a reason, not an error.
    """
    run = Candidate(RunId(f"{ref.entity}/{ref.project}/{trial}"), trial, "", "")
    data = backend.runs.dataset_of(run)
    dataset, source = (data.name, data.source) if data else ("", "")
    model = backend.runs.model_of(run)
    if model is None:
        return Seen(None, f"{trial} has no model artifact", dataset, source)
    try:
        return Seen(_errors(backend, model), "", dataset, source)
    except Unavailable:
        raise
    except HousingSweepError as error:
        return Seen(None, error.what, dataset, source)


def _errors(backend: Sources, model: Model) -> Errors:
    facts = model.facts
    if facts is None:
        raise NotFound(f"{model.name} does not say how it was trained: not a model of ours")
    config = TrialConfig.from_sweep(facts.config)
    predicted = _predictions(backend, model, facts)
    frame = schema.read_csv(backend.artifacts.fetch_dataset(facts.dataset).csv)
    rows = split.make_split(frame, config.split, config.split_seed)
    if rows.fingerprint != facts.split_fingerprint or len(rows.validation) != len(predicted):
        raise Refused(f"{model.name} was trained on another split than its config gives here")
    validation = frame.iloc[rows.validation]
    latitude, longitude, actual = (
        validation[name].to_numpy(dtype=float) for name in ("Latitude", "Longitude", schema.TARGET)
    )
    return Errors(latitude, longitude, actual, predicted)


def _predictions(backend: Sources, model: Model, facts: ModelFacts) -> Floats:
    with tempfile.TemporaryDirectory() as scratch:
        path = backend.artifacts.fetch_predictions(model, Path(scratch))
        if path is None:
            raise NotFound(f"{model.name} has no recorded predictions")
        try:
            predicted: Floats = np.load(path, allow_pickle=False)
        except ValueError as error:
            raise Refused(f"{model.name}: predictions.npy cannot be read: {error}") from None
    if metrics.predictions_sha256(predicted) != facts.predictions_sha256:
        raise Refused(f"{model.name}: predictions.npy is not what the trial recorded")
    return predicted
