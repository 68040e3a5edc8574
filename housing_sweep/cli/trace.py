"""`housing-sweep reproduce` and `lineage`: where a model came from, and whether that is true."""

import json
import sys

import click

from housing_sweep.cli import connect

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
DIFFERS = 4
"""Exit code when a model built again is another one."""


@click.command(context_settings=SETTINGS)
@click.argument("model")
@click.option(
    "--run-recorded-code",
    is_flag=True,
    help="Run the code of the recorded commit, with the changes that its run stored.",
)
@click.option("--json", "json_output", is_flag=True, help="Print the result as JSON.")
def reproduce(model: str, run_recorded_code: bool, json_output: bool) -> None:
    """Build MODEL again from its record alone, and compare bit by bit.

    MODEL is an alias in the registry (production), a model artifact, or the run that made it. The
    dataset comes by digest, config and seeds from the model, the code is the installed one.
    Validation scores, the hash of the predictions and the hash of the model file must be equal.

    With --run-recorded-code the code is that of the recorded commit, looked for in the checkout
    here, with the changes that were not committed. They come from the run, so whoever logged it
    decides what runs on this machine: they are printed first.

    Exits 0 only for an identical model; 4 when it differs, with what explains it: other libraries,
    other code, or nothing, which means that the record is not true.
    """
    login = connect.backend()
    from housing_sweep.cli.model import say
    from housing_sweep.cli.render import render_reproduction
    from housing_sweep.pipeline.trace.reproduce import reproduce as build_again
    from housing_sweep.registry.reproduction import Outcome

    show = (lambda text: click.echo(text, err=True)) if run_recorded_code else None
    reproduction = build_again(login, model, say, show)
    if json_output:
        click.echo(json.dumps(reproduction.as_json(), indent=2))
    else:
        render_reproduction(reproduction)
    if reproduction.outcome is not Outcome.IDENTICAL:
        sys.exit(DIFFERS)


@click.command(context_settings=SETTINGS)
@click.argument("name", metavar="MODEL|RUN|DATASET")
@click.option("--json", "json_output", is_flag=True, help="Print the tree as JSON.")
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Print a Mermaid flowchart.")
@click.option("--limit", default=200, show_default=True, help="Runs of a dataset to look at.")
def lineage(name: str, json_output: bool, as_mermaid: bool, limit: int) -> None:
    """Show where a model came from and what became of it, or every model of a dataset.

    \b
      housing-sweep lineage production                     promotions, run, sweep, data, code
      housing-sweep lineage ENTITY/PROJECT/RUN
      housing-sweep lineage DATASET:latest                 every model trained on it

    Who moved which alias when, the run and its rank in its sweep, the dataset version and its
    source, the commit, and the libraries.
    """
    login = connect.backend()
    from housing_sweep.cli.render import render_lineage
    from housing_sweep.pipeline.trace.trace import lineage as follow
    from housing_sweep.registry.lineage_tree import mermaid

    root = follow(login, login.lineage, name, limit)
    if json_output:
        click.echo(json.dumps(root.as_json(), indent=2))
    elif as_mermaid:
        click.echo(mermaid(root), nl=False)
    else:
        render_lineage(root)
