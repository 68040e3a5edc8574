"""Which run wins, and why not the others.

Order: score, then creation time, then run id. The last is unique, so equal scores (a grid that
repeats a seed, a metric with few values) give the same winner whoever asks, and the earlier run
wins because a later equal one has not improved on it.

The run with the best score leads. Those whose score is within noise of it tie with it, and of them
the smaller, then faster, then earlier model wins: the best of many noisy scores is the luckiest.
"""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.references import RunId
from housing_sweep.search.score import Score, finite
from housing_sweep.search.trial import TrialState

MOST_MISSES = 5_000
"""Runs without a score in a row, or without a sound model, after which the search ends. Each costs
a request or two; anybody can log such runs in front of honest ones, so it must be out of reach."""


@dataclass(frozen=True, slots=True)
class Model:
    """A committed model artifact of a run.

    Attributes:
        id: the backend's id of this version; a link in the registry has the same.
        name: `entity/project/model-<run id>:vN`.
        digest: of its contents.
        facts: what its trial recorded with it, or None: it is no model of ours.
        why_no_facts: what is wrong with its metadata, or "".
    """

    id: str
    name: str
    digest: str
    facts: ModelFacts | None = None
    why_no_facts: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trial's run as the backend tells it; its summary holds the scores, unchecked."""

    id: RunId
    name: str
    state: str
    created_at: str
    config: Mapping[str, object] = field(default_factory=dict)
    commit: str | None = None
    user: str | None = None
    url: str = ""
    summary: Mapping[str, object] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether it came to its end as it should."""
        return self.state == TrialState.FINISHED.value


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


@dataclass(frozen=True, slots=True)
class Winner:
    """The row that wins, with what only a winner is sure to have.

    Attributes:
        row: itself.
        model: sound.
        score: None where a version is moved on whose run has none (a refit).
    """

    row: Ranked
    model: Model
    score: float | None

    @property
    def candidate(self) -> Candidate:
        """Its run."""
        return self.row.candidate


def why_unscored(candidate: Candidate, score: Score) -> str:
    """Return why a run has no rank at all, or "": not finished, no score, or not a finite one."""
    if not candidate.finished:
        return f"not finished: {candidate.state}"
    return score.why_unscored(candidate.summary)


def order_key(candidate: Candidate, score: Score) -> tuple[float, str, str]:
    """Return the sort key: best score first, then the earlier, then the smaller run id."""
    value = score.read(candidate.summary)
    loss = math.inf if value is None else score.loss(value)
    return loss, candidate.created_at, candidate.id


def select(
    runs: Iterable[Candidate],
    score: Score,
    examine: Callable[[Candidate], Model | str],
    rows: int = 10,
    last: Container[RunId] = (),
) -> tuple[Ranked, ...]:
    """Return the best runs, best first, with the reason for each that cannot win.

    The first whose model is sound leads, and is marked as the winner. `runs` come ordered by score
    and are read lazily: up to the leader, all that tie with it exactly, and `rows` rows; after
    `MOST_MISSES` the search ends, so that a sweep of thousands without any model is refused soon.

    Args:
        runs: ordered by score.
        score: what they are ranked by.
        examine: returns a run's sound model, or why it has none. It costs requests and time, so it
            is asked for no run behind the leader.
        rows: rows to return at least, if there are as many.
        last: runs that win after all others with an equal score.
    """
    ranked: list[Ranked] = []
    unscored: list[Ranked] = []
    led = False
    for tied in _ties(runs, score, unscored):
        for candidate in sorted(tied, key=lambda run: (run.id in last, order_key(run, score))):
            value = score.read(candidate.summary)
            if led:
                ranked.append(Ranked(candidate, value))
                continue
            verdict = examine(candidate)
            led = isinstance(verdict, Model)
            if isinstance(verdict, Model):
                ranked.append(Ranked(candidate, value, model=verdict, won=True))
            else:
                ranked.append(Ranked(candidate, value, verdict))
        if len(ranked) >= (rows if led else MOST_MISSES):
            break
    return (*ranked, *unscored[:rows])


def settle_ties(
    ranked: Sequence[Ranked],
    ties: Callable[[Winner, Ranked], bool],
    examine: Callable[[Candidate], Model | str],
    foreign: Callable[[Candidate], bool] = lambda _: False,
) -> tuple[Ranked, ...]:
    """Return the rows with the winner chosen among those that tie with the leader.

    Args:
        ranked: from `select`.
        ties: whether a row's score is within noise of the leader's.
        examine: as in `select`; asked only for rows that would win.
        foreign: whether a run says that another environment made its model: its bytes cannot be
            proved here, so it wins after those whose can, whatever size and time it claims.
    """
    leader = winner(ranked)
    if leader is None:
        return tuple(ranked)
    behind = [row for row in ranked if row.score is not None and not row.why_not and not row.won]
    tied = {row.candidate.id: replace(row, tied=True) for row in behind if ties(leader, row)}
    if not tied:
        return tuple(ranked)
    tied[leader.candidate.id] = replace(leader.row, tied=True, won=False)
    for row in sorted(tied.values(), key=lambda row: (foreign(row.candidate), lightest(row))):
        model = row.model or examine(row.candidate)
        if isinstance(model, Model):
            tied[row.candidate.id] = replace(row, model=model, won=True)
            break
        tied[row.candidate.id] = replace(row, why_not=model)
    return tuple(tied.get(row.candidate.id, row) for row in ranked)


def lightest(row: Ranked) -> tuple[float, float, str, str]:
    """Return the order of trials that tie: smaller, then faster, then earlier, then by id."""
    summary = row.candidate.summary
    size, seconds = finite(summary.get("model_bytes")), finite(summary.get("fit_seconds"))
    return (
        math.inf if size is None else size,
        math.inf if seconds is None else seconds,
        row.candidate.created_at,
        row.candidate.id,
    )


def merge(
    ranked: Sequence[Ranked], unfinished: Iterable[Candidate], score: Score
) -> tuple[Ranked, ...]:
    """Return ranked runs together with unfinished ones, each where its score puts it."""
    more = [Ranked(c, score.read(c.summary), why_unscored(c, score)) for c in unfinished]
    return tuple(sorted([*ranked, *more], key=lambda row: order_key(row.candidate, score)))


def winner(ranked: Iterable[Ranked]) -> Winner | None:
    """Return the row that wins, or None."""
    return next(
        (Winner(row, row.model, row.score) for row in ranked if row.won and row.model), None
    )


def _ties(
    runs: Iterable[Candidate], score: Score, unscored: list[Ranked]
) -> Iterator[list[Candidate]]:
    """Yield runs with equal scores together; those without a score go to `unscored`."""
    tied: list[Candidate] = []
    misses = 0
    for run in runs:
        why = why_unscored(run, score)
        misses = misses + 1 if why else 0
        if misses > MOST_MISSES:
            break
        if why:
            unscored.append(Ranked(run, None, why))
        elif tied and score.read(run.summary) != score.read(tied[0].summary):
            yield tied
            tied = [run]
        else:
            tied.append(run)
    if tied:
        yield tied
