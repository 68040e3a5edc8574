"""What a report needs of a sweep beyond its trials, and where it is shown.

Fulfils `ports.SweepReports`. Requests: one per curve, one for the promotion records.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wandb

from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.pipeline.wandb_io.registry_versions import WandbRegistry
from housing_sweep.registry.promotion import JOB_TYPE
from housing_sweep.registry.references import SweepRef, Target
from housing_sweep.report.contents import Curve, ReportedPromotion, ReportedTrial
from housing_sweep.search.score import finite, look_up

RECORDS = 20
MOST_CURVES = 30
SAMPLES = 200
REPORT_JOB = "report"


@dataclass(frozen=True, slots=True)
class WandbSweepReports:
    """Curves and promotions of one backend's sweeps, and runs that show reports."""

    connection: Connection
    registry: WandbRegistry

    def curves(self, ref: SweepRef, trials: Sequence[ReportedTrial], metric: str) -> list[Curve]:
        """Return the curves of the first trials that have one, over the iteration or the step."""
        curves = []
        for trial in trials[:MOST_CURVES]:
            with self.connection.reading(f"read the history of {trial.id}"):
                run = self.connection.api.run(f"{ref.entity}/{ref.project}/{trial.id}")
                points = _points(run, ["iteration", metric]) or _points(run, [metric])
            curves.append(Curve(trial.id, points))
        return curves

    def promotion(self, ref: SweepRef) -> ReportedPromotion | None:
        """Return the newest promotion of one of its runs, applied ones first."""
        filters = {"jobType": JOB_TYPE, "config.sweep": str(ref)}
        project = f"{ref.entity}/{ref.project}"
        with self.connection.reading(f"read the promotions of {ref}"):
            runs = self.connection.list_runs(project, filters, "-created_at", RECORDS)
            records = [run for run in runs if not run.summary_metrics.get("withdrawn")]
        applied = [run for run in records if run.summary_metrics.get("applied")]
        run = next(iter(applied or records), None)
        if run is None:
            return None
        config = {k: v for k, v in run.config.items() if not k.startswith("_")}
        challenger = config.get("challenger")
        challenger = challenger if isinstance(challenger, Mapping) else {}
        target = Target(str(config.get("alias", "")))
        champion = self.registry.champion(ref, target)
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
    ) -> Iterator["WandbReportRun"]:
        """Open the promotion's run again, or without one a run with job type "report"."""
        known = promotion.run if promotion else None
        with self.connection.run(
            f"log the report of {ref}",
            entity=ref.entity,
            project=ref.project,
            id=known,
            resume="must" if known else None,
            job_type=None if known else REPORT_JOB,
            config=None if known else {"sweep": str(ref)},
        ) as run:
            yield WandbReportRun(run)


class WandbReportRun:
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


def _points(run: Any, keys: list[str]) -> list[tuple[float, float]]:
    rows = run.history(samples=SAMPLES, keys=keys, pandas=False)
    x = keys[0] if len(keys) > 1 else "_step"
    points = [(finite(row.get(x)), finite(look_up(row, keys[-1]))) for row in rows]
    return sorted((a, b) for a, b in points if a is not None and b is not None)
