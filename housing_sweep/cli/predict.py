"""`housing-sweep predict`: predictions for the rows of a table."""

from pathlib import Path

import click

from housing_sweep.cli import connect


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("model")
@click.option(
    "--csv", "table", type=click.Path(path_type=Path), required=True, help="Rows to predict for."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="CSV to write.")
def predict(model: str, table: Path, out: Path) -> None:
    """Predict with MODEL for the rows of a CSV.

    MODEL is an alias in the registry (production, or registry:production), a model artifact
    (ENTITY/PROJECT/NAME:VERSION), or the run that made it. Its SHA-256 and libraries are checked
    before it is loaded, in a process without an API key.

    The CSV needs the inputs of the table that the model was trained on, or the raw columns that
    they are made from; what is missing is named. The output has all its columns and `predicted`,
    `low90`, `high90`, in the target's unit.

    Exits 2 when the CSV cannot be used, 3 when there is no such model, 4 when it is not what was
    recorded.
    """
    login = connect.backend()
    from housing_sweep.cli.model import say
    from housing_sweep.pipeline.use.find_model import predict_csv

    used, rows = predict_csv(login, model, table, out, say)
    click.echo(f"wrote {out}: {rows} rows predicted by {used.name}")
