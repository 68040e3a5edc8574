"""`housing-sweep prune`: delete the models that lost."""

import json

import click

from housing_sweep.cli import connect


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("sweep", metavar="SWEEP")
@click.option("--keep", type=int, default=5, show_default=True, help="Best trials that stay.")
@connect.ranking_options
@click.option("--unscored", is_flag=True, help="Delete models of trials without a score, too.")
@click.option("--dry-run", is_flag=True, help="Print what would go and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def prune(
    sweep: str,
    keep: int,
    metric: str | None,
    goal: str | None,
    unscored: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Delete the model artifacts of SWEEP's losing trials; runs, scores and curves stay.

    Never deleted: a model that is linked to a registry, that another run used (a promotion, a
    refit), that has an alias somebody gave it, or whose trial has not ended. One whose trial has no
    score stays too, unless --unscored is given. Without the model a trial can still be reproduced
    from its record.

    Exits 2 when no finished trial has the metric, and names those that they have; then nothing is
    changed.
    """
    login = connect.backend()
    from housing_sweep.pipeline.promote.prune import PruneRequest, apply, plan

    request = PruneRequest(sweep, keep, metric, connect.goal_of(goal), unscored)
    planned = plan(login.sweeps, login.stored_models, request)
    done = planned.going if dry_run else [*apply(login.stored_models, planned)]
    gone = [verdict.model for verdict in done if not verdict.why_kept]
    late = [verdict for verdict in done if verdict.why_kept]
    stay = [verdict for verdict in planned.verdicts if verdict.why_kept] + late
    size = sum(model.size for model in gone)
    if as_json:
        answer = {
            "sweep": str(planned.ref),
            "metric": planned.score.name,
            "goal": planned.score.goal.value,
            "dry_run": dry_run,
            "deleted": [{"model": model.name, "bytes": model.size} for model in gone],
            "bytes": size,
            "kept_best": list(planned.best),
            "kept": [{"model": kept.model.name, "why": kept.why_kept} for kept in stay],
            "not_ended": list(planned.busy),
        }
        click.echo(json.dumps(answer, indent=2))
        return
    for model in gone:
        click.echo(f"{'would delete' if dry_run else 'deleted'}  {model.size:>12,} B  {model.name}")
    for kept in stay:
        click.echo(f"kept    {kept.model.name}: {kept.why_kept}")
    verb = "would be deleted" if dry_run else "deleted"
    click.echo(
        f"{len(gone)} models {verb}, {size:,} bytes; the best {len(planned.best)} trials by"
        f" {planned.score.name} stay"
        + (f"; {len(planned.busy)} trials have not ended" if planned.busy else "")
    )
