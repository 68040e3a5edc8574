"""What the pipeline needs of a backend, as small Protocols; a test can stand in for each.

`Backend` has one part per Protocol, all of one login. A flow takes the parts that it uses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from housing_sweep.pipeline.values import (
    Expectation,
    FetchedDataset,
    FetchedModel,
    OwnModel,
    SweepFacts,
    SweepOverview,
    SweepSummary,
)
from housing_sweep.registry.alias_history import Move
from housing_sweep.registry.findings import Findings
from housing_sweep.registry.lineage_tree import ArtifactOrigin, RunOrigin
from housing_sweep.registry.model_facts import DatasetUse
from housing_sweep.registry.policy import Comparison, NoComparison
from housing_sweep.registry.promotion import OpenRecord, Version
from housing_sweep.registry.proof import Proof
from housing_sweep.registry.prune_rules import StoredModel
from housing_sweep.registry.references import SweepRef, Target
from housing_sweep.registry.run_differences import RunRecord
from housing_sweep.registry.selection import Candidate, Model, Ranked, Winner
from housing_sweep.report.contents import Curve, ReportedPromotion, ReportedTrial
from housing_sweep.search.score import Goal, Score


class Judge(Protocol):
    """Finds out what a model is worth, believing nothing that is told of it."""

    def expect(self, expectation: Callable[[], Expectation]) -> None:
        """Hold every trial against what its sweep's spec says, read when it is needed first."""

    def foresee(
        self,
        rows: Sequence[Candidate],
        score: Score,
        champion: Version | None,
        policy: Mapping[str, object],
        *,
        ties: bool,
        spatial: bool,
    ) -> None:
        """Begin to build what will probably be asked for, best first; nothing is decided."""

    def examine(self, candidate: Candidate, score: Score) -> Model | str:
        """Return a run's model, proved, or why it is rejected."""

    def examine_version(self, model: Model) -> str:
        """Return why a model that stands for itself is rejected, or ""."""

    def proof_of(self, model: Model) -> Proof:
        """Return the proof of a model that was not rejected."""

    def made_elsewhere(self, candidate: Candidate) -> bool:
        """Return whether a run says that another environment than this one made its model."""

    def ties(self, leader: Winner, row: Ranked) -> bool:
        """Return whether a row's score is within noise of the leader's."""

    def findings(
        self, model: Model, champion: Version | None, policy: Mapping[str, object]
    ) -> Findings:
        """Return what is wrong with the data of a proved model, by a policy of its own.

        Against a champion of other data, also which of its test rows the model was fitted on.
        """

    def own(self, model: Model, *, refit: bool) -> OwnModel:
        """Return a proved model as it was built here; or its config fitted on more rows."""

    def same_bits(self, model: Model, version: Version, *, refit: bool) -> bool:
        """Return whether a version of the registry holds the bits that `own` would give."""

    def contest(
        self, model: Model, champion: Version | None, *, refit: bool, spatial: bool
    ) -> Comparison | NoComparison:
        """Compare with the holder of an alias, or a baseline, on rows that neither has seen."""


class Sweeps(Protocol):
    """Reads sweeps and their trials."""

    def sweep(self, ref: SweepRef) -> SweepFacts:
        """Return a sweep; its reference is complete.

        Raises:
            NotFound: it does not exist.
        """

    def finished(self, ref: SweepRef, score: Score) -> Iterator[Candidate]:
        """Yield finished runs in the order of their scores, best first, a page at a time.

        Those without a finite one may stand before, between or after them.
        """

    def unfinished(self, ref: SweepRef, score: Score, limit: int) -> tuple[Candidate, ...]:
        """Return up to `limit` runs that did not finish, best first."""

    def trials(self, ref: SweepRef) -> tuple[Candidate, ...]:
        """Return all runs of a sweep, the oldest first."""


class Runs(Protocol):
    """Reads runs: what they used, what they logged."""

    def run(self, path: str) -> Candidate:
        """Return a run by ENTITY/PROJECT/ID.

        Raises:
            NotFound: it does not exist.
        """

    def model_of(self, candidate: Candidate) -> Model | None:
        """Return the newest committed model artifact of a run."""

    def dataset_of(self, candidate: Candidate) -> DatasetUse | None:
        """Return the dataset version a run says that it used."""

    def sweep_of(self, candidate: Candidate) -> SweepRef | None:
        """Return the sweep that a run belongs to."""

    def made_by(self, model: Model) -> Candidate | None:
        """Return the run that logged a model, or None if it was deleted."""

    def fetch_diff(self, run: str, folder: Path) -> Path | None:
        """Download what a run's checkout had beyond its commit, if anything."""


class Artifacts(Protocol):
    """Reads and downloads artifacts; believes nothing."""

    def model(self, name: str) -> Model:
        """Return a model version by ENTITY/PROJECT/NAME:VERSION.

        Raises:
            NotFound: it does not exist.
        """

    def fetch_model(self, model: Model, folder: Path) -> FetchedModel:
        """Download a model version into a folder.

        Raises:
            Refused: a file is missing or unreadable, or is only a reference to one elsewhere.
        """

    def fetch_predictions(self, model: Model, folder: Path) -> Path | None:
        """Download the validation predictions of a model version, if it has any."""

    def fetch_dataset(self, name: str) -> FetchedDataset:
        """Download a dataset version; a copy here with its SHA-256 is not fetched again.

        Raises:
            NotFound: it is not there, or its file has another SHA-256 than recorded.
        """

    def dataset_at(self, reference: str, home: SweepRef, moment: str) -> str:
        """Return the name of the dataset version that a reference meant at a moment.

        Args:
            reference: NAME, NAME:ALIAS, or more of ENTITY/PROJECT/NAME:ALIAS.
            home: entity and project where it names none.
            moment: ISO 8601; "" means now.

        Raises:
            NotFound: there is no such dataset.
        """


