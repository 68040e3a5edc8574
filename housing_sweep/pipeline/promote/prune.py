"""`housing-sweep prune`: decide which losers' models may go, then delete them, one by one.

Each is read again right before it goes, so that one which is promoted meanwhile stays. Running it
again after an interruption deletes the rest.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from housing_sweep.pipeline.ports import StoredModels, Sweeps
from housing_sweep.registry.prune_rules import PruneVerdict, standing, verdict
from housing_sweep.registry.references import SweepRef
from housing_sweep.search.score import Goal, Score, score_of


@dataclass(frozen=True, slots=True)
class PruneRequest:
    """What to prune.

    Attributes:
        sweep: ENTITY/PROJECT/ID, PROJECT/ID, ID or URL.
        keep: how many of the best trials keep their models.
        metric: key of the score; default the sweep's own, else val_rmse.
        goal: whether a small or a large value of it is good; None where that is known.
        unscored: delete the models of trials that cannot be ranked, too.
    """

    sweep: str
    keep: int = 5
    metric: str | None = None
    goal: Goal | None = None
    unscored: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What pruning a sweep does.

    Attributes:
        ref: the sweep.
        score: what its trials are ranked by.
        best: names of its best runs, whose models are not touched, best first.
        busy: names of runs that have not ended.
        verdicts: on the models of all others.
    """

    ref: SweepRef
    score: Score
    best: tuple[str, ...]
    busy: tuple[str, ...]
    verdicts: tuple[PruneVerdict, ...]

    @property
    def going(self) -> list[PruneVerdict]:
        """Those that go."""
        return [verdict for verdict in self.verdicts if not verdict.why_kept]


def plan(sweeps: Sweeps, models: StoredModels, request: PruneRequest) -> Plan:
    """Return what would go; changes nothing.

    Raises:
        BadInput: the sweep cannot be one, has several objectives, nothing says which way the
            metric is good, no finished trial has it, or `keep` is negative.
        NotFound: the sweep does not exist.
        Refused: no trial has finished.
    """
    facts = sweeps.sweep(SweepRef.parse(request.sweep))
    score = score_of(facts.objectives, request.metric, request.goal)
    trials = standing(sweeps.trials(facts.ref), score, request.keep)
    reasons = [(trial, "") for trial in trials.losers]
    reasons += [(trial, "" if request.unscored else why) for trial, why in trials.unscored]
    return Plan(
        ref=facts.ref,
        score=score,
        best=tuple(_id(trial.id) for trial in trials.best),
        busy=tuple(_id(trial.id) for trial in trials.busy),
        verdicts=tuple(
            verdict(model, why) for trial, why in reasons for model in models.models_of(trial.id)
        ),
    )


def apply(models: StoredModels, plan: Plan) -> Iterator[PruneVerdict]:
    """Delete what a plan says, yielding each as it is done: gone, or kept after all and why."""
    for doomed in plan.going:
        model = models.read_again(doomed.model)
        if model is None:
            continue
        last = verdict(model)
        if not last.why_kept:
            models.delete(model)
        yield last


def _id(path: str) -> str:
    return path.rsplit("/", 1)[-1]
