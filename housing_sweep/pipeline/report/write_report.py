"""`housing-sweep report`: read a sweep, look at its best model, write the page, log it."""

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.report.read_sweep import Sources, read_sweep
from housing_sweep.registry.references import SweepRef
from housing_sweep.report import markdown, page
from housing_sweep.report.contents import Report
from housing_sweep.search.score import Goal


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """What was made: both files, and the page of the run that shows the report, or ""."""

    html: Path
    markdown: Path
    logged: str
    report: Report


def write_report(
    backend: Sources,
    sweep: str,
    out: Path | None,
    *,
    metric: str | None = None,
    goal: Goal | None = None,
    log: bool = True,
) -> WrittenReport:
    """Write a sweep's report as HTML and, beside it, as Markdown.

    Args:
        backend: who is asked.
        sweep: ENTITY/PROJECT/ID, PROJECT/ID, ID or URL.
        out: the HTML file; default `report-ID.html` here.
        metric: key of the score; default the sweep's own, else val_rmse.
        goal: whether a small or a large value of it is good; None where that is known.
        log: show it in W&B too, on the promotion run or a run of its own.

    Raises:
        BadInput: `out` is not a name of an HTML file in a folder that exists.
        NotFound: the sweep does not exist.
    """
    ref = SweepRef.parse(sweep)
    target = _target(out or Path(f"report-{ref.id}.html"))
    report = read_report(backend, ref, metric, goal)
    _write(target, page.html(report))
    _write(target.with_suffix(".md"), markdown.markdown(report))
    logged = ""
    if log:
        with backend.reports.report_run(SweepRef.parse(report.sweep), report.promotion) as run:
            run.show(target)
            logged = run.url
    return WrittenReport(target, target.with_suffix(".md"), logged, report)


def read_report(
    backend: Sources, ref: SweepRef, metric: str | None = None, goal: Goal | None = None
) -> Report:
    """Return a sweep's report: its trials, curves, promotion, and the best model's errors."""
    from housing_sweep.pipeline.report import model_errors

    report = read_sweep(backend, ref, metric, goal)
    ref = SweepRef.parse(report.sweep)
    winner, scored = report.winner, report.scored
    front = [winner] if winner is not None and winner not in scored else []
    curves = backend.reports.curves(ref, [*front, *scored], report.metric)
    report = replace(report, curves=curves)
    if winner is None:
        return report
    seen = model_errors.errors_of_model(backend, ref, winner.id)
    return replace(
        report,
        errors=seen.errors,
        no_errors=seen.why_not,
        dataset=seen.dataset,
        source=seen.source,
        target=seen.target,
    )


def _target(path: Path) -> Path:
    if path.suffix.lower() not in (".html", ".htm"):
        raise BadInput(f"--out {path} is not an HTML file", fix="give a name that ends in .html")
    if not path.parent.is_dir():
        raise BadInput(f"--out {path}: there is no folder {path.parent}", fix="make it first")
    if path.is_dir():
        raise BadInput(f"--out {path} is a folder", fix="name a file")
    return path


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