class Registry(Protocol):
    """Reads and writes the registry that belongs to a sweep's entity."""

    @property
    def home(self) -> SweepRef:
        """The entity and project used by default, without a sweep."""

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""

    def version(self, ref: SweepRef, collection: str, name: str) -> Version | None:
        """Return a version of a registry collection by alias, or by number such as v3."""

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        """Link a model to the collection; again returns the version that it has there."""

    def move_alias(
        self, ref: SweepRef, target: Target, version: Version, *, unverified: bool = False
    ) -> None:
        """Put the alias on a version, in one request that also takes it from the other.

        With `unverified` the version is marked, for as long as it lives: nobody built it again.
        """


class PromotionRun(Protocol):
    """A promotion record that is open."""

    def uses(self, artifact: str) -> None:
        """Record an artifact as input."""

    def logs(self, own: OwnModel) -> Model:
        """Log a model that was built here, with what it was built from as input.

        Again returns the version that holds these bits already.
        """

    def wait_for_turn(self) -> None:
        """Return when no promotion of the same alias that began earlier is still at work."""

    def applied(self, facts: Mapping[str, object]) -> None:
        """Record that the alias has moved, with the figures."""

    def withdrawn(self, reason: str) -> None:
        """Record that the alias will not be moved by this record."""


class Promotions(Protocol):
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


class TrialSources(Protocol):
    """Where trials and what they made are read, all of one login."""

    @property
    def sweeps(self) -> Sweeps:
        """Sweeps and their trials."""

    @property
    def runs(self) -> Runs:
        """Single runs."""

    @property
    def artifacts(self) -> Artifacts:
        """Artifacts and their files."""


class Backend(TrialSources, Protocol):
    """One login on whatever answers at its address; every part speaks to that one alone."""

    @property
    def registry(self) -> Registry:
        """Versions and aliases of the model registry."""

    @property
    def promotions(self) -> Promotions:
        """What was promoted, when, by whom."""


class SweepDesk(Protocol):
    """Shows sweeps and steers them."""

    def list_sweeps(self, entity: str, project: str) -> list[SweepSummary]:
        """Return a project's sweeps, newest first.

        Raises:
            NotFound: there is no such project.
        """

    def overview(
        self, ref: SweepRef, metric: str | None = None, goal: Goal | None = None
    ) -> SweepOverview:
        """Return a sweep with its best and newest trials, in one request.

        Raises:
            BadInput: nothing says which way the metric is good.
            NotFound: the sweep does not exist.
        """

    def set_state(self, ref: SweepRef, state: str) -> str:
        """Ask for a state (RUNNING, PAUSED, FINISHED, CANCELED) and return the sweep's path."""

    def retry(self, ref: SweepRef, states: Sequence[str]) -> list[int]:
        """Queue trials that ended in some states again; returns their numbers.

        Raises:
            NotSupported: the backend is not the local server.
        """


class StoredModels(Protocol):
    """Models of trials: who needs them, and their deletion."""

    def models_of(self, run: str) -> Iterator[StoredModel]:
        """Yield the committed model versions of a run, ENTITY/PROJECT/ID."""

    def read_again(self, model: StoredModel) -> StoredModel | None:
        """Return the model as it is now, or None if it is gone."""

    def delete(self, model: StoredModel) -> None:
        """Delete a model version with its files."""


class ReportRun(Protocol):
    """The run that shows a report."""

    @property
    def url(self) -> str:
        """Its page, or its path where there is none."""

    def show(self, page: Path) -> None:
        """Log an HTML file as a panel, as it is."""


class SweepReports(Protocol):
    """What a report of a sweep needs beyond its trials, and where it is shown."""

    def curves(self, ref: SweepRef, trials: Sequence[ReportedTrial], metric: str) -> list[Curve]:
        """Return the curves of the first trials that have one, over the iteration or the step."""

    def promotion(self, ref: SweepRef) -> ReportedPromotion | None:
        """Return the newest promotion of one of its runs."""

    def report_run(
        self, ref: SweepRef, promotion: ReportedPromotion | None
    ) -> AbstractContextManager[ReportRun]:
        """Open the promotion's run again, or without one a run with job type "report"."""


class RunRecords(Protocol):
    """What a run's record says, all of it."""

    def record(self, reference: str) -> RunRecord:
        """Return a run's record by ENTITY/PROJECT/RUN, PROJECT/RUN, RUN or its URL.

        Raises:
            BadInput: the text cannot be a run.
            NotFound: it does not exist.
        """


class Lineage(Protocol):
    """Reads single nodes of the graph of runs and artifacts."""

    def artifact(self, name: str, uses: int = 0) -> ArtifactOrigin:
        """Return an artifact version, with up to `uses` runs that used it."""

    def run(self, path: str) -> RunOrigin:
        """Return a run with its artifacts and its rank in its sweep."""
