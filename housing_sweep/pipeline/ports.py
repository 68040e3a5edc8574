"""What the pipeline needs of a backend, as Protocols: small, so that a test can stand in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from housing_sweep.registry.promotion import Champion, Decision, Provenance
from housing_sweep.registry.selection import Candidate, ModelVersion


@dataclass(frozen=True, slots=True)
class SweepFacts:
    """A sweep, as far as finalizing needs it.

    Attributes:
        path: entity/project/id.
        state: W&B's state, upper case.
        metric: name of the metric in its spec, or None.
        maximize: whether that metric is better when higher.
    """

    path: str
    state: str
    metric: str | None
    maximize: bool


class Backend(Protocol):
    """Whatever answers at `WANDB_BASE_URL`."""

    def sweep(self, path: str) -> SweepFacts:
        """Return a sweep.

        Raises:
            NotFound: it does not exist.
        """

    def ranked(self, sweep: SweepFacts, metric: str, maximize: bool) -> Iterator[Candidate]:
        """Yield a sweep's runs, best first, a page at a time."""

    def models(self, candidate: Candidate) -> tuple[ModelVersion, ...]:
        """Return a run's committed model artifacts, newest first."""

    def provenance(self, candidate: Candidate) -> Provenance:
        """Return where a run's model comes from."""

    def champion(self, alias: str) -> Champion | None:
        """Return who holds an alias in the registry."""

    def is_recorded(self, decision: Decision) -> bool:
        """Return whether a finished promotion run tells of this decision."""

    def promote(self, decision: Decision) -> str:
        """Link, move the alias, record; return the registry version's path."""
