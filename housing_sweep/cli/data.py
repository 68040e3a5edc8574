"""`housing-sweep data`: check and publish the dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from housing_sweep.cli import connect
from housing_sweep.cli.render import console
from housing_sweep.registry.references import COLLECTION

if TYPE_CHECKING:
    from housing_sweep.tabular.data_findings import DataPolicy, Finding
    from housing_sweep.tabular.extras import LoadedTable
    from housing_sweep.tabular.problem import Problem


def _problem() -> "Problem":
    from housing_sweep.tabular.extras import registered_problem

    return registered_problem(COLLECTION)


def _sources() -> tuple[str, ...]:
    from housing_sweep.tabular.extras import source_names

    return source_names(_problem())


_allow = click.option(
    "--allow",
    multiple=True,
    metavar="KIND",
    help="Let a kind of finding pass that would be refused, on record; once for each kind.",
)


def _examine(table: "LoadedTable", policy: "DataPolicy") -> "tuple[Finding, ...]":
    """Return the findings; those that are not refused are printed, an error names the others."""
    from housing_sweep.tabular.data_findings import Severity, examine

    findings = examine(table.problem, table.frame, policy)
    for finding in findings:
        if finding.severity is not Severity.REFUSED:
            console.print(f"  {finding}", style="yellow", soft_wrap=True, highlight=False)
    return findings


@click.group()
def data() -> None:
    """Check and publish the dataset."""


@data.command()
@click.argument("file", type=click.Path(path_type=Path))
@_allow
def check(file: Path, allow: tuple[str, ...]) -> None:
    """Say whether FILE is the dataset's table; exit 2 names every bad column, row and value.

    Exits with 2, too, where scores would say nothing: rows that training and test share, a column
    that gives the target away. Looked at as it is split with split_seed 0, at random and by place.
    """
    from housing_sweep.tabular.data_findings import DataPolicy, raise_refused
    from housing_sweep.tabular.extras import LoadedTable, extras_of
    from housing_sweep.tabular.tables import read_csv

    policy = DataPolicy.parse(allow=allow)
    problem = _problem()
    frame = read_csv(problem, file)
    click.echo(f"{file}: {len(frame)} rows of {extras_of(problem).data}")
    findings = _examine(LoadedTable(problem, frame, "csv", str(file)), policy)
    raise_refused(findings, str(file))


@data.command()
@click.option("--csv", type=click.Path(path_type=Path), help="CSV file (sets --source csv).")
@click.option(
    "--source",
    type=click.Choice(_sources()),
    help="Where the data comes from; auto tries the others in order.  [default: csv]",
)
@click.option("--project", envvar="WANDB_PROJECT", show_envvar=True, help="W&B project.")
@_allow
def publish(
    csv: Path | None, source: str | None, project: str | None, allow: tuple[str, ...]
) -> None:
    """Publish the dataset as a versioned artifact; equal data gives the same version.

    The CSV has a header and the columns of the table, or the raw ones that they are made from; what
    is missing is named. Without --csv the variable HOUSING_SWEEP_CSV is used. What `data check`
    refuses is not published without --allow.
    """
    from housing_sweep.errors import BadInput
    from housing_sweep.pipeline.train import publish as publishing
    from housing_sweep.tabular.data_findings import DataPolicy
    from housing_sweep.tabular.extras import extras_of
    from housing_sweep.tabular.tables import load_table

    if csv is not None and source not in (None, "auto", "csv"):
        raise BadInput(
            f"--csv {csv} and --source {source} name two sources", fix="leave one of them out"
        )
    policy = DataPolicy.parse(allow=allow)
    problem = _problem()
    table = load_table(problem, source or "csv", csv)
    for failure in table.tried:
        console.print(f"  not used: {failure}", style="yellow", soft_wrap=True, highlight=False)
    if table.source == "synthetic":
        console.print(
            f"SYNTHETIC STAND-IN: this is not {extras_of(problem).words.stand_in or 'real data'}."
            " Give real data with --csv PATH.",
            style="bold white on red",
        )
    findings = _examine(table, policy)
    connect.silence()
    published = publishing.publish(table, findings, policy, project)
    console.print(
        f"published {published.path}: {published.rows} rows from {published.source}"
        f" ({table.origin})",
        soft_wrap=True,
        highlight=False,
    )
