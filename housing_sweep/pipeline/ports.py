"""What the finalizer needs of a backend, as one small Protocol: a test can stand in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from housing_sweep.registry.names import SweepRef, Target
from housing_sweep.registry.promotion import Dataset, Decision, OpenRecord, Version
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


class Backend(Protocol):
    """Whatever answers at `WANDB_BASE_URL`."""

    @property
    def who(self) -> str:
        """The user whose key is used."""

    def sweep(self, ref: SweepRef) -> SweepFacts:
        """Return a sweep.

        Raises:
            NotFound: it does not exist.
        """

    def runs(self, ref: SweepRef, metric: str, goal: Goal) -> Iterator[Candidate]:
        """Yield a sweep's runs, best first, a page at a time; those without a score last."""

    def model_of(self, candidate: Candidate) -> Model | None:
        """Return the newest committed model artifact of a run."""

    def dataset_of(self, candidate: Candidate) -> Dataset | None:
        """Return the dataset version a run used."""

    def champion(self, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""

    def open_record(self, ref: SweepRef, target: Target) -> OpenRecord | None:
        """Return the newest promotion record of a target, if it was never finished."""

    def promote(self, decision: Decision) -> Version:
        """Record, link, move the alias, in that order; return the registry's version."""
