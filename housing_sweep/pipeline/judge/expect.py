"""Which dataset and split the trials of a promotion must have used: the spec says, no run does."""

from collections.abc import Mapping

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.ports import Artifacts, Backend
from housing_sweep.pipeline.values import Expectation, FetchedDataset, SweepFacts
from housing_sweep.registry.model_facts import DatasetUse
from housing_sweep.registry.proof import Expected
from housing_sweep.registry.references import DEFAULT_DATASET, SweepId, SweepRef, Target
from housing_sweep.registry.selection import Candidate, Model

_SPLIT = ("split", "split_seed")


def of_sweep(artifacts: Artifacts, facts: SweepFacts, dataset: str) -> Expectation:
    """Return what a sweep's spec says of all its trials.

    `NAME:latest` is the version that was the newest when the sweep began: whoever publishes another
    one afterwards changes nothing.

    Args:
        artifacts: has the dataset.
        facts: the sweep.
        dataset: NAME:VERSION that somebody names instead, or "".

    Raises:
        BadInput: the sweep varies its dataset.
        NotFound: the dataset is not there.
        SpecError: its split is none.
    """
    named = reference(facts, dataset)
    fetched = _fetch(artifacts, named, facts.ref, "" if dataset else facts.created_at)
    return _expectation(fetched, facts.fixed, facts.parameters)


def of_model(
    backend: Backend, model: Model, run: Candidate, target: Target, dataset: str
) -> Expectation:
    """Return what a model that stands for itself must have used: what its sweep's spec says.

    A refit, or a model that was built again elsewhere, belongs to the sweep of its origin. Of a run
    without a sweep, the collection's dataset is expected, as it was when the run began.

    Raises:
        BadInput, NotFound, SpecError: as `of_sweep`.
    """
    facts = model.facts
    origin = (facts.refit_of or facts.rebuilt_of) if facts else ""
    trial = backend.runs.made_by(backend.artifacts.model(origin)) if origin else run
    sweep = backend.runs.sweep_of(trial) if trial else None
    if sweep is not None:
        return of_sweep(backend.artifacts, backend.sweeps.sweep(sweep), dataset)
    entity, project, _ = run.id.split("/")
    home = SweepRef(entity, project, SweepId(""))
    named, moment = (dataset, "") if dataset else (f"{target.collection}:latest", run.created_at)
    fetched = _fetch(backend.artifacts, named, home, moment)
    return _expectation(fetched, {}, ())


def reference(facts: SweepFacts, dataset: str) -> str:
    """Return the dataset that somebody names, or that a sweep's spec names.

    Raises:
        BadInput: the spec names several, or none that can be one.
    """
    if dataset:
        return dataset
    named = facts.fixed.get("dataset", DEFAULT_DATASET)
    if ("dataset" in facts.parameters and "dataset" not in facts.fixed) or not (
        isinstance(named, str) and named
    ):
        raise BadInput(
            f"the trials of {facts.ref} do not have one dataset in common",
            fix="say which one the winner must have used: --dataset NAME:VERSION",
        )
    return named


def _fetch(artifacts: Artifacts, named: str, home: SweepRef, moment: str) -> FetchedDataset:
    return artifacts.fetch_dataset(artifacts.dataset_at(named, home, moment))


def _expectation(
    dataset: FetchedDataset, fixed: Mapping[str, object], parameters: tuple[str, ...]
) -> Expectation:
    from housing_sweep.tabular.trial_config import TrialConfig

    said = {name: fixed[name] for name in _SPLIT if name in fixed}
    config = TrialConfig.from_sweep(said, dataset.problem)
    varied = [name for name in _SPLIT if name in parameters and name not in fixed]
    use = DatasetUse(dataset.path, dataset.digest, dataset.source)
    return Expectation(
        Expected(
            use,
            None if "split" in varied else config.split,
            None if "split_seed" in varied else config.split_seed,
        ),
        dataset,
    )
