"""`housing-sweep sweeps`: check specs offline; list, show, watch, stop and retry sweeps."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from housing_sweep.cli import connect
from housing_sweep.errors import BadInput

if TYPE_CHECKING:
    from housing_sweep.search.spec import SweepSpec

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
RETRIABLE = ("failed", "crashed", "killed", "deleted")


@click.group()
def sweeps() -> None:
    """Check, list, watch, stop and retry sweeps.

    SWEEP is ENTITY/PROJECT/ID as `wandb sweep` prints it, PROJECT/ID, ID, or its URL.
    """


@sweeps.command()
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@json_option
def check(files: Sequence[Path], as_json: bool) -> None:
    """Check sweep specs offline: every violation with its line, expected trials, first points.

    Names of hyperparameters are checked too when the spec runs our training program. Exits 2 when
    a file has a violation.
    """
    from housing_sweep.cli.sweeps_view import render_report
    from housing_sweep.search import spec_check

    reports = {}
    for file in files:
        text = _read(file)
        reports[str(file)] = spec_check.check(text, *_program(text))
    bad = [name for name, report in reports.items() if report.violations]
    if as_json:
        documents = {name: _report_json(report) for name, report in reports.items()}
        click.echo(json.dumps(documents, indent=2))
    else:
        for name, report in reports.items():
            render_report(name, report)
    if bad:
        raise click.exceptions.Exit(BadInput.exit_code)


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {file}: {error}", fix="name a YAML file") from None


def _program(text: str) -> tuple[Callable[[dict[str, object]], None] | None, frozenset[str] | None]:
    """Return what our training program says to a point, and the parameters it knows.

    Nothing is known of the parameters of other programs, and of a table that is not installed here
    only their names.
    """
    if "housing_sweep.pipeline.trial" not in text:
        return None, None
    from housing_sweep.registry.references import DEFAULT_DATASET, artifact_name
    from housing_sweep.tabular.extras import registered
    from housing_sweep.tabular.trial_config import TrialConfig, known_parameters

    def check_point(point: dict[str, object]) -> None:
        extras = registered().get(artifact_name(str(point.get("dataset", DEFAULT_DATASET))))
        if extras is not None:
            TrialConfig.from_sweep(point, extras.problem)

    return check_point, known_parameters()


def _report_json(report: Any) -> dict[str, object]:
    spec: SweepSpec | None = report.spec
    return {
        "method": spec.method if spec else None,
        "expected": report.expected,
        "violations": [{"line": item.line, "text": item.text} for item in report.violations],
        "warnings": [{"line": item.line, "text": item.text} for item in report.warnings],
        "preview": list(report.preview),
    }


@sweeps.command("list")
@click.option("--project", metavar="[ENTITY/]PROJECT", help="Project.  [default: wandb's own]")
@json_option
def list_(project: str | None, as_json: bool) -> None:
    """List a project's sweeps, newest first."""
    from housing_sweep.cli.sweeps_view import render_list

    login = connect.backend()
    entity, name = login.registry.home.entity, login.registry.home.project
    if project:
        entity, _, name = project.rpartition("/") if "/" in project else (entity, "", project)
    rows = login.desk.list_sweeps(entity, name)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2, default=str))
    else:
        render_list(f"{entity}/{name}", rows)


@sweeps.command()
@click.argument("sweep", metavar="SWEEP")
@connect.ranking_options
@json_option
def show(sweep: str, metric: str | None, goal: str | None, as_json: bool) -> None:
    """Show a sweep: its state, how many trials ended how, the best ones."""
    from housing_sweep.cli.render import console
    from housing_sweep.cli.sweeps_view import view_of
    from housing_sweep.search.score import unknown_metric

    overview = connect.backend().desk.overview(_ref(sweep), metric, connect.goal_of(goal))
    if metric and overview.counts["finished"] and not overview.best:
        raise unknown_metric(metric, overview.metrics)
    if as_json:
        answer = asdict(overview)
        del answer["newest"], answer["metrics"], answer["score"]
        answer["ranked_by"] = overview.score and {
            "metric": overview.score.name,
            "goal": overview.score.goal.value,
        }
        click.echo(json.dumps(answer, indent=2, default=str))
    else:
        console.print(view_of(overview, time.time()))


@sweeps.command()
@click.argument("sweep", metavar="SWEEP")
@click.option(
    "--interval", type=click.FloatRange(0.5), default=2.0, show_default=True, help="Seconds."
)
def watch(sweep: str, interval: float) -> None:
    """Watch a sweep live until it ends or Ctrl-C: state, best so far, pace, time left."""
    from rich.live import Live

    from housing_sweep.cli.render import console
    from housing_sweep.cli.sweeps_view import view_of

    desk, ref = connect.backend().desk, _ref(sweep)
    overview = desk.overview(ref)
    with Live(view_of(overview, time.time()), console=console, auto_refresh=False) as live:
        while (
            overview.sweep.state in ("PENDING", "RUNNING", "PAUSED") or overview.counts["running"]
        ):
            time.sleep(interval)
            overview = desk.overview(ref)
            live.update(view_of(overview, time.time()), refresh=True)


@sweeps.command()
@click.argument("sweep", metavar="SWEEP")
@click.option("--cancel", is_flag=True, help="Kill the running trials too.")
def stop(sweep: str, cancel: bool) -> None:
    """Stop a sweep: no new trials; running ones end by themselves unless --cancel."""
    path = connect.backend().desk.set_state(_ref(sweep), "CANCELED" if cancel else "FINISHED")
    click.echo(f"{'cancelled' if cancel else 'stopped'} {path}")


@sweeps.command()
@click.argument("sweep", metavar="SWEEP")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(RETRIABLE),
    default=("failed", "crashed", "deleted"),
    show_default=True,
    help="Which ends to try again; repeat it for several.",
)
def retry(sweep: str, states: tuple[str, ...]) -> None:
    """Put a sweep's lost trials back in the queue, and reopen the sweep if it had ended.

    The same points are tried again as new runs; the runs that failed stay as they are. "deleted"
    are trials whose run was deleted. The local server only.
    """
    numbers = connect.backend().desk.retry(_ref(sweep), states)
    if not numbers:
        click.echo("nothing to retry")
        return
    click.echo(f"{len(numbers)} trials wait for an agent again: {', '.join(map(str, numbers))}")
    click.echo(f"run `wandb agent {sweep}`, if none runs")


def _ref(sweep: str) -> Any:
    from housing_sweep.registry.references import SweepRef

    return SweepRef.parse(sweep)
