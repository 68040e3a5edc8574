"""What the finalizer needs of a backend, as small Protocols: a test can stand in."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from housing_sweep.registry.names import SweepRef, Target
from housing_sweep.registry.promotion import Dataset, OpenRecord, Version
from housing_sweep.registry.selection import Candidate, Goal, Model


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """A sweep, as far as finalizing needs it.

    Attributes:
        ref: complete: entity, project and id.
        metric: name of the metric in its spec, or None.
        goal: of that metric.
    """

    ref: SweepRef
    metric: str | None
    goal: Goal


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


class Models(Protocol):
    """Reads and writes the registry that belongs to a sweep's entity."""

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        """Link a model to the collection; again returns the version that it has there."""

    def move_alias(self, ref: SweepRef, target: Target, version: Version) -> None:
        """Put the alias on a version, in one request that also takes it from the other."""


class PromotionRun(Protocol):
    """A promotion record that is open."""

    def uses(self, artifact: str) -> None:
        """Record an artifact as input."""

    def applied(self, facts: Mapping[str, object]) -> None:
        """Record that the alias has moved, with the figures."""


class Records(Protocol):
    """Promotion runs: the durable history of an alias."""

    @property
    def who(self) -> str:
        """The user whose key is used."""

    def open_record(self, ref: SweepRef, target: Target) -> OpenRecord | None:
        """Return the newest promotion record of a target, if it was never applied."""

    def write(
        self, ref: SweepRef, target: Target, run_id: str | None, record: Mapping[str, object]
    ) -> AbstractContextManager[PromotionRun]:
        """Open a promotion run; its config is durable on entry. `run_id` resumes one."""


class Backend(Runs, Models, Records, Protocol):
    """Whatever answers at `WANDB_BASE_URL`."""
