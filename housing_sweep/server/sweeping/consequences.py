"""What follows from a write for a sweep: early stops, retries, its own end, the next points."""

from collections.abc import Sequence
from typing import TypeGuard

from housing_sweep.search import schedule
from housing_sweep.search.spec import SweepSpec
from housing_sweep.server.services.context import Context
from housing_sweep.server.services.suggestions import Numbered
from housing_sweep.server.store.events import (
    Event,
    LinesAdded,
    RunChanged,
    RunDeleted,
    RunEnded,
    SweepChanged,
    TrialQueued,
)
from housing_sweep.server.store.runs import history, runs
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
        may_return=trials.count_runs(ctx.db, sweep.id, *returning),
    )


def apply_consequences(ctx: Context, events: Sequence[Event]) -> None:
    """Make true what must be true together with a write, in its transaction.

    All there is:

    - a run that ended has one past, and a scheduler's log that fell silent counts as finished;
    - a trial that logged something, or ended, is asked to stop if it is behind;
    - a trial that ended before its time waits to be run again: preempted always, failed or
      crashed as often as `--retries` says;
    - a sweep of which nothing is to come has finished: a trial ended, was deleted, or was given
      another result after its end.

    A retry emits (`TrialQueued`), and nothing follows from that in here.
    """
    ended = dict.fromkeys(event.run_id for event in events if isinstance(event, RunEnded))
    for run_id in ended:
        _close_books(ctx, run_id)
    progressed = (e for e in events if isinstance(e, RunEnded | LinesAdded) and e.sweep_id)
    for run_id in dict.fromkeys(event.run_id for event in progressed):
        _go_on(ctx, run_id, ended=run_id in ended)
    for sweep_id in dict.fromkeys(event.sweep_id for event in events if _may_end_a_sweep(event)):
        sweep = sweeps.find_by_id(ctx.db, sweep_id) if sweep_id is not None else None
        if sweep is not None:
            finish_if_over(ctx, sweep)


def _close_books(ctx: Context, run_id: int) -> None:
    run = runs.find_by_id(ctx.db, run_id)
    if run is None:
        return
    if run.rewriting:
        history.finish_rewrite(ctx.db, run.id)
    if run.job_type == CONTROLLER_JOB and run.state == "crashed":
        runs.set_state(ctx.db, run.id, "finished", ctx.now)  # a scheduler never says that it ends


def _go_on(ctx: Context, run_id: int, *, ended: bool) -> None:
    """Judge a trial by what it logged; queue it again if it ended before its time."""
    run = runs.find_by_id(ctx.db, run_id)
    sweep = sweeps.find_by_id(ctx.db, run.sweep_id) if run and run.sweep_id is not None else None
    if run is None or sweep is None:
        return
    early_stop.stop_if_behind(ctx, run, specs.spec_of(sweep.config))
    if not ended or sweep.state not in ACTIVE:
        return
    trial = trials.of_run(ctx.db, run.id)
    if trial is None:
        return
    if run.state == "preempted":
        trials.requeue_preempted(ctx.db, run)
    elif run.state in RETRIED and trial.retries < ctx.services.config.retries:
        trials.requeue_as_new_run(ctx.db, sweep, trial, ctx.now)


def _may_end_a_sweep(event: Event) -> TypeGuard[RunEnded | RunDeleted | RunChanged]:
    """Return whether an event may have been the last that its sweep waited for."""
    if isinstance(event, RunChanged):
        return event.state in runs.ENDED
    return isinstance(event, RunEnded | RunDeleted)


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
    if schedule.is_over(view, trials.count_runs(ctx.db, sweep.id, *waited_for)):
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


def close_orphans(ctx: Context) -> None:
    """Close queued trials that nobody will run; a sweep may be over by that."""
    for run in trials.never_to_run(
        ctx.db, ctx.steady.before(ctx.services.config.offer_again_after)
    ):
        runs.close(ctx.db, run.id, "killed", ctx.now)


def refresh_suggestions(ctx: Context, events: Sequence[Event]) -> None:
    """Compute the next points of the bayes sweeps that changed anew, in the background.

    Call it after the commit; returns at once.
    """
    changed = (
        event.sweep_id
        for event in events
        if isinstance(event, SweepChanged | TrialQueued) or _may_end_a_sweep(event)
    )
    for sweep_id in dict.fromkeys(changed):
        sweep = sweeps.find_by_id(ctx.db, sweep_id) if sweep_id is not None else None
        if sweep is not None and specs.spec_of(sweep.config).method == "bayes":
            ctx.services.suggestions.refresh(sweep.id)


def next_suggestions(ctx: Context, sweep_id: int) -> Sequence[Numbered]:
    """Return a bayes sweep's next points with their numbers; none when it needs none now.

    For the thread of `Suggestions`. A trial reserved meanwhile makes it look again, so that the
    numbers are those still free.
    """
    numbered: list[Numbered] = []
    for _ in range(3):
        sweep = sweeps.find_by_id(ctx.db, sweep_id)
        if sweep is None or sweep.state not in schedule.OPEN_STATES:
            return []
        spec = specs.spec_of(sweep.config)
        if numbered and numbered[0][0] == sweep.next_number:
            break
        if spec.method != "bayes" or sweep_view(ctx, sweep, spec).exhausted:
            return []
        suggestions = points.suggest(ctx, sweep, spec, ctx.services.config.trials_per_agent)
        numbered = list(enumerate(suggestions, sweep.next_number))
    return numbered
