"""Which point a sweep tries next: grid by position, random by number, bayes from what is known.

What is decided lives in `search`; here its questions are answered from the database.
"""

import json
import logging
from collections.abc import Mapping

from housing_sweep.search import bayes, grid, sampling
from housing_sweep.search.spec import SweepSpec
from housing_sweep.search.trial import Trial, TrialState
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import sweeps, trials
from housing_sweep.server.store.sweeps.sweeps import Sweep

Params = Mapping[str, object]

_log = logging.getLogger(__name__)

NEWEST_TRIALS, BEST_TRIALS = 2000, 200
"""Trials that a suggestion looks at; `bayes` caps those that enter its fit further."""

MOST_SKIPS = 5000
"""Grid points known from before an update or a prior run, passed over in one heartbeat."""


def next_point(ctx: Context, sweep: Sweep, spec: SweepSpec) -> tuple[int, Params | None]:
    """Return (position to go on from, point) of a sweep's next trial, cheaply.

    The point is None when a grid has none left, or so many known ones in a row that looking goes
    on at the next heartbeat. Not for bayes, see `suggest`.
    """
    if spec.method != "grid":
        return sweep.position, sampling.point(spec, sweep.seed, sweep.next_number)
    prior = _prior_digests(ctx, sweep, spec)
    position = sweep.position
    end = min(grid.size(spec), position + MOST_SKIPS)
    while position < end:
        point = grid.point(spec, position)
        position += 1
        known = trials.point_digest(point) in prior if prior else False
        if not known and not trials.has_point(ctx.db, sweep.id, point):
            return position, point
    return position, None


def suggest(ctx: Context, sweep: Sweep, spec: SweepSpec, ahead: int = 1) -> list[Params]:
    """Return the points of a bayes sweep's next `ahead` trials, from everything known now.

    May take a while: never to be called inside a transaction.
    """
    scores = [metric.score for metric in spec.objectives]
    known = [
        Trial(n, json.loads(point), TrialState.of(state), value, tuple(others))
        for n, state, point, value, *others in trials.observations(
            ctx.db, sweep.id, scores, NEWEST_TRIALS, BEST_TRIALS
        )
    ]
    prior = [_as_trial(run, -1 - i, spec) for i, run in enumerate(_prior(ctx, sweep))]
    finished = [*prior, *(t for t in known if _tells(t))]
    pending = [t for t in known if not t.state.ended or t.state is TrialState.PREEMPTED]
    suggestions: list[Params] = []
    for number in range(sweep.next_number, sweep.next_number + ahead):
        point = _safe_suggest(spec, finished, pending, sweep.seed, number)
        pending.append(Trial(number, point, TrialState.PENDING, None))
        suggestions.append(point)
    return suggestions


def _tells(trial: Trial) -> bool:
    """Return whether a trial tells about its point; one killed before it scored does not."""
    if trial.state is TrialState.KILLED:
        return trial.value is not None
    return trial.state.ended and trial.state is not TrialState.PREEMPTED


def _safe_suggest(
    spec: SweepSpec, finished: list[Trial], pending: list[Trial], seed: int, number: int
) -> Params:
    try:
        return bayes.suggest(spec, finished, pending, seed, number)
    except (ValueError, ArithmeticError):  # LinAlgError is a ValueError
        # A sweep must not stand still over a numerical accident: a random point is a fair trial.
        _log.exception("no bayes suggestion for trial %s, a random point instead", number)
        return sampling.point(spec, seed, number)


def _prior(ctx: Context, sweep: Sweep) -> list[Run]:
    return [r for r in sweeps.prior_runs(ctx.db, sweep.id) if r.state in runs.ENDED]


def _prior_digests(ctx: Context, sweep: Sweep, spec: SweepSpec) -> frozenset[str]:
    done = [run for run in _prior(ctx, sweep) if run.state == "finished"]
    return frozenset(trials.point_digest(_point_of(run, spec)) for run in done)


def _point_of(run: Run, spec: SweepSpec) -> dict[str, object]:
    values = run.config_values
    return {name: values[name] for name in spec.parameters if name in values}


def _as_trial(run: Run, number: int, spec: SweepSpec) -> Trial:
    summary = runs.parse(run.summary)
    first, *others = [metric.score.read(summary) for metric in spec.objectives] or [None]
    state = TrialState.of(run.state)
    return Trial(number, _point_of(run, spec), state, first, tuple(others))


def target_reached(ctx: Context, sweep: Sweep, spec: SweepSpec) -> bool:
    """Return whether a finished trial is as good as `metric.target` asks."""
    metric = spec.metric
    if metric is None or metric.target is None:
        return False
    best = sweeps.best_value(ctx.db, sweep.id, metric.score, state="finished")
    return best is not None and not metric.score.better(metric.target, best)
