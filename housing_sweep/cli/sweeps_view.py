"""Sweeps for people: tables, counts, a line of bars."""

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from housing_sweep.cli.render import console
from housing_sweep.pipeline.values import SweepOverview, SweepSummary
from housing_sweep.search import progress
from housing_sweep.search.spec_check import Report

COLOURS = {"RUNNING": "green", "FINISHED": "blue", "PAUSED": "yellow", "CANCELED": "red"}


def render_report(name: str, report: Report) -> None:
    """Print what was found in one spec."""
    for item in report.violations:
        where = f"{name}:{item.line}" if item.line else name
        console.print(f"{where}: {item.text}", style="red", soft_wrap=True, highlight=False)
    for item in report.warnings:
        where = f"{name}:{item.line}" if item.line else name
        console.print(f"{where}: warning: {item.text}", style="yellow", soft_wrap=True)
    if report.violations or report.spec is None:
        return
    spec, expected = report.spec, report.expected
    count = "no end" if expected is None else f"{expected} trials"
    kind = "first points" if spec.method == "grid" else "example points"
    console.print(f"{name}: ok, method {spec.method}, {count}", style="green", highlight=False)
    if not report.preview:
        return
    varied = [k for k in report.preview[0] if len({repr(p[k]) for p in report.preview}) > 1]
    table = Table(title=kind, title_justify="left", title_style="dim")
    for parameter in varied:
        table.add_column(parameter, justify="right")
    for point in report.preview:
        table.add_row(*(_short(point[parameter]) for parameter in varied))
    if varied:
        console.print(table)


def render_list(project: str, rows: Sequence[SweepSummary]) -> None:
    """Print a project's sweeps."""
    table = Table(title=f"Sweeps of {project}")
    for column in ("sweep", "name", "method", "state", "trials", "metric", "best"):
        table.add_column(column, justify="right" if column in ("trials", "best") else "left")
    for row in rows:
        table.add_row(
            row.path.rsplit("/", 1)[1],
            row.title,
            row.method,
            Text(row.state, COLOURS.get(row.state, "")),
            _of(row.trials, row.expected),
            row.metric or "",
            _short(row.best),
        )
    console.print(table)


def view_of(overview: SweepOverview, now: float) -> Group:
    """Return a sweep as one screen."""
    sweep = overview.sweep
    head = Text.assemble(
        (sweep.path, "bold"),
        f"  {sweep.title}  {sweep.method}  ",
        (sweep.state, COLOURS.get(sweep.state, "")),
    )
    counts = "  ".join(f"{n} {state}" for state, n in overview.counts.items() if n)
    trials = Text(f"trials {_of(sweep.trials, sweep.expected)}: {counts or 'none'}")
    return Group(head, trials, *_pace(overview, now), *_best(overview))


def _pace(overview: SweepOverview, now: float) -> list[Text]:
    ended = [t for t in overview.newest if t.state not in ("pending", "running")]
    ends = [t.heartbeat_at.timestamp() for t in ended if t.heartbeat_at]
    rate = progress.per_minute(ends, now)
    # The counts are of attempts: a failed one whose trial was tried again is not a trial done.
    alive = overview.counts["pending"] + overview.counts["running"]
    done = max(0, overview.sweep.trials - alive)
    lines = []
    score = overview.score
    if score and (curve := progress.best_so_far([t.score for t in ended], maximize=score.maximize)):
        lines.append(
            Text(f"{score.name} best so far {_short(curve[-1])}  {progress.sparkline(curve)}")
        )
    if rate and overview.sweep.state in ("PENDING", "RUNNING"):
        left = progress.seconds_left(overview.sweep.expected, done, rate)
        rest = f", about {_duration(left)} left" if left is not None else ""
        lines.append(Text(f"{rate:.1f} trials a minute{rest}"))
    return lines


def _best(overview: SweepOverview) -> list[Table]:
    if not overview.best:
        return []
    varied = _varied([trial.config for trial in overview.newest])
    table = Table(title="best trials", title_justify="left", title_style="dim")
    table.add_column("run")
    table.add_column(overview.score.name if overview.score else "", justify="right")
    table.add_column("state")
    table.add_column("parameters", overflow="fold")
    for trial in overview.best:
        point = ", ".join(f"{k}={_short(trial.config.get(k))}" for k in varied)
        table.add_row(trial.name, _short(trial.score), trial.state, point)
    return [table]


def _varied(configs: Sequence[Mapping[str, object]]) -> list[str]:
    names = sorted({name for config in configs for name in config})
    return [name for name in names if len({repr(config.get(name)) for config in configs}) > 1]


def _of(count: int, expected: int | None) -> str:
    return str(count) if expected is None else f"{count}/{expected}"


def _short(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
