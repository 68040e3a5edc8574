"""`housing-sweep export`: a model for teams that use MLflow or DVC too."""

from pathlib import Path

import click

from housing_sweep.cli import connect


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("model")
@click.option(
    "--to",
    "target",
    type=(click.Choice(["mlflow", "dvc"]), str),
    required=True,
    metavar="mlflow URI | dvc DIR",
    help="Where to: an MLflow tracking server, or a new folder for a DVC project.",
)
@click.option("--experiment", default="", help="MLflow experiment.  [default: the dataset's name]")
def export(model: str, target: tuple[str, str], experiment: str) -> None:
    """Export MODEL with its lineage; it is checked before, and in MLflow also after.

    MODEL is an alias in the registry (registry:production), a model artifact
    (ENTITY/PROJECT/NAME:VERSION), or the run that made it.

    \b
    --to mlflow URI  model, parameters, metrics and lineage as one run; needs the extra [mlflow].
                     mlflow.pyfunc.load_model(URI) predicts the same, to the last bit.
    --to dvc DIR     data and model as DVC tracks them, and the stage that makes the model again:
                     `dvc repro` has nothing to do, `dvc repro --force` gives the same bytes.
    """
    login = connect.backend()
    from housing_sweep.cli.model import say
    from housing_sweep.pipeline.export.checked_export import exported

    tool, address = target
    with exported(login, model, say) as leaving:
        if tool == "mlflow":
            from housing_sweep.pipeline.export.to_mlflow import to_mlflow

            logged = to_mlflow(leaving, address, experiment)
            known = "" if logged.new else " (was there already)"
            click.echo(f"exported {leaving.model.name} to run {logged.run} of {address}{known}")
            click.echo(f"  load it: mlflow.pyfunc.load_model({logged.uri!r})")
        else:
            from housing_sweep.pipeline.export.to_dvc import to_dvc

            tracked = to_dvc(leaving, Path(address))
            click.echo(f"exported {leaving.model.name} to {address}")
            for one in tracked:
                click.echo(f"  {one.md5}  {one.size:>12,} B  {one.path}")
