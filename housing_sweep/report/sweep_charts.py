"""The report's charts as inline SVG. Pure: values in, text out, "" when nothing is to show."""

import math
from collections.abc import Sequence

import numpy as np

from housing_sweep.drawing import svg
from housing_sweep.drawing.scales import Axis, Linear
from housing_sweep.drawing.spell import spell, spell_score
from housing_sweep.report.contents import Curve, Report, ReportedTrial
from housing_sweep.search.importance import Importances

WIDTH = 1080.0
HALF = 520.0
MOST_AXES = 9
"""Parameters that parallel coordinates show: more cannot be followed by eye."""


def parallel(report: Report, important: Importances | None) -> str:
    """Return parallel coordinates: one line a trial, through its parameters to its score."""
    trials = report.scored
    names = _axes_to_show(report, important)
    if len(trials) < 2 or not names:
        return ""
    top, bottom, left, right = 46.0, 330.0, 60.0, WIDTH - 70
    places = np.linspace(left, right, len(names) + 1)
    axes = [Axis.of([t.params.get(n) for t in trials], bottom, top) for n in names]
    scores = [t.score for t in trials if t.score is not None]
    best_up = (bottom, top) if report.maximize else (top, bottom)
    score_axis = Linear.over(scores, *best_up)
    low, high = _span(scores)
    parts = []
    winner = report.winner
    for trial in reversed(trials):  # the best is drawn last, on top
        assert trial.score is not None
        ys = [axis.at(trial.params.get(n)) for n, axis in zip(names, axes, strict=True)]
        points = list(zip(places, [*ys, score_axis.at(trial.score)], strict=True))
        shade = svg.ramp(trial.score, low, high)
        shade = 8 - shade if report.maximize else shade
        css = f"way q{shade}" + (" winner" if trial is winner else "")
        parts.append(svg.path(points, css, tip=_tip(trial, report), trial=trial.id, joined="eased"))
    for x, name, axis in zip(places, names, axes, strict=False):
        parts.append(svg.line(x, top, x, bottom, "axis"))
        parts += [svg.text(x - 6, y + 4, words, "tick halo", "end") for y, words in axis.ticks()]
        parts.append(svg.text(x, top - 22, name, "label"))
    parts.append(svg.line(right, top, right, bottom, "axis"))
    parts += [
        svg.text(right + 8, score_axis.at(v) + 4, words, "tick", "start")
        for v, words in score_axis.ticks()
    ]
    parts.append(svg.text(right, top - 22, report.metric, "label strong"))
    title = f"Parallel coordinates: {len(trials)} trials through {', '.join(names)}"
    return svg.frame(WIDTH, 350, title, parts, kind="ways")


def best_so_far(report: Report) -> str:
    """Return every trial's score in order of creation, and the best until then."""
    trials = [t for t in report.trials if t.score is not None and t.state == "finished"]
    if not trials:
        return ""
    x = Linear.over([t.number for t in trials], 64, HALF - 14, room=0.02)
    scores = [t.score for t in trials if t.score is not None]
    usual = _without_outliers(scores, report.maximize)
    y = Linear.over(usual, 300, 34, room=0.06)
    pick = max if report.maximize else min
    best: list[tuple[float, float]] = []
    dots = []
    winner = report.winner
    for trial in trials:
        score = float(trial.score or 0.0)
        level = pick(score, best[-1][1]) if best else score
        best.append((trial.number, level))
        at = min(max(y.at(score), 34), 300)
        css = "dot winner" if trial is winner else "dot"
        radius = 6.0 if trial is winner else 3.6
        dots.append(svg.dot(x.at(trial.number), at, radius, css, _tip(trial, report), trial.id))
    steps = [(x.at(number), min(max(y.at(score), 34), 300)) for number, score in best]
    parts = [
        svg.left_axis(y, 64, HALF - 14, report.metric),
        svg.bottom_axis(x, 34, 300, "trial, in order of creation", 8),
        svg.path(steps, "best", joined="steps") if len(steps) > 1 else "",
        *dots,
    ]
    said = f"Best {report.metric} so far: {spell_score(best[-1][1])} after {len(trials)} trials"
    return svg.frame(HALF, 345, said, parts)


def curves(report: Report) -> str:
    """Return the validation curves of the best trials, the winner's in front."""
    drawn = [_finite(curve) for curve in report.curves]
    drawn = [curve for curve in drawn if len(curve.points) > 1]
    if not drawn:
        return ""
    every = [p for curve in drawn for p in curve.points]
    x = Linear.over([p[0] for p in every], 64, HALF - 14, log=True)
    ends = [curve.points[-1][1] for curve in drawn]
    tops = sorted(p[1] for p in every)
    high = tops[int(0.85 * (len(tops) - 1))] if not report.maximize else max(tops)
    low = min(tops) if not report.maximize else tops[int(0.15 * (len(tops) - 1))]
    y = Linear.over([low, max(high, *ends) if not report.maximize else high], 300, 34, room=0.05)
    winner = report.winner.id if report.winner else ""
    names = {t.id: t for t in report.trials}
    spread = _span(ends)
    parts = [
        svg.left_axis(y, 64, HALF - 14, report.metric),
        svg.bottom_axis(x, 34, 300, "iteration" + (" (logarithmic)" if x.log else "")),
        f'<clipPath id="c"><rect x="64" y="30" width="{HALF - 78:.0f}" height="274"/></clipPath>',
        '<g clip-path="url(#c)">',
    ]
    for curve in sorted(drawn, key=lambda c: c.trial == winner):
        shade = svg.ramp(curve.points[-1][1], *spread)
        shade = 8 - shade if report.maximize else shade
        css = f"way q{shade}" + (" winner" if curve.trial == winner else "")
        tip = _tip(names[curve.trial], report) if curve.trial in names else curve.trial
        points = [(x.at(a), y.at(b)) for a, b in curve.points]
        parts.append(svg.path(points, css, tip=tip, trial=curve.trial))
    parts.append("</g>")
    title = f"Validation curves of the best {len(drawn)} trials"
    return svg.frame(HALF, 345, title, parts, kind="ways")


