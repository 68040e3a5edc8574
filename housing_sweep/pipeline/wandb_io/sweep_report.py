"""A sweep read whole, for its report: trials, curves, promotion. Through `wandb.Api` alone.

Requests: one for the sweep, one per 100 trials, one per curve, one for the promotion records.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import wandb

from housing_sweep.pipeline.wandb_io.backend import WandbBackend
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.promotion import JOB_TYPE
from housing_sweep.registry.references import SweepRef, Target
from housing_sweep.report.contents import Curve, Report, ReportedPromotion, ReportedTrial
from housing_sweep.report.words import FACTS
from housing_sweep.search.score import Goal

PAGE = 100
MOST_CURVES = 30
SAMPLES = 200
REPORT_JOB = "report"


class TrialsBackend(WandbBackend):
    """Whatever answers at `WANDB_BASE_URL`, asked for a whole sweep."""

    def read_sweep(self, ref: SweepRef, metric: str | None = None) -> Report:
        """Return a sweep with all its trials; the best model's errors are left open.

        Raises:
            NotFound: it does not exist.
            BadInput: it has several objectives, and `metric` is None.
        """
        facts = self.sweep(ref)
        full = facts.ref
        with our_errors(f"read sweep {full}"):
            sweep = self._api.sweep(str(full))  # type: ignore[no-untyped-call]
            spec = dict(sweep.config)
        name, goal = facts.ranked_by(metric)
        trials = list(self._trials(full, name, list(spec.get("parameters") or {})))
        return Report(
            sweep=str(full),
            title=str(spec.get("name") or full.id),
            method=str(spec.get("method") or ""),
            state=str(sweep.state),
            metric=name,
            maximize=goal is Goal.MAXIMIZE,
            trials=trials,
            promotion=self._promotion(full),
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            url=str(sweep.url or ""),
        )

    def read_curves(
        self, ref: SweepRef, trials: Sequence[ReportedTrial], metric: str
    ) -> list[Curve]:
        """Return the curves of the first trials that have one, over the iteration or the step."""
        found = []
        for trial in trials[:MOST_CURVES]:
            with our_errors(f"read the history of {trial.id}"):
                run = self._api.run(f"{ref.entity}/{ref.project}/{trial.id}")
                points = _points(run, ["iteration", metric]) or _points(run, [metric])
            found.append(Curve(trial.id, points))
        return found

    def _trials(self, ref: SweepRef, metric: str, names: Sequence[str]) -> Iterator[ReportedTrial]:
        with our_errors(f"list the trials of {ref}"):
            runs = self._list(ref, {"sweep": ref.id}, "+created_at", PAGE)
            for number, run in enumerate(runs, start=1):
                yield _trial(number, run, metric, names)

    def _promotion(self, ref: SweepRef) -> ReportedPromotion | None:
        filters = {"jobType": JOB_TYPE, "config.sweep": str(ref)}
        with our_errors(f"read the promotions of {ref}"):
            found = self._list(ref, filters, "-created_at", 20)
            records = [run for run in found if not run.summary_metrics.get("withdrawn")]
        done = [run for run in records if run.summary_metrics.get("applied")]
        run = next(iter(done or records), None)
        if run is None:
            return None
        config = {k: v for k, v in run.config.items() if not k.startswith("_")}
        challenger = config.get("challenger") or {}
        target = Target(str(config.get("alias", "")))
        champion = self.champion(ref, target)
        return ReportedPromotion(
            run=run.id,
            applied=bool(run.summary_metrics.get("applied")),
            winner=str(challenger.get("run", "")).rsplit("/", 1)[-1],
            target=str(target),
            holder=champion.name if champion else "",
            version=str(run.summary_metrics.get("promoted") or ""),
            who=str(config.get("who") or ""),
            when=str(run.created_at),
            record=json.loads(json.dumps(config, default=str)),
            url=str(run.url or ""),
        )

    @contextmanager
    def report_run(
        self, ref: SweepRef, promotion: ReportedPromotion | None
    ) -> Iterator["ReportRun"]:
        """Open the promotion's run again, or without one a run with job type "report"."""
        known = promotion.run if promotion else None
        with (
            our_errors(f"log the report of {ref}"),
            wandb.init(
                entity=ref.entity,
                project=ref.project,
                id=known,
                resume="must" if known else None,
                job_type=None if known else REPORT_JOB,
                config=None if known else {"sweep": str(ref)},
            ) as run,
        ):
            yield ReportRun(run)


class ReportRun:
    """The run that shows a report."""

    def __init__(self, run: Any) -> None:
        self._run = run

    @property
    def url(self) -> str:
        """Its page, or its path where there is none."""
        return str(self._run.url or self._run.path)

    def show(self, page: Path) -> None:
        """Log an HTML file as a panel, as it is: wandb would add links to its own style sheets."""
        self._run.log({"report": wandb.Html(str(page), inject=False)})


def _trial(number: int, run: Any, metric: str, names: Sequence[str]) -> ReportedTrial:
    summary: Mapping[str, object] = run.summary_metrics
    facts = {name: _number(summary.get(name)) for name in FACTS}
    return ReportedTrial(
        number=number,
        id=str(run.id),
        name=str(run.name),
        state=str(run.state),
        created_at=str(run.created_at),
        params=_flat({name: run.config[name] for name in names if name in run.config}),
        score=_number(summary.get(metric)),
        facts={name: value for name, value in facts.items() if value is not None},
        url=str(run.url or ""),
        error=str(summary.get("error") or ""),
    )


def _flat(params: Mapping[str, object]) -> dict[str, object]:
    """Return nested parameters under dotted names."""
    found: dict[str, object] = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": v for inner, v in _flat(value).items()}
        else:
            found[name] = value
    return found


def _number(value: object) -> float | None:
    """Return a number that can be drawn, or None (diverged, or not a number).

    `define_metric` with a rule makes a summary value a small dict.
    """
    if isinstance(value, Mapping):
        value = next(iter(value.values()), None)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -1e100 < value < 1e100 else None


def _points(run: Any, keys: list[str]) -> list[tuple[float, float]]:
    rows = run.history(samples=SAMPLES, keys=keys, pandas=False)
    x = keys[0] if len(keys) > 1 else "_step"
    found = [(_number(row.get(x)), _number(row.get(keys[-1]))) for row in rows]
    return sorted((a, b) for a, b in found if a is not None and b is not None)
