"""`housing-sweep data`: check and publish the dataset."""

from pathlib import Path

import click

from housing_sweep.cli import connect
from housing_sweep.cli.render import console


@click.group()
def data() -> None:
    """Check and publish the dataset."""


@data.command()
@click.argument("file", type=click.Path(path_type=Path))
def check(file: Path) -> None:
    """Say whether FILE is California housing data; exit 2 names every bad column, row and value."""
    from housing_sweep.housing import schema

    frame = schema.read_csv(file)
    click.echo(f"{file}: {len(frame)} rows of California housing data")


@data.command()
@click.option("--csv", type=click.Path(path_type=Path), help="CSV file (sets --source csv).")
@click.option(
    "--source",
    type=click.Choice(["auto", "csv", "california", "synthetic"]),
    help="Where the data comes from; auto tries csv, california, synthetic.  [default: csv]",
)
@click.option("--project", envvar="WANDB_PROJECT", show_envvar=True, help="W&B project.")
def publish(csv: Path | None, source: str | None, project: str | None) -> None:
    """Publish the dataset as a versioned artifact; equal data gives the same version.

    The CSV has a header and either the raw StatLib columns (longitude, ..., median_house_value) or
    scikit-learn's (MedInc, ..., MedHouseVal). Without --csv the variable HOUSING_SWEEP_CSV is used.
    """
    from housing_sweep.errors import BadInput
    from housing_sweep.housing.sources import load_housing
    from housing_sweep.pipeline.train import publish as dataset

    if csv is not None and source in ("california", "synthetic"):
        raise BadInput(
            f"--csv {csv} and --source {source} name two sources", fix="leave one of them out"
        )

    housing = load_housing(source or "csv", csv)
    for failure in housing.tried:
        console.print(f"  not used: {failure}", style="yellow", soft_wrap=True, highlight=False)
    if housing.source == "synthetic":
        console.print(
            "SYNTHETIC STAND-IN: this is not California. Give real data with --csv PATH.",
            style="bold white on red",
        )
    connect.silence()
    published = dataset.publish(housing, project or dataset.DEFAULT_PROJECT)
    console.print(
        f"published {published.path}: {published.rows} rows from {published.source}"
        f" ({housing.origin})",
        soft_wrap=True,
        highlight=False,
    )