def importance_bars(important: Importances | None) -> str:
    """Return how much each parameter mattered, and which way."""
    if important is None:
        return ""
    rows = important.rows[:12]
    height = 34.0 + 30 * len(rows)
    left, right = 150.0, HALF - 150
    most = max((row.share for row in rows), default=1.0) or 1.0
    parts = [
        svg.text(left, 18, "share of what the score depends on", "label", "start"),
        svg.text(HALF - 60, 18, "correlation", "label"),
        svg.line(HALF - 60, 28, HALF - 60, height - 4),
    ]
    for i, row in enumerate(rows):
        y = 30.0 + 30 * i
        width = (right - left) * row.share / most
        parts.append(svg.text(left - 8, y + 15, row.name, "tick", "end"))
        parts.append(svg.rect(left, y + 3, width, 16, "bar", f"{row.name}: {row.share:.1%}"))
        parts.append(svg.text(left + width + 6, y + 15, f"{row.share:.0%}", "tick", "start"))
        if row.correlation is None:
            parts.append(svg.text(HALF - 60, y + 15, "words", "tick"))
            continue
        reach = 46 * row.correlation
        start = HALF - 60 + min(0.0, reach)
        css = "rises" if row.correlation > 0 else "falls"
        tip = f"Spearman correlation with the score: {row.correlation:+.2f}"
        parts.append(svg.rect(start, y + 5, abs(reach), 12, css, tip))
    shares = ", ".join(f"{row.name} {row.share:.0%}" for row in rows[:3])
    return svg.frame(HALF, height, f"What mattered: {shares}", parts)


def slices(report: Report, names: Sequence[str]) -> list[str]:
    """Return one small chart a parameter: the score over its values."""
    trials = report.scored
    scores = [t.score for t in trials if t.score is not None]
    if len(trials) < 3:
        return []
    width, height = 252.0, 190.0
    y = Linear.over(_without_outliers(scores, report.maximize), height - 40, 26, room=0.06)
    drawn = []
    for name in names:
        axis = Axis.of([t.params.get(name) for t in trials], 52, width - 12)
        parts = [svg.left_axis(y, 46, width - 8, report.metric, 5)]
        ticks = axis.ticks()
        keep = ticks[:: max(1, math.ceil(len(ticks) / 4))]
        parts += [svg.text(x, height - 22, words) for x, words in keep]
        parts.append(svg.text((46 + width) / 2, height - 5, name, "label"))
        for trial in reversed(trials):
            level = min(max(y.at(float(trial.score or 0)), 26), height - 40)
            css = "dot winner" if trial is report.winner else "dot"
            radius = 5.0 if trial is report.winner else 2.8
            tip = f"{spell(trial.params.get(name))}: {_tip(trial, report)}"
            parts.append(
                svg.dot(axis.at(trial.params.get(name)), level, radius, css, tip, trial.id)
            )
        title = f"{report.metric} over {name}"
        drawn.append(svg.frame(width, height, title, parts))
    return drawn


def _axes_to_show(report: Report, important: Importances | None) -> list[str]:
    if important is None or len(report.varied) <= MOST_AXES:
        return report.varied[:MOST_AXES]
    first = {row.name for row in important.rows[:MOST_AXES]}
    return [name for name in report.varied if name in first]


def _span(scores: Sequence[float]) -> tuple[float, float]:
    """Return what the colours span: the worst quarter must not wash out the rest."""
    ordered = sorted(scores)
    return ordered[0], ordered[int(0.9 * (len(ordered) - 1))]


def _without_outliers(scores: Sequence[float], maximize: bool) -> list[float]:
    """Return the scores without a far tail on the bad side, which are drawn at the edge."""
    ordered = sorted(scores, reverse=maximize)
    middle = ordered[len(ordered) // 2]
    reach = 4 * abs(middle - ordered[0])
    return [s for s in ordered if reach == 0 or abs(s - ordered[0]) <= max(reach, 1e-12)]


def _finite(curve: Curve) -> Curve:
    return Curve(curve.trial, [p for p in curve.points if all(map(math.isfinite, p)) and p[0] > 0])


def _tip(trial: ReportedTrial, report: Report) -> str:
    return f"{trial.name}: {report.metric} {spell_score(trial.score)}"
