"""What a trial's model predicted for its validation rows: for the report's map and residuals.

The predictions are recorded beside the model (`predictions.npy`), so no model is loaded. Dataset,
split and predictions are checked against the hashes recorded with them; what does not agree is not
shown, and the reason is.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from housing_sweep.errors import HousingSweepError, NotFound, Refused, Unavailable
from housing_sweep.pipeline.report.read_sweep import Sources
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.references import RunId, SweepRef
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.report.contents import Errors, Floats, Land, Place, Target
from housing_sweep.tabular import metrics, split, tables
from housing_sweep.tabular.arrays import read_floats
from housing_sweep.tabular.extras import extras_of
from housing_sweep.tabular.problem import Problem
from housing_sweep.tabular.trial_config import TrialConfig


@dataclass(frozen=True, slots=True)
class ModelErrors:
    """The errors, or the reason why there are none; the dataset version, its source and target."""

    errors: Errors | None
    why_not: str = ""
    dataset: str = ""
    source: str = ""
    target: Target | None = None


def errors_of_model(backend: Sources, ref: SweepRef, trial: str) -> ModelErrors:
    """Return how a trial's model errs on the validation rows of its split.

    Raises:
        Unavailable: the backend does not answer; anything else is a reason, not an error.
    """
    run = Candidate(RunId(f"{ref.entity}/{ref.project}/{trial}"), trial, "", "")
    data = backend.runs.dataset_of(run)
    dataset, source, target = "", "", None
    model = backend.runs.model_of(run)
    try:
        if data is not None:
            dataset, source = data.name, data.source
            target = target_of(backend.artifacts.fetch_dataset(data.name).problem)
        if model is None:
            why_not = f"{trial} has no model artifact"
            return ModelErrors(None, why_not, dataset, source, target)
        return ModelErrors(_errors(backend, model), "", dataset, source, target)
    except Unavailable:
        raise
    except HousingSweepError as error:
        return ModelErrors(None, error.what, dataset, source, target)


def target_of(problem: Problem) -> Target:
    """Return what a report says of a problem's target."""
    extras = extras_of(problem)
    words, unit = extras.words, problem.unit
    return Target(
        name=words.target or problem.target.name,
        unit=unit.name,
        scale=unit.scale,
        words=words.unit,
        note=words.about_target,
        strong_error=extras.strong_error,
        stand_in=words.stand_in,
    )


def _land_of(problem: Problem) -> Land | None:
    outline = extras_of(problem).outline
    if outline is None:
        return None
    drawn = outline()
    return Land(drawn.name, drawn.line, drawn.towns)


def _errors(backend: Sources, model: Model) -> Errors:
    facts = model.facts
    if facts is None:
        raise NotFound(f"{model.name} does not say how it was trained: not a model of ours")
    dataset = backend.artifacts.fetch_dataset(facts.dataset)
    problem = dataset.problem
    config = TrialConfig.from_sweep(facts.config, problem)
    predicted = _predictions(backend, model, facts)
    frame = tables.read_csv(problem, dataset.csv)
    rows = split.make_split(problem, frame, config.split, config.split_seed)
    if rows.fingerprint != facts.split_fingerprint or len(rows.validation) != len(predicted):
        raise Refused(f"{model.name} was trained on another split than its config gives here")
    validation = frame.iloc[rows.validation]

    def column(name: str) -> Floats:
        return validation[name].to_numpy(dtype=float)

    place = None
    if problem.place is not None:
        latitude, longitude = problem.place
        place = Place(column(latitude), column(longitude), _land_of(problem))
    return Errors(column(problem.target.name), predicted, target_of(problem), place)


def _predictions(backend: Sources, model: Model, facts: ModelFacts) -> Floats:
    with tempfile.TemporaryDirectory() as scratch:
        path = backend.artifacts.fetch_predictions(model, Path(scratch))
        if path is None:
            raise NotFound(f"{model.name} has no recorded predictions")
        predicted = read_floats(path.read_bytes(), f"{model.name}: predictions.npy")
    if metrics.predictions_sha256(predicted) != facts.predictions_sha256:
        raise Refused(f"{model.name}: predictions.npy is not what the trial recorded")
    return predicted
