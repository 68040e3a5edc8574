"""What the finalizer needs of a backend, as small Protocols: a test can stand in."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from housing_sweep.errors import BadInput
from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.policy import Comparison, NoComparison
from housing_sweep.registry.promotion import Dataset, OpenRecord, Version
from housing_sweep.registry.references import SweepRef, Target
from housing_sweep.registry.selection import Candidate, Model, Ranked
from housing_sweep.search.score import Goal
from housing_sweep.tabular.problem import Problem

SCORE = "val_rmse"
"""What a trial of ours is ranked by."""


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """A sweep, as far as finalizing needs it.

    Attributes:
        ref: complete: entity, project and id.
        metric: name of the metric in its spec, or None.
        goal: of that metric.
        objectives: name -> goal, where the sweep has several instead.
    """

    ref: SweepRef
    metric: str | None
    goal: Goal
    objectives: Mapping[str, Goal] = field(default_factory=dict)

    def ranked_by(self, asked: str | None) -> tuple[str, Goal]:
        """Return what its runs are ranked by: the metric asked for, its own, or val_rmse.

        Raises:
            BadInput: the sweep has several objectives and none was asked for.
        """
        if asked is None and self.metric is None and self.objectives:
            raise BadInput(
                f"sweep {self.ref} has several objectives: {', '.join(self.objectives)}",
                fix="name the one that decides: --metric val_rmse",
            )
        metric = asked or self.metric or SCORE
        if metric == self.metric:
            return metric, self.goal
        return metric, self.objectives.get(metric, Goal.MINIMIZE)


@dataclass(frozen=True, slots=True)
class FetchedDataset:
    """A dataset artifact, resolved, and its CSV on this machine.

    Attributes:
        path: entity/project/name:version.
        digest: of its manifest.
        csv: the file, checked against `sha256`.
        sha256: of the CSV.
        source: csv, synthetic, or another one of the problem's.
        problem: what the table is about, as its `schema.json` says.
    """

    path: str
    digest: str
    csv: Path
    sha256: str
    source: str
    problem: Problem

    def as_data(self) -> dict[str, object]:
        """Return the `data` of a request to `pipeline.child`.

        Old code makes a dataclass of it, so it has these five keys for ever.
        """
        own = {"path": self.path, "digest": self.digest, "csv": str(self.csv)}
        return {**own, "sha256": self.sha256, "source": self.source}


@dataclass(frozen=True, slots=True)
class FetchedModel:
    """The files of a model artifact on this machine, not believed yet.

    Attributes:
        path: `model.joblib`.
        sha256: of that file, computed here.
        facts: what `model.json` says.
        predictions: `predictions.npy`, or None if the artifact has none.
    """

    path: Path
    sha256: str
    facts: Mapping[str, object]
    predictions: Path | None


@dataclass(frozen=True, slots=True)
class Refit:
    """A winner's config fitted again on more rows, not logged yet.

    Attributes:
        of: the winner's artifact.
        files: here, as long as the judge lives.
        dataset: what both were trained on.
    """

    of: Model
    files: FetchedModel
    dataset: FetchedDataset


Say = Callable[[str], None]
"""Told what is being done now, one line at a time."""


class Judge(Protocol):
    """Finds out what a model is worth, believing nothing that is told of it."""

    def expect_dataset(self, dataset_digest: str) -> None:
        """Reject models of runs that used another dataset from now on; "" accepts any."""

    def examine(self, candidate: Candidate) -> Model | str:
        """Return a run's model, verified, or why it is rejected."""

    def rejection_of(self, model: Model) -> str:
        """Return why a model that stands for itself is rejected, or ""."""

    def ties(self, leader: Ranked, row: Ranked) -> bool:
        """Return whether a row's score is within noise of the leader's."""

    def refit(self, model: Model) -> Refit:
        """Fit a verified model's config again, on training and validation rows."""

    def contest(
        self, challenger: Model | Refit, champion: Version | None, *, spatial: bool
    ) -> Comparison | NoComparison:
        """Compare with the holder of an alias, or a baseline, on rows that neither has seen."""


