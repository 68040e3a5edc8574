"""What a backend tells and takes, as frozen values; `ports` says who does it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.proof import Expected
from housing_sweep.registry.references import (
    FACTS_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    SAFE_MODEL_FILE,
    SweepRef,
)
from housing_sweep.registry.selection import Model
from housing_sweep.search.score import Goal, Score
from housing_sweep.tabular.problem import Problem

Say = Callable[[str], None]
"""Told what is being done now, one line at a time."""

STATES = ("pending", "running", "finished", "failed", "crashed", "killed")
"""States of a run, as W&B names them."""


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """A sweep, as far as ranking its trials needs it.

    Attributes:
        ref: complete: entity, project and id.
        objectives: what it optimises, name -> goal: none, one, or several.
        title: what people call it.
        method: grid, random, bayes ...
        state: as the backend spells it.
        parameters: names of its parameters, in the order of its spec.
        fixed: those of them that have one value, with it.
        created_at: when it began, ISO 8601, or "".
        url: its page, or "".
    """

    ref: SweepRef
    objectives: Mapping[str, Goal] = field(default_factory=dict)
    title: str = ""
    method: str = ""
    state: str = ""
    parameters: tuple[str, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict)
    created_at: str = ""
    url: str = ""


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
        safe_path: `model.skops`, or None if the artifact has none.
        safe_sha256: of that file, computed here; "" without one.
    """

    path: Path
    sha256: str
    facts: ModelFacts
    predictions: Path | None
    safe_path: Path | None = None
    safe_sha256: str = ""

    def by_name(self) -> dict[str, Path]:
        """Return the files by their names in the artifact."""
        files = {MODEL_FILE: self.path, FACTS_FILE: self.path.with_name(FACTS_FILE)}
        if self.predictions is not None:
            files[PREDICTIONS_FILE] = self.predictions
        if self.safe_path is not None:
            files[SAFE_MODEL_FILE] = self.safe_path
        return files


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a sweep's spec says of all its trials, with the dataset on this machine."""

    expected: Expected
    dataset: FetchedDataset


@dataclass(frozen=True, slots=True)
class OwnModel:
    """A model that this process built with its own code, not logged yet.

    Attributes:
        of: the artifact whose config was built.
        suffix: of its name: refit (on more rows) or rebuilt (in another environment).
        files: here, as long as the judge lives.
        dataset: what it was trained on.
    """

    of: Model
    suffix: str
    files: FetchedModel
    dataset: FetchedDataset

    @property
    def name(self) -> str:
        """Bare name of the artifact that it is logged as: model-x-refit."""
        return f"{self.of.name.rsplit('/', 1)[-1].partition(':')[0]}-{self.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSummary:
    """One sweep in a list.

    Attributes:
        path: entity/project/id.
        id: the backend's own.
        title: what people call it.
        method: grid, random, bayes ...
        state: as the backend spells it.
        trials: how many there are.
        expected: how many there will be; None when it has no end.
        metric: its only objective, or None.
        goal: of the metric.
        best: the best value of it so far, or None.
        created_at: when.
    """

    path: str
    id: str
    title: str
    method: str
    state: str
    trials: int
    expected: int | None
    metric: str | None
    goal: str
    best: float | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSummary:
    """One trial: its point, its score or None, and when it began and was last heard of."""

    name: str
    title: str
    state: str
    config: Mapping[str, object]
    score: float | None
    created_at: datetime
    heartbeat_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOverview:
    """A sweep on one screen.

    Attributes:
        sweep: itself.
        score: what its trials are ranked by, or None if nothing is.
        counts: runs by state.
        best: the best few with a score, best first.
        newest: the newest ones, oldest first.
        metrics: names of the metrics that the finished ones among them have.
    """

    sweep: SweepSummary
    score: Score | None
    counts: Mapping[str, int]
    best: Sequence[TrialSummary]
    newest: Sequence[TrialSummary]
    metrics: tuple[str, ...] = ()
