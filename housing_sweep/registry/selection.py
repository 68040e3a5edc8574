"""Which run wins, and why not the others.

Order: score, then creation time, then run id. The last is unique, so equal scores (a grid that
repeats a seed, a metric with few values) give the same winner whoever asks, and the earlier run
wins because a later equal one has not improved on it.

The run with the best score leads. Those whose score is within noise of it tie with it, and of them
the smaller, then faster, then earlier model wins: the best of many noisy scores is the luckiest.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from housing_sweep.registry.references import RunId
from housing_sweep.search.score import Goal, finite
from housing_sweep.search.trial import TrialState

MOST_MISSES = 200
"""Runs without a score in a row, or without a model, after which the search ends: ten pages."""


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
    summary: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate that was looked at.

    Attributes:
        score: a finite one, or None.
        why_not: why it cannot win; "" for the winner and those that merely have a worse score.
        model: its model, once that was examined and found sound.
        tied: whether its score is within noise of the best.
        won: whether it is the winner.
    """

    candidate: Candidate
    score: float | None
    why_not: str = ""
    model: Model | None = None
    tied: bool = False
    won: bool = False


def why_unscored(candidate: Candidate, metric: str) -> str:
    """Return why a run has no rank at all, or "": not finished, no score, or not a finite one."""
    if candidate.state != TrialState.FINISHED.value:
        return f"not finished: {candidate.state}"
    if candidate.score is None:
        return f"no {metric} in its summary"
    if finite(candidate.score) is None:
        return f"{metric} is {candidate.score}, not a finite number"
    return ""


def order_key(candidate: Candidate, goal: Goal) -> tuple[float, str, str]:
    """Return the sort key: best score first, then the earlier, then the smaller run id."""
    score = finite(candidate.score)
    loss = math.inf if score is None else score if goal is Goal.MINIMIZE else -score
    return loss, candidate.created_at, candidate.id


def select(
    runs: Iterable[Candidate],
    metric: str,
    goal: Goal,
    examine: Callable[[Candidate], Model | str],
    shown: int = 10,
) -> tuple[Ranked, ...]:
    """Return the best runs, best first, with the reason for each that cannot win.

    The first whose model is sound leads, and is marked as the winner. `runs` come ordered by score
    and are read lazily: up to the leader, all that tie with it exactly, and `shown` rows; after
    `MOST_MISSES` the search ends, so that a sweep of thousands without any model is refused soon.

    Args:
        runs: ordered by score.
        metric: key of the score.
        goal: of the metric.
        examine: returns a run's sound model, or why it has none. It costs requests and time, so it
            is asked for no run behind the leader.
        shown: rows to return at least, if there are as many.
    """
    ranked: list[Ranked] = []
    unscored: list[Ranked] = []
    led = False
    for tied in _ties(runs, metric, unscored):
        for candidate in sorted(tied, key=lambda one: order_key(one, goal)):
            score = finite(candidate.score)
            if led:
                ranked.append(Ranked(candidate, score))
                continue
            found = examine(candidate)
            led = isinstance(found, Model)
            if isinstance(found, Model):
                ranked.append(Ranked(candidate, score, model=found, won=True))
            else:
                ranked.append(Ranked(candidate, score, found))
        if len(ranked) >= (shown if led else MOST_MISSES):
            break
    return (*ranked, *unscored[:shown])


def settle_ties(
    ranked: Sequence[Ranked],
    ties: Callable[[Ranked, Ranked], bool],
    examine: Callable[[Candidate], Model | str],
) -> tuple[Ranked, ...]:
    """Return the rows with the winner chosen among those that tie with the leader.

    Args:
        ranked: from `select`.
        ties: whether a row's score is within noise of the leader's.
        examine: as in `select`; asked only for rows that would win.
    """
    leader = winner(ranked)
    if leader is None:
        return tuple(ranked)
    behind = [row for row in ranked if row.score is not None and not row.why_not and not row.won]
    found = {row.candidate.id: replace(row, tied=True) for row in behind if ties(leader, row)}
    if not found:
        return tuple(ranked)
    found[leader.candidate.id] = replace(leader, tied=True, won=False)
    for row in sorted(found.values(), key=_lightest):
        model = row.model or examine(row.candidate)
        if isinstance(model, Model):
            found[row.candidate.id] = replace(row, model=model, won=True)
            break
        found[row.candidate.id] = replace(row, why_not=model)
    return tuple(found.get(row.candidate.id, row) for row in ranked)


def _lightest(row: Ranked) -> tuple[float, float, str, str]:
    summary = row.candidate.summary
    size, seconds = finite(summary.get("model_bytes")), finite(summary.get("fit_seconds"))
    return (
        math.inf if size is None else size,
        math.inf if seconds is None else seconds,
        row.candidate.created_at,
        row.candidate.id,
    )


def merge(
    ranked: Sequence[Ranked], unfinished: Iterable[Candidate], metric: str, goal: Goal
) -> tuple[Ranked, ...]:
    """Return ranked runs together with unfinished ones, each where its score puts it."""
    more = [Ranked(c, finite(c.score), why_unscored(c, metric)) for c in unfinished]
    return tuple(sorted([*ranked, *more], key=lambda row: order_key(row.candidate, goal)))


def winner(ranked: Iterable[Ranked]) -> Ranked | None:
    """Return the row that wins, or None."""
    return next((row for row in ranked if row.won), None)


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
        elif tied and finite(run.score) != finite(tied[0].score):
            yield tied
            tied = [run]
        else:
            tied.append(run)
    if tied:
        yield tied
