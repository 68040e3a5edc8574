"""`housing-sweep promote`: what `scripts/finalize.py` runs too."""

import json
import os

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("sweep", metavar="SWEEP")
@click.option("--metric", help="Score to rank by.  [default: the sweep's own, else val_rmse]")
@click.option("--alias", default="staging", show_default=True, help="Alias for the winner.")
@click.option("--dry-run", is_flag=True, help="Print the decision and change nothing.")
@click.option("--json", "json_output", is_flag=True, help="Print the decision as JSON.")
def promote(sweep: str, metric: str | None, alias: str, dry_run: bool, json_output: bool) -> None:
    """Promote the best finished trial of SWEEP to the registry.

    SWEEP is ENTITY/PROJECT/ID as `wandb sweep` prints it, or its URL. The winner's model artifact
    is linked to wandb-registry-model/california-housing and the alias moved to it; a run with
    job type "promote" records why, who, and what was displaced. Run it twice: the second time
    changes nothing.

    Exits 0 when promoted (or already there), 2 for bad input or a wrong API key, 3 when the sweep
    does not exist, 4 when no trial can be promoted.
    """
    os.environ.setdefault("WANDB_SILENT", "true")
    from housing_sweep.cli.render import render
    from housing_sweep.pipeline.finalize import apply_promotion, decide_promotion, refusal
    from housing_sweep.pipeline.wandb_io.backend import WandbBackend
    from housing_sweep.registry.promotion import Verdict, as_json

    backend = WandbBackend()
    decision = decide_promotion(backend, sweep, alias=alias, metric=metric)
    if decision.verdict is Verdict.REFUSE:
        if json_output:
            click.echo(json.dumps(as_json(decision, None), indent=2))
        raise refusal(decision)
    promoted = None if dry_run else apply_promotion(backend, decision)
    if json_output:
        click.echo(json.dumps(as_json(decision, promoted), indent=2))
    else:
        render(decision, promoted)
