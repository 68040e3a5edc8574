"""`housing-sweep prune`: delete the models that lost."""

import json
import os

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("sweep", metavar="SWEEP")
@click.option("--keep", type=int, default=5, show_default=True, help="Best trials that stay.")
@click.option("--metric", help="Score to rank by.  [default: the sweep's own, else val_rmse]")
@click.option("--dry-run", is_flag=True, help="Print what would go and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def prune(sweep: str, keep: int, metric: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete the model artifacts of SWEEP's losing trials; runs, scores and curves stay.

    Never deleted: a model that is linked to a registry, that another run used (a promotion, a
    refit), that has an alias somebody gave it, or whose trial has not ended. Without the model a
    trial can still be reproduced from its record.
    """
    os.environ.setdefault("WANDB_SILENT", "true")
    from housing_sweep.pipeline.promote.prune import apply, plan
    from housing_sweep.pipeline.wandb_io.stored_models import PruneBackend

    backend = PruneBackend()
    made = plan(backend, sweep, keep, metric)
    done = made.going if dry_run else [*apply(backend, made)]
    gone = [fate.model for fate in done if not fate.why_kept]
    late = [fate for fate in done if fate.why_kept]
    stay = [fate for fate in made.fates if fate.why_kept] + late
    size = sum(model.size for model in gone)
    if as_json:
        shown = {
            "sweep": str(made.ref),
            "dry_run": dry_run,
            "deleted": [{"model": model.name, "bytes": model.size} for model in gone],
            "bytes": size,
            "kept_best": list(made.kept),
            "kept": [{"model": f.model.name, "why": f.why_kept} for f in stay],
            "not_ended": list(made.busy),
        }
        click.echo(json.dumps(shown, indent=2))
        return
    for model in gone:
        click.echo(f"{'would delete' if dry_run else 'deleted'}  {model.size:>12,} B  {model.name}")
    for fate in stay:
        click.echo(f"kept    {fate.model.name}: {fate.why_kept}")
    verb = "would be deleted" if dry_run else "deleted"
    click.echo(
        f"{len(gone)} models {verb}, {size:,} bytes; the best {len(made.kept)} trials stay"
        + (f"; {len(made.busy)} trials have not ended" if made.busy else "")
    )
