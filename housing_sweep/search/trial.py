"""A trial as search sees it: its number, its point, its state, its score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from housing_sweep.search.score import Goal

Params = dict[str, object]
"""One point: parameter name -> value; nested parameters are nested dicts."""


class TrialState(Enum):
    """W&B's run states, as far as search tells them apart."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CRASHED = "crashed"
    KILLED = "killed"
    PREEMPTED = "preempted"

    @classmethod
    def of(cls, state: str) -> "TrialState":
        """Return the state that a run state stands for; preempting counts as running."""
        return cls.RUNNING if state == "preempting" else cls(state)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self not in (TrialState.PENDING, TrialState.RUNNING)


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial.

    Attributes:
        number: 0, 1, ... within its sweep.
        params: the point.
        state: what became of it.
        value: its metric as reported, or None; NaN and infinities count as none.
        others: further objectives, when the sweep has several; `value` is the first.
    """

    number: int
    params: Mapping[str, object]
    state: TrialState
    value: float | None
    others: tuple[float | None, ...] = ()

    def losses(self, goals: Sequence[Goal]) -> tuple[float, ...] | None:
        """Return the values to minimise, one per goal; None when one of them is missing."""
        values = (self.value, *self.others)
        if len(values) != len(goals):
            return None
        losses = [replace(self, value=v).loss(g) for v, g in zip(values, goals, strict=True)]
        finite = tuple(loss for loss in losses if loss is not None)
        return finite if len(finite) == len(goals) else None

    def loss(self, goal: Goal) -> float | None:
        """Return the value to minimise, or None when there is no finite one."""
        if self.value is None or not math.isfinite(self.value):
            return None
        return -self.value if goal is Goal.MAXIMIZE else self.value
