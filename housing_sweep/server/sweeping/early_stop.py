"""Hyperband as history arrives: a trial that falls behind is asked to stop at its own stream."""

import json
from collections.abc import Mapping
from math import inf

from housing_sweep.search.hyperband import Bands
from housing_sweep.search.score import finite, look_up
from housing_sweep.search.spec import Metric, SweepSpec
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run, SweepId
from housing_sweep.server.store.sweeps import bands
from housing_sweep.server.store.sweeps.bands import BandProgress


def stop_if_behind(ctx: Context, run: Run, spec: SweepSpec) -> None:
    """Read the lines a trial added, and ask it to stop if it is not among the best of its band.

    Call it in the transaction that stored the lines. Lines that come again change nothing; lines
    that come together decide as if they had come one by one.
    """
    rule = Bands.of(spec.early_terminate)
    if rule is None or spec.metric is None or run.sweep_id is None or run.trial_number is None:
        return
    before = bands.progress_of(ctx.db, run.id)
    if before.lines > run.history_lines:
        before = BandProgress()  # the run began anew
    if before.lines == run.history_lines and not before.iterations:
        return
    now = _read(ctx, run, run.sweep_id, rule, spec.metric, before)
    reached = rule.reached(now.iterations)
    if run.state != "running" or run.should_stop or not reached:
        return
    # At a band that it just passed, a trial is what it was there, even if better lines came along.
    passed = [band for band in reached if band > before.iterations]
    at_bands = [(band, bands.loss_at(ctx.db, run.sweep_id, band, run.id)) for band in passed]
    last = bands.loss_at(ctx.db, run.sweep_id, reached[-1], run.id) if rule.strict else now.best
    for band, loss in [*at_bands, (reached[-1], last)]:
        mine = inf if loss is None else loss
        if not rule.goes_on(*bands.rank(ctx.db, run.sweep_id, band, mine)):
            runs.ask_to_stop(ctx.db, run.id, ctx.now)
            return


def _read(
    ctx: Context, run: Run, sweep_id: SweepId, rule: Bands, metric: Metric, before: BandProgress
) -> BandProgress:
    """Return the progress after the new lines; note the trial at each band it reached."""
    lines = bands.new_lines(ctx.db, run.id, before.lines)
    iterations, best = before.iterations, inf if before.best is None else before.best
    for line in lines:
        loss = _loss(line, metric)
        if loss is None:
            continue
        iterations, best = iterations + 1, min(best, loss)
        if iterations in rule.reached(iterations):
            bands.record(ctx.db, sweep_id, iterations, run.id, best)
    now = BandProgress(before.lines + len(lines), iterations, None if best == inf else best)
    if lines:
        bands.save_progress(ctx.db, run.id, now)
    return now


def _loss(line: str, metric: Metric) -> float | None:
    """Return the loss in a history line; infinity for a value that is not finite, None for none."""
    try:
        values: object = json.loads(line)
    except ValueError:
        return None
    value = look_up(values, metric.name) if isinstance(values, Mapping) else None
    number = finite(value)
    if number is not None:
        return metric.score.loss(number)
    # Beyond any double is as bad as infinity; a text or a flag is no score at all.
    beyond = isinstance(value, int | float) and not isinstance(value, bool)
    return inf if beyond or value in ("NaN", "Infinity", "-Infinity") else None
