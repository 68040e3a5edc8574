"""A sweep read whole, for its report: trials, curves, promotion."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from housing_sweep.pipeline.ports import SweepReports, TrialSources
from housing_sweep.registry.references import SweepRef
from housing_sweep.registry.selection import Candidate
from housing_sweep.report.contents import Report, ReportedTrial
from housing_sweep.report.words import FACTS
from housing_sweep.search.score import Goal, Score, finite, metric_names, score_of, unknown_metric


class Sources(TrialSources, Protocol):
    """What a report is read from and shown on."""

    @property
    def reports(self) -> SweepReports:
        """Curves, promotion, and the run that shows it."""


def read_sweep(
    sources: Sources, ref: SweepRef, metric: str | None = None, goal: Goal | None = None
) -> Report:
    """Return a sweep with all its trials and curves; the best model's errors are left open.

    Args:
        sources: what is asked.
        ref: the sweep.
        metric: key of the score; default the sweep's own, else val_rmse.
        goal: whether a small or a large value of it is good; None where that is known.

    Raises:
        NotFound: it does not exist.
        BadInput: it has several objectives and no metric is named; nothing says which way the
            metric is good; trials have finished and none has the metric that is named.
    """
    facts = sources.sweeps.sweep(ref)
    score = score_of(facts.objectives, metric, goal)
    candidates = sources.sweeps.trials(facts.ref)
    finished = [run.summary for run in candidates if run.finished]
    if metric is not None and finished and all(score.raw(one) is None for one in finished):
        raise unknown_metric(metric, metric_names(finished))
    return Report(
        sweep=str(facts.ref),
        title=facts.title,
        method=facts.method,
        state=facts.state,
        metric=score.name,
        maximize=score.maximize,
        trials=[
            reported(number, candidate, score, facts.parameters)
            for number, candidate in enumerate(candidates, start=1)
        ],
        promotion=sources.reports.promotion(facts.ref),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        url=facts.url,
    )


def reported(
    number: int, candidate: Candidate, score: Score, parameters: Sequence[str]
) -> ReportedTrial:
    """Return a trial as a report shows it."""
    summary, config = candidate.summary, candidate.config
    figures = {name: finite(summary.get(name)) for name in FACTS}
    return ReportedTrial(
        number=number,
        id=candidate.id.rsplit("/", 1)[-1],
        name=str(candidate.name),
        state=str(candidate.state),
        created_at=candidate.created_at,
        params=_flat({name: config[name] for name in parameters if name in config}),
        score=score.read(summary),
        facts={name: value for name, value in figures.items() if value is not None},
        url=candidate.url,
        error=str(summary.get("error") or ""),
    )


def _flat(params: Mapping[str, object]) -> dict[str, object]:
    """Return nested parameters under dotted names."""
    flat: dict[str, object] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": item for inner, item in _flat(value).items()}
        else:
            flat[name] = value
    return flat
