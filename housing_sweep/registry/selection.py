"""Which run wins, and why not the others.

Order: score, then creation time, then run id. The last is unique, so equal scores (a grid that
repeats a seed, a metric with few values) give the same winner whoever asks, and the earlier run
wins because a later equal one has not improved on it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from housing_sweep.registry.names import RunId
from housing_sweep.search.trial import TrialState

MOST_MISSES = 200
"""Runs without a score in a row, or without a model, after which the search ends: ten pages."""


class Goal(Enum):
    """Whether a small or a large score is good; the values are those of a sweep's YAML."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


@dataclass(frozen=True, slots=True)
class Model:
    """A committed model artifact of a run.

    Attributes:
        id: the backend's id of this version; a link in the registry has the same.
        name: `entity/project/model-<run id>:vN`.
        digest: of its contents.
        metadata: the facts the trial recorded with it.
    """

    id: str
    name: str
    digest: str
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trial's run as the backend tells it; `score` is the summary's value, unchecked."""

    id: RunId
    name: str
    state: str
    created_at: str
    score: object
    config: Mapping[str, object] = field(default_factory=dict)
    commit: str | None = None
    user: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate that was looked at: its model, or the reason why it cannot win.

    `why_not` is "" for the winner and for those that merely have a worse score.
    """

    candidate: Candidate
    score: float | None
    why_not: str = ""
    model: Model | None = None


def number(value: object) -> float | None:
    """Return a finite score, or None; W&B's summary spells NaN and infinities as strings."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def why_unscored(candidate: Candidate, metric: str) -> str:
    """Return why a run has no rank at all, or "": not finished, no score, or not a finite one."""
    if candidate.state != TrialState.FINISHED.value:
        return f"not finished: {candidate.state}"
    if candidate.score is None:
        return f"no {metric} in its summary"
    if number(candidate.score) is None:
        return f"{metric} is {candidate.score}, not a finite number"
    return ""


def order_key(candidate: Candidate, goal: Goal) -> tuple[float, str, str]:
    """Return the sort key: best score first, then the earlier, then the smaller run id."""
    score = number(candidate.score)
    loss = math.inf if score is None else score if goal is Goal.MINIMIZE else -score
    return loss, candidate.created_at, candidate.id


def select(
    runs: Iterable[Candidate],
    metric: str,
    goal: Goal,
    model_of: Callable[[Candidate], Model | None],
    shown: int = 10,
) -> tuple[Ranked, ...]:
    """Return the best runs, best first, with the reason for each that cannot win.

    The winner is the first with a model. `runs` come ordered by score and are read lazily: up to
    the winner, all that tie with it, and `shown` rows; after `MOST_MISSES` the search ends, so that
    a sweep of thousands without any model is refused soon. `model_of` costs a request, so it is
    asked for no run behind the winner.
    """
    ranked: list[Ranked] = []
    unscored: list[Ranked] = []
    won = False
    for tied in _ties(runs, metric, unscored):
        for candidate in sorted(tied, key=lambda one: order_key(one, goal)):
            score = number(candidate.score)
            if won:
                ranked.append(Ranked(candidate, score))
                continue
            model = model_of(candidate)
            won = model is not None
            why = "" if won else "no committed model artifact"
            ranked.append(Ranked(candidate, score, why, model))
        if len(ranked) >= (shown if won else MOST_MISSES):
            break
    return (*ranked, *unscored[:shown])


def merge(
    ranked: Sequence[Ranked], unfinished: Iterable[Candidate], metric: str, goal: Goal
) -> tuple[Ranked, ...]:
    """Return ranked runs together with unfinished ones, each where its score puts it."""
    more = [Ranked(c, number(c.score), why_unscored(c, metric)) for c in unfinished]
    return tuple(sorted([*ranked, *more], key=lambda row: order_key(row.candidate, goal)))


def winner(ranked: Iterable[Ranked]) -> Ranked | None:
    """Return the row that wins: the first with a model, or None."""
    return next((row for row in ranked if row.model is not None), None)


def _ties(
    runs: Iterable[Candidate], metric: str, unscored: list[Ranked]
) -> Iterator[list[Candidate]]:
    """Yield runs with equal scores together; those without a score go to `unscored`."""
    tied: list[Candidate] = []
    misses = 0
    for run in runs:
        why = why_unscored(run, metric)
        misses = misses + 1 if why else 0
        if misses > MOST_MISSES:
            break
        if why:
            unscored.append(Ranked(run, None, why))
        elif tied and number(run.score) != number(tied[0].score):
            yield tied
            tied = [run]
        else:
            tied.append(run)
    if tied:
        yield tied