class Runs(Protocol):
    """Reads sweeps and their runs."""

    def sweep(self, ref: SweepRef) -> SweepFacts:
        """Return a sweep.

        Raises:
            NotFound: it does not exist.
        """

    def finished(self, ref: SweepRef, metric: str, goal: Goal) -> Iterator[Candidate]:
        """Yield finished runs, best first, a page at a time; those without a score last."""

    def unfinished(
        self, ref: SweepRef, metric: str, goal: Goal, limit: int
    ) -> tuple[Candidate, ...]:
        """Return up to `limit` runs that did not finish, best first; one request."""

    def model_of(self, candidate: Candidate) -> Model | None:
        """Return the newest committed model artifact of a run."""

    def dataset_of(self, candidate: Candidate) -> Dataset | None:
        """Return the dataset version a run used."""


class Origins(Protocol):
    """Finds runs and artifacts by name, and where they came from."""

    def run(self, path: str) -> Candidate:
        """Return a run by ENTITY/PROJECT/ID.

        Raises:
            NotFound: it does not exist.
        """

    def model(self, name: str) -> Model:
        """Return a model version by ENTITY/PROJECT/NAME:VERSION.

        Raises:
            NotFound: it does not exist.
        """

    def made_by(self, model: Model) -> Candidate | None:
        """Return the run that logged a model, or None if it was deleted."""


class Files(Protocol):
    """Downloads artifacts; believes nothing."""

    def fetch_model(self, model: Model, folder: Path) -> FetchedModel:
        """Download a model version into a folder.

        Raises:
            Refused: a file is missing or unreadable.
        """

    def fetch_diff(self, run: str, folder: Path) -> Path | None:
        """Download what a run's checkout had beyond its commit, if anything."""

    def fetch_predictions(self, model: Model, folder: Path) -> Path | None:
        """Download the validation predictions of a model version, if it has any."""

    def fetch_dataset(self, name: str) -> FetchedDataset:
        """Download a dataset version; a copy here with its SHA-256 is not fetched again.

        Raises:
            NotFound: it is not there, or its file has another SHA-256 than recorded.
        """


class Models(Protocol):
    """Reads and writes the registry that belongs to a sweep's entity."""

    def home(self) -> SweepRef:
        """Return the entity and project used by default, without a sweep."""

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""

    def version(self, ref: SweepRef, collection: str, name: str) -> Version | None:
        """Return a version of a registry collection by alias, or by number such as v3."""

    def log_refit(self, ref: SweepRef, refit: Refit) -> Model:
        """Log a refit as an artifact of a run that used the winner and the dataset."""

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        """Link a model to the collection; again returns the version that it has there."""

    def move_alias(self, ref: SweepRef, target: Target, version: Version) -> None:
        """Put the alias on a version, in one request that also takes it from the other."""


class PromotionRun(Protocol):
    """A promotion record that is open."""

    def uses(self, artifact: str) -> None:
        """Record an artifact as input."""

    def wait_for_turn(self) -> None:
        """Return when no promotion of the same alias that began earlier is still at work."""

    def applied(self, facts: Mapping[str, object]) -> None:
        """Record that the alias has moved, with the figures."""

    def withdrawn(self, reason: str) -> None:
        """Record that the alias will not be moved by this record."""


class Records(Protocol):
    """Promotion runs: the durable history of an alias."""

    @property
    def who(self) -> str:
        """The user whose key is used."""

    def open_record(self, ref: SweepRef, target: Target) -> OpenRecord | None:
        """Return the newest promotion record of a target, if it was never applied."""

    def moves(self, ref: SweepRef, target: Target, *, every_alias: bool = False) -> list[Move]:
        """Return every move of an alias, or of all in the collection, oldest first."""

    def write(
        self, ref: SweepRef, target: Target, run_id: str | None, record: Mapping[str, object]
    ) -> AbstractContextManager[PromotionRun]:
        """Open a promotion run; its config is durable on entry. `run_id` resumes one."""


class Backend(Runs, Origins, Files, Models, Records, Protocol):
    """Whatever answers at `WANDB_BASE_URL`."""
