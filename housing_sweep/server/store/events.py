"""What a write changed, as values: emitted by store functions, published after the commit.

Few and small: who hears one looks up what it needs to know.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunChanged:
    """A run began, goes on, was asked to stop, or says something else of itself."""

    project_id: int
    run_id: int
    sweep_id: int | None
    state: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run's process reported its end, or we take it for ended."""

    project_id: int
    run_id: int
    sweep_id: int | None
    state: str


@dataclass(frozen=True, slots=True)
class RunDeleted:
    """A run is gone, with all it logged."""

    project_id: int
    run_id: int
    sweep_id: int | None


@dataclass(frozen=True, slots=True)
class LinesAdded:
    """A run has more, or other, lines of history, system metrics or console."""

    project_id: int
    run_id: int
    sweep_id: int | None


@dataclass(frozen=True, slots=True)
class SweepChanged:
    """A sweep was made, changed or deleted."""

    project_id: int
    sweep_id: int


@dataclass(frozen=True, slots=True)
class TrialQueued:
    """A sweep has a trial to run: a new one, or one tried again."""

    project_id: int
    sweep_id: int


@dataclass(frozen=True, slots=True)
class AliasMoved:
    """An alias of a collection points at another version, or nowhere any more."""

    project_id: int
    collection_id: int
    alias: str


Event = RunChanged | RunEnded | RunDeleted | LinesAdded | SweepChanged | TrialQueued | AliasMoved
