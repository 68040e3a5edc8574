"""`housing-sweep compare`: runs side by side."""

import json

import click

from housing_sweep.cli import connect
from housing_sweep.registry.run_differences import ASPECTS, Difference, Row


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@click.option("--all", "everything", is_flag=True, help="Show what is the same too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def compare(runs: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Show what differs between runs: code, data, config, environment, and the metrics.

    RUN is ENTITY/PROJECT/RUN, PROJECT/RUN, RUN, or its URL. Code is the commit and the uncommitted
    changes; data the dataset version by digest and the split; environment the libraries recorded
    with the model.
    """
    login = connect.backend()
    from housing_sweep.pipeline.trace import compare_runs

    difference = compare_runs.compare(login.records, runs)
    if as_json:
        click.echo(json.dumps(difference.as_json(), indent=2))
    else:
        _show(difference, everything)


def _show(difference: Difference, everything: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from housing_sweep.cli.render import console

    table = Table(title=difference.verdict, title_justify="left", title_style="bold")
    table.add_column("")
    for run in difference.runs:
        table.add_column(f"{run.name}\n{run.path}", overflow="fold")
    pair = len(difference.runs) == 2
    if pair:
        table.add_column("change", justify="right")
    for aspect in ASPECTS:
        rows, differing = difference.rows[aspect], difference.differing(aspect)
        same = len(rows) - len(differing)
        note = "not recorded" if not rows else f"{same} the same" if same else "all differ"
        table.add_section()
        table.add_row(Text(aspect, "bold"), Text(note, "dim"))
        for row in rows if everything else differing:
            values = ["–" if value is None else _spell(value) for value in row.values]
            table.add_row(f"  {row.name}", *values, *([_change(row)] if pair else []))
    console.print(table)


def _spell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _change(row: Row) -> str:
    change = row.change
    return "" if not change else f"{change:+.4g}"
