"""`housing-sweep promote`, `rollback`, `model`: what the registry holds, and how it got there."""

import json

import click

from housing_sweep.cli import connect

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def say(line: str) -> None:
    """Print a line of progress on stderr."""
    click.echo(click.style(f"  {line} ...", dim=True), err=True)


@click.command(context_settings=SETTINGS)
@click.argument("sweep", metavar="[SWEEP]", default="")
@click.option("--alias", "--to", default="staging", show_default=True, help="Alias to move.")
@click.option("--from", "source", default="", help="Move on the version with this alias (or v3).")
@click.option(
    "--require",
    type=click.Choice(["better", "noninferior", "none"]),
    default="better",
    show_default=True,
    help="What the model must show against the champion on the test rows.",
)
@click.option(
    "--margin", type=float, help="For noninferior, in the target's unit.  [default: the table's]"
)
@click.option(
    "--guard",
    type=click.Choice(["hard", "none"]),
    help="Where else it must not be worse.  [default: hard, where it is measured]",
)
@connect.ranking_options
@click.option("--strict-best", is_flag=True, help="Take the best score, also if it is a tie.")
@click.option("--refit", is_flag=True, help="Train the winner again, on validation rows too.")
@click.option("--dataset", default="", help="NAME:VERSION.  [default: what the sweep's spec names]")
@click.option(
    "--allow", multiple=True, metavar="KIND", help="Let a finding on the data pass, on record."
)
@click.option("--unverified", is_flag=True, help="Build nothing again: believe what the run says.")
@click.option("--no-spatial", is_flag=True, help="Skip the figure for places never seen.")
@click.option("--dry-run", is_flag=True, help="Print the decision and change nothing.")
@click.option("--json", "json_output", is_flag=True, help="Print the decision as JSON.")
def promote(
    sweep: str,
    alias: str,
    source: str,
    require: str,
    margin: float | None,
    guard: str | None,
    metric: str | None,
    goal: str | None,
    strict_best: bool,
    refit: bool,
    dataset: str,
    allow: tuple[str, ...],
    unverified: bool,
    no_spatial: bool,
    dry_run: bool,
    json_output: bool,
) -> None:
    """Promote the best finished trial of SWEEP to the registry, if it earns it.

    SWEEP is ENTITY/PROJECT/ID as `wandb sweep` prints it, or its URL. Nothing that a run says is
    believed, and no file of it is loaded: the best trials are fitted again here, by the installed
    code, with the dataset that the sweep's spec names, and must have the same split, predictions,
    scores and SHA-256. One that has not is rejected with the first fact that differs. Where other
    library versions or another processor explain a small difference, what was built here is
    promoted instead. Among those within noise of the best (one standard error of the difference),
    the smallest wins. It is then compared with the champion, the version that has the alias now, on
    test rows that neither has seen; the first time, with our default forest.

    \b
    --require better       the whole 95 % interval of the difference on the test rows is below zero
    --require noninferior  it is below --margin
    --require none         compared and recorded, never refused
    --guard hard           and in places never seen, both configs fitted again where whole 0.5
                           degree cells are held out, it is not worse, or the interval is below
                           the table's margin for that (four times its margin, if it states none)
    --guard none           measured and recorded there, never refused; --no-spatial does not measure

    A program that is not ours cannot be built again: --unverified takes the run's word, loads and
    compares nothing, and the version is marked "unverified" for as long as it lives.

    The model is linked to the collection of the registry wandb-registry-model that has the
    dataset's name, and the alias moved to it; a run with job type "promote" records why, who, and
    what was displaced. Run it twice: the second time changes nothing.

    \b
      housing-sweep promote ENTITY/PROJECT/ID                       best trial to staging
      housing-sweep promote --from staging --to production          move it on
      housing-sweep promote ENTITY/PROJECT/ID --refit --dry-run     what would happen?

    Exits 0 when promoted (or already there), 2 for bad input or a wrong API key, 3 when the sweep
    does not exist, 4 when no model earns the alias; then nothing is changed.
    """
    connect.silence()
    from housing_sweep.cli.render import render
    from housing_sweep.pipeline.promote.promote import NotPromoted, decide_promotion, refusal
    from housing_sweep.pipeline.promote.promote import promote as carry_out
    from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
    from housing_sweep.registry.policy import Policy
    from housing_sweep.registry.promotion import Verdict, as_json
    from housing_sweep.tabular.data_findings import DataPolicy

    request = PromotionRequest(
        sweep=sweep,
        source=source,
        alias=alias,
        metric=metric,
        goal=connect.goal_of(goal),
        policy=Policy.parse(require, margin, guard, hard_measured=not no_spatial),
        strict_best=strict_best,
        refit=refit,
        spatial=not no_spatial,
        dataset=dataset,
        data=DataPolicy.parse(allow=allow),
        unverified=unverified,
    )
    backend, promoted, refused = connect.backend(), None, None
    try:
        if dry_run:
            decision = decide_promotion(backend, request, say)
        else:
            decision, promoted = carry_out(backend, request, say)
    except NotPromoted as error:
        decision, refused = error.decision, error
    if dry_run and decision.verdict is Verdict.REFUSE:
        refused = refusal(decision)
    if json_output:
        click.echo(json.dumps(as_json(decision, promoted), indent=2))
    else:
        render(decision, promoted)
    if refused is not None:
        raise refused


