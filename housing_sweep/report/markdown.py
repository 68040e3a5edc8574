"""The report as Markdown: the same figures without the pictures. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from housing_sweep.drawing.spell import spell, spell_score
from housing_sweep.report import error_charts, words
from housing_sweep.report.contents import Report
from housing_sweep.search.importance import importances


def markdown(report: Report) -> str:
    """Return the report as one Markdown document."""
    _, verdict = words.status(report)
    head, lead = _safe(words.headline(report)), _safe(words.lead(report))
    lines = [f"# {head}", "", lead, "", f"**{_safe(verdict)}.**", ""]
    if warning := words.warning(report):
        lines += [f"> **{warning}**", ""]
    lines += _table(
        ["", "", ""], ([n, f"**{_safe(v)}**", _safe(x)] for n, v, x in words.tiles(report))
    )
    lines += [*_winner(report), *_mattered(report), *_errors(report), *_trials(report)]
    lines += [*_decision(report), f"Read from {report.sweep} at {report.made_at}.", ""]
    return "\n".join(lines)


def _winner(report: Report) -> list[str]:
    if report.winner is None:
        return []
    rows = [[f"`{_safe(name)}`", _safe(spell(v))] for name, v in report.winner.params.items()]
    return ["## The best model", "", *_table(["parameter", "value"], rows)]


def _mattered(report: Report) -> list[str]:
    scored = report.scored
    important = importances([t.params for t in scored], [float(t.score or 0) for t in scored])
    if important is None:
        return []
    rows = [
        [
            f"`{_safe(r.name)}`",
            f"{r.share:.0%}",
            "–" if r.correlation is None else f"{r.correlation:+.2f}",
        ]
        for r in important.rows
    ]
    head = ["parameter", "importance", "correlation"]
    return ["## What mattered", "", words.about_importance(important), "", *_table(head, rows)]


def _errors(report: Report) -> list[str]:
    if report.errors is None:
        return ["## Where it errs", "", report.no_errors, ""] if report.no_errors else []
    rows = [
        [name, f"{count:,}", f"{rmse:.3f}", f"{bias:+.3f}"]
        for name, count, rmse, bias in error_charts.by_target(report.errors)
    ]
    head = [f"actual {_safe(report.errors.target.name)}, fifths", "rows", "RMSE", "mean error"]
    return ["## Where it errs", "", words.about_spread(report.errors), "", *_table(head, rows)]


def _trials(report: Report) -> list[str]:
    names = report.varied
    order = {trial.id: rank for rank, trial in enumerate(report.scored)}
    ordered = sorted(report.trials, key=lambda t: (order.get(t.id, len(order)), t.number))
    rows = (
        [
            str(t.number),
            f"`{_safe(t.name)}`",
            _safe(t.state),
            spell_score(t.score),
            *(_safe(spell(t.params.get(name))) for name in names),
        ]
        for t in ordered
    )
    return [
        "## All trials",
        "",
        *_table(["#", "trial", "state", *map(_safe, [report.metric, *names])], rows),
    ]


def _decision(report: Report) -> list[str]:
    promotion = report.promotion
    lines = ["## Decision", ""]
    if promotion is None:
        return [*lines, "No run of this sweep was promoted.", ""]
    displaced = promotion.record.get("displaced") or "nothing"
    lines.append(
        f"{_safe(promotion.who)} promoted to `{_safe(promotion.target)}` on {promotion.when}"
        f" (run `{promotion.run}`); displaced: {_safe(displaced)}."
    )
    checks = promotion.record.get("checks")
    if isinstance(checks, list):
        rows = [
            ["yes" if c.get("passed") else "no", _safe(c.get("name")), _safe(c.get("reason"))]
            for c in checks
            if isinstance(c, Mapping)
        ]
        lines += ["", *_table(["passed", "check", "because"], rows)]
    return [*lines, ""]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _safe(value: object) -> str:
    """Return text that cannot break a table or become HTML."""
    flat = " ".join(str(value).split())
    return flat.replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
