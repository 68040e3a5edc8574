"""What a trial's progress means for its sweep: early stops, retries, and the sweep's own end."""

from collections.abc import Sequence

from housing_sweep.search import schedule
from housing_sweep.search.spec import SweepSpec
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.suggestions import Numbered
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run
from housing_sweep.server.store.sweeps import sweeps, trials
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping import early_stop, points, specs

ACTIVE = frozenset({"PENDING", "RUNNING", "PAUSED"})
"""States of a sweep that may still need its trials."""

CONTROLLER_JOB = "sweep-controller"
"""Job type of the run that holds a `wandb sweep-scheduler`'s logs."""

RETRIED = frozenset({"failed", "crashed"})
"""Ends of a trial that `--retries` tries again."""


def sweep_view(ctx: Context, sweep: Sweep, spec: SweepSpec) -> schedule.SweepView:
    """Return what a decision needs to know of a sweep, whoever asks."""
    retries = ctx.services.config.retries
    returning = ("pending", "preempted", "preempting", *(("running",) if retries else ()))
    return schedule.SweepView(
        state=sweep.state,
        reserved=sweep.next_number,
        cap=spec.run_cap,
        points_left=specs.points_left(sweep, spec),
        makes_points=specs.makes_points(sweep, spec),
        target_reached=points.target_reached(ctx, sweep, spec),
        may_return=trials.count(ctx.db, sweep.id, *returning),
    )


def on_progress(ctx: Context, run: Run) -> None:
    """Take note that a trial logged or ended. Call it in the transaction that stored the fact."""
    if run.job_type == CONTROLLER_JOB and run.state == "crashed":
        runs.set_state(ctx.db, run.id, "finished", ctx.now)  # a scheduler never says that it ends
    sweep = sweeps.by_id(ctx.db, run.sweep_id) if run.sweep_id is not None else None
    if sweep is None:
        return
    early_stop.judge(ctx, run, specs.spec_of(sweep.config))
    if run.state not in runs.ENDED:
        return
    trial = trials.of_run(ctx.db, run.id)
    if trial is not None and sweep.state in ACTIVE:
        if run.state == "preempted":
            trials.queue_again(ctx.db, run)
        elif run.state in RETRIED and trial.retries < ctx.services.config.retries:
            trials.again(ctx.db, sweep, trial, ctx.now)
    finish_if_over(ctx, sweep)


def finish_if_over(ctx: Context, sweep: Sweep) -> None:
    """Mark a sweep finished once nothing new will come and nothing is alive."""
    if sweep.state not in schedule.OPEN_STATES:
        return
    view = sweep_view(ctx, sweep, specs.spec_of(sweep.config))
    if not view.exhausted:
        return
    waited_for: tuple[str, ...] = trials.ALIVE
    if view.target_reached:
        drop_queue(ctx, sweep)
        waited_for = tuple(state for state in trials.ALIVE if state != "preempted")
    if schedule.is_over(view, trials.count(ctx.db, sweep.id, *waited_for)):
        set_state(ctx, sweep, "FINISHED")


def set_state(ctx: Context, sweep: Sweep, state: str) -> None:
    """Change a sweep's state, with what follows from it for its trials.

    `--stop` (FINISHED) lets running trials end, `--cancel` (CANCELED) does not, `--resume`
    (RUNNING) brings back the trials that were dropped before they started.
    """
    sweeps.update(ctx.db, sweep.id, now=ctx.now, state=state)
    if state == "RUNNING":
        trials.revive(ctx.db, sweep.id, ctx.now)
    if state in ("FINISHED", "CANCELED"):
        drop_queue(ctx, sweep)
        _close_controller_run(ctx, sweep)
    if state == "CANCELED":
        for run in trials.by_state(ctx.db, sweep.id, "pending"):
            runs.close(ctx.db, run.id, "killed", ctx.now)
        for run in trials.by_state(ctx.db, sweep.id, "running", "preempting"):
            runs.ask_to_stop(ctx.db, run.id, ctx.now)


def drop_queue(ctx: Context, sweep: Sweep) -> None:
    """End the trials that nobody was told about: nobody will run them."""
    trials.delete_surplus(ctx.db, sweep.id)
    for run in trials.by_state(ctx.db, sweep.id, "pending"):
        if run.offered_at is None:
            runs.close(ctx.db, run.id, "killed", ctx.now)


def _close_controller_run(ctx: Context, sweep: Sweep) -> None:
    """End the run that holds a scheduler's logs; the scheduler itself never does.

    Source: wandb/sdk/sweeps/scheduler/client.py, `x_update_finish_state=False`.
    """
    if sweep.controller_run_name is None:
        return
    run = runs.find(ctx.db, sweep.project_id, sweep.controller_run_name)
    if run is not None and run.state not in runs.ENDED:
        runs.close(ctx.db, run.id, "finished", ctx.now)


def tidy(ctx: Context) -> None:
    """Close queued trials that nobody will run; a sweep may be over by that."""
    for run in trials.stale(ctx.db, ctx.now - ctx.services.config.offer_again_after):
        runs.close(ctx.db, run.id, "killed", ctx.now)
        held = runs.by_id(ctx.db, run.id)
        assert held is not None
        on_progress(ctx, held)


def refresh(ctx: Context, sweep_id: int) -> None:
    """Compute a sweep's next points anew, in the background. Call it after the commit."""
    sweep = sweeps.by_id(ctx.db, sweep_id)
    if sweep is not None and specs.spec_of(sweep.config).method == "bayes":
        ctx.services.suggestions.refresh(sweep.id)


def ahead(ctx: Context, sweep_id: int) -> Sequence[Numbered]:
    """Return a bayes sweep's next points with their numbers; none when it needs none now.

    For the thread of `Suggestions`. A trial reserved meanwhile makes it look again, so that the
    numbers are those still free.
    """
    made: list[Numbered] = []
    for _ in range(3):
        sweep = sweeps.by_id(ctx.db, sweep_id)
        if sweep is None or sweep.state not in schedule.OPEN_STATES:
            return []
        spec = specs.spec_of(sweep.config)
        if made and made[0][0] == sweep.next_number:
            break
        if spec.method != "bayes" or sweep_view(ctx, sweep, spec).exhausted:
            return []
        found = points.suggest(ctx, sweep, spec, ctx.services.config.trials_per_agent)
        made = list(enumerate(found, sweep.next_number))
    return made