@click.command(context_settings=SETTINGS)
@click.argument("alias")
@click.option("--reason", required=True, help="Why; kept in the record.")
@click.option("--to-version", default="", help="Such as v3.  [default: what was displaced last]")
@click.option("--dataset", default="", help="NAME:VERSION.  [default: what the sweep's spec names]")
@click.option("--unverified", is_flag=True, help="Build nothing again: believe the records.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and change nothing.")
@click.option("--json", "json_output", is_flag=True, help="Print the result as JSON.")
def rollback(
    alias: str,
    reason: str,
    to_version: str,
    dataset: str,
    unverified: bool,
    dry_run: bool,
    json_output: bool,
) -> None:
    """Put ALIAS back to the version that the last promotion displaced.

    Again takes it one promotion further back. The version is built again before, which takes its
    fit, unless this machine built it already. A run with job type "promote" records it.

    Exits 3 when nothing holds the alias, 4 when there is no earlier version, it is not what its run
    says, or the alias was moved by other means than these commands.
    """
    backend = connect.backend()
    from housing_sweep.pipeline.promote.rollback import rollback as carry_out
    from housing_sweep.pipeline.use.proved import prove_here
    from housing_sweep.registry import proof
    from housing_sweep.registry.promotion import Version
    from housing_sweep.registry.references import Target

    def prove(version: Version) -> proof.Proof:
        if unverified:
            return proof.unverified(version.source)
        model = backend.artifacts.model(version.source)
        return prove_here(backend, model, Target(alias), say, dataset)

    was, now = carry_out(backend, prove, alias, reason, to_version, dry_run=dry_run)
    if json_output:
        answer = {"alias": alias, "from": was.name, "to": now.name, "dry_run": dry_run}
        click.echo(json.dumps(answer, indent=2))
    elif was.name == now.name:
        click.echo(f"{alias} is on {now.name}")
    else:
        click.echo(f"{alias} {'would go' if dry_run else 'went'} from {was.name} to {now.name}")


@click.group(context_settings=SETTINGS)
def model() -> None:
    """What the registry holds, and how it got there."""


@model.command(context_settings=SETTINGS)
@click.option("--alias", default="staging", show_default=True, help="Whose history.")
@click.option("--json", "json_output", is_flag=True, help="Print it as JSON.")
def history(alias: str, json_output: bool) -> None:
    """Show every move of an alias: when, who, which version, what it displaced, why."""
    from housing_sweep.cli.render import render_history
    from housing_sweep.registry.references import Target

    target, login = Target(alias), connect.backend()
    home = login.registry.home
    moves = login.promotions.moves(home, target)
    holder = login.registry.champion(home, target)
    if json_output:
        answer = {"holder": holder.name if holder else None, "moves": [m.as_json() for m in moves]}
        click.echo(json.dumps(answer, indent=2))
    else:
        render_history(target, moves, holder)
