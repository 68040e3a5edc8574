"""One self-contained HTML file: style, script and drawings are inside, nothing is fetched.

A content security policy says so to the browser too: were something to slip in, it would not load.
Everything that comes from a run (names, values, errors) is escaped.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files

from housing_sweep.drawing.spell import spell, spell_score
from housing_sweep.report import error_charts, sweep_charts, words
from housing_sweep.report.contents import Report, ReportedTrial
from housing_sweep.search.importance import Importances, importances

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
MOST_SLICES = 8


def html(report: Report) -> str:
    """Return the report as one HTML document."""
    scored = report.scored
    important = importances([t.params for t in scored], [float(t.score or 0) for t in scored])
    sections = [
        _winner(report),
        _search(report, important),
        _mattered(report, important),
        _errors(report),
        _trials(report),
        _decision(report),
    ]
    filled = [(key, name, body) for key, name, body in sections if body]
    links = "".join(f'<a href="#{key}">{escape(name)}</a>' for key, name, _ in filled)
    bodies = "".join(
        f'<section id="{key}"><h2>{escape(name)}</h2>{body}</section>' for key, name, body in filled
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}: sweep report</title>"
        f"<style>{_asset('style.css')}</style></head><body>"
        f'{_hero(report)}<nav aria-label="Sections">{links}</nav><main>{bodies}</main>'
        f"{_footer(report)}<script>{_asset('page.js')}</script></body></html>\n"
    )


def _asset(name: str) -> str:
    return files("housing_sweep.report").joinpath(name).read_text("utf-8")


def _hero(report: Report) -> str:
    tiles = "".join(
        f'<div class="tile"><dt>{escape(name)}</dt><dd>{escape(value)}</dd>'
        f"<p>{escape(note)}</p></div>"
        for name, value, note in words.tiles(report)
    )
    kind, verdict = words.status(report)
    warning = words.warning(report)
    alarm = f'<p class="alarm" role="alert">{escape(warning)}</p>' if warning else ""
    return (
        f'<header class="hero"><div class="inside"><p class="eyebrow">Sweep report ·'
        f" {_link(report.sweep, report.url)}</p>"
        f"<h1>{escape(words.headline(report))}</h1>"
        f'<p class="lead">{escape(words.lead(report))}</p>'
        f'<p class="status {kind}">{escape(verdict)}</p>{alarm}'
        f'<dl class="tiles">{tiles}</dl></div></header>'
    )


def _winner(report: Report) -> tuple[str, str, str]:
    trial = report.winner
    if trial is None:
        return "winner", "The best model", ""
    varied = set(report.varied)
    first = [(n, v) for n, v in trial.params.items() if n in varied]
    rest = [(n, v) for n, v in trial.params.items() if n not in varied]
    parts = [
        '<div class="columns">',
        _pairs("Found by the sweep", first),
        _pairs("Fixed for all trials", rest),
        _pairs("Scores and cost", [*_scores(report, trial)]),
        "</div>",
    ]
    return "winner", "The best model", "".join(parts)


def _scores(report: Report, trial: ReportedTrial) -> Iterable[tuple[str, object]]:
    yield report.metric, spell_score(trial.score)
    for name, value in trial.facts.items():
        yield words.FACTS.get(name, name), words.spell_fact(name, value)
    yield "run", trial.id


def _search(report: Report, important: Importances | None) -> tuple[str, str, str]:
    wide = sweep_charts.parallel(report, important)
    pair = [
        _figure(sweep_charts.best_so_far(report), "Best so far", words.about_best(report)),
        _figure(sweep_charts.curves(report), "Validation curves", words.about_curves(report)),
    ]
    body = _figure(
        wide,
        "Every trial, from its parameters to its score",
        "One line a trial; the stronger its colour, the better its score; the thick line is the"
        " best model. Point at a line to follow it through the page.",
    )
    return "search", "The search", body + _row(pair)


def _mattered(report: Report, important: Importances | None) -> tuple[str, str, str]:
    if important is None:
        return "mattered", "What mattered", ""
    bars = _figure(
        sweep_charts.importance_bars(important), "Importance", words.about_importance(important)
    )
    first = [row.name for row in important.rows[:MOST_SLICES]]
    small = "".join(sweep_charts.slices(report, first))
    return (
        "mattered",
        "What mattered",
        f'<div class="beside">{bars}<div class="small">{small}</div></div>',
    )


def _errors(report: Report) -> tuple[str, str, str]:
    title = "Where it errs"
    if report.errors is None:
        said = f'<p class="empty">{escape(report.no_errors)}</p>' if report.no_errors else ""
        return "errors", title, said
    errors = report.errors
    rows = [
        [name, f"{count:,}", f"{rmse:.3f}", f"{bias:+.3f}"]
        for name, count, rmse, bias in error_charts.by_target(errors)
    ]
    table = _table([f"actual {errors.target.name}, fifths", "rows", "RMSE", "mean error"], rows)
    right = "".join(
        [
            _figure(
                error_charts.predicted_actual(errors),
                "Predicted over actual",
                words.about_predicted(errors),
            ),
            _figure(
                error_charts.residuals(errors),
                "How the errors are spread",
                words.about_spread(errors),
            ),
        ]
    )
    land = errors.place.land if errors.place else None
    where = f"Validation rows in {land.name}" if land else "Validation rows at their places"
    left = _figure(error_charts.error_map(errors), where, words.ABOUT_MAP)
    by = escape(errors.target.name)
    table = f"<figure><figcaption><h3>By {by}</h3></figcaption>{table}</figure>"
    return (
        "errors",
        title,
        f'<div class="beside map-side"><div>{left}{table}</div><div>{right}</div></div>',
    )


def _trials(report: Report) -> tuple[str, str, str]:
    names = report.varied
    facts = [name for name in words.FACTS if any(name in t.facts for t in report.trials)]
    heads = ["#", "trial", "state", report.metric, *names, *(words.FACTS[f] for f in facts)]
    head = "".join(
        f'<th scope="col" aria-sort="none"><button type="button">{escape(h)}</button></th>'
        for h in heads
    )
    order = {trial.id: rank for rank, trial in enumerate(report.scored)}
    ordered = sorted(report.trials, key=lambda t: (order.get(t.id, len(order)), t.number))
    body = "".join(_trial_row(report, trial, names, facts) for trial in ordered)
    note = f"{len(report.trials)} trials, the best first. A column's name sorts by it."
    table = (
        f'<p class="note">{note}</p><div class="scroll"><table class="trials"><thead>'
        f"<tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    return "trials", "All trials", table


def _trial_row(
    report: Report, trial: ReportedTrial, names: Sequence[str], facts: Sequence[str]
) -> str:
    cells = [
        _cell(str(trial.number), trial.number),
        f'<td data-v="{escape(trial.name)}">{_link(trial.name, trial.url)}</td>',
        f'<td data-v="{escape(trial.state)}" title="{escape(trial.error)}">'
        f'<span class="state {escape(trial.state)}">{escape(trial.state)}</span></td>',
        _cell(spell_score(trial.score), trial.score),
        *(_cell(spell(trial.params.get(name)), trial.params.get(name)) for name in names),
        *(_cell(words.spell_fact(f, trial.facts.get(f)), trial.facts.get(f)) for f in facts),
    ]
    css = ' class="winner"' if trial is report.winner else ""
    return f'<tr{css} data-trial="{escape(trial.id)}">{"".join(cells)}</tr>'


def _cell(text: str, value: object) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    css = ' class="number"' if number or value is None else ""
    return f'<td{css} data-v="{escape("" if value is None else str(value))}">{escape(text)}</td>'


def _decision(report: Report) -> tuple[str, str, str]:
    promotion = report.promotion
    if promotion is None:
        said = "No run of this sweep was promoted. `housing-sweep promote` decides and records why."
        return "decision", "Decision", f'<p class="empty">{escape(said)}</p>'
    record = dict(promotion.record)
    checks = record.pop("checks", None)
    record.pop("ranked", None)  # the table of trials says it
    head = [
        ("decision", record.pop("decision", "")),
        ("target", promotion.target),
        ("version", promotion.version or "not applied"),
        ("holds the alias now", promotion.holder or "nothing"),
        ("by", promotion.who),
        ("when", promotion.when),
        ("displaced", record.pop("displaced", None) or "nothing"),
    ]
    for name in ("alias", "target", "who"):
        record.pop(name, None)
    run = _link(f"promotion run {promotion.run}", promotion.url)
    body = _pairs("", head) + _checks(checks)
    whole = escape(json.dumps(record, indent=2, default=str))
    return (
        "decision",
        "Decision",
        f"<p>{run}</p>{body}<details><summary>The rest of the record</summary>"
        f"<pre>{whole}</pre></details>",
    )


def _checks(checks: object) -> str:
    if not isinstance(checks, list):
        return ""
    items = []
    for check in checks:
        if not isinstance(check, Mapping):
            continue
        good = bool(check.get("passed"))
        mark = '<span class="yes">✓ yes</span>' if good else '<span class="no">✗ no</span>'
        items.append(
            f"<tr><td>{mark}</td><td>{escape(str(check.get('name', '')))}</td>"
            f"<td>{escape(str(check.get('reason', '')))}</td></tr>"
        )
    head = "<thead><tr><th>passed</th><th>check</th><th>because</th></tr></thead>"
    return f'<div class="scroll"><table>{head}<tbody>{"".join(items)}</tbody></table></div>'


def _figure(drawing: str, title: str, note: str) -> str:
    if not drawing:
        return ""
    return (
        f"<figure><figcaption><h3>{escape(title)}</h3><p>{escape(note)}</p></figcaption>"
        f"{drawing}</figure>"
    )


def _row(parts: Sequence[str]) -> str:
    return f'<div class="row">{"".join(parts)}</div>' if any(parts) else ""


def _pairs(title: str, pairs: Iterable[tuple[str, object]]) -> str:
    rows = "".join(
        f"<tr><th scope='row'>{escape(str(name))}</th><td>{escape(spell(value))}</td></tr>"
        for name, value in pairs
    )
    head = f"<h3>{escape(title)}</h3>" if title else ""
    return f'<div>{head}<table class="pairs"><tbody>{rows}</tbody></table></div>' if rows else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    body = "".join(
        "<tr>" + "".join(f'<td class="number">{escape(c)}</td>' for c in row) + "</tr>"
        for row in rows
    )
    return f'<table class="bands"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _link(text: str, url: str) -> str:
    if not url.startswith(("http://", "https://")):
        return escape(text)
    return f'<a href="{escape(url)}" rel="noreferrer">{escape(text)}</a>'


def _footer(report: Report) -> str:
    return (
        f"<footer><p>Read from {escape(report.sweep)} at {escape(report.made_at)} by"
        " <code>housing-sweep report</code>. This file holds everything it shows and asks the"
        " network for nothing.</p></footer>"
    )
