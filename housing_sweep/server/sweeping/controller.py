"""Follows a `wandb.controller`: a process of the user's that chooses a sweep's trials itself."""

import json
from collections.abc import Mapping
from typing import Any

from housing_sweep.server.services.context import Context
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps import sweeps, trials
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping import consequences, specs


def follow_controller(ctx: Context, sweep: Sweep) -> None:
    """Do what a `wandb.controller` wrote into the sweep's `controller`, each thing once.

    `schedule` holds points to try, known by an id of the client's; one without a point says that
    nothing more comes. `earlystop` holds names of trials to stop. We answer in `scheduler`.
    Source: wandb/wandb_controller.py, docstring of `_WandbController`.
    """
    wishes = _object(sweep.controller)
    scheduled = list(_object(sweep.scheduler).get("scheduled") or [])
    done = {item["id"] for item in scheduled}
    cap = specs.spec_of(sweep.config).run_cap
    for item in wishes.get("schedule") or []:
        point = (item.get("data") or {}).get("args")
        full = cap is not None and sweep.next_number >= cap
        if item["id"] in done or full or sweep.state not in consequences.ACTIVE:
            continue
        if point is None:
            sweep = sweeps.update(ctx.db, sweep.id, now=ctx.now, closed=1)
            continue
        run = trials.reserve(
            ctx.db, sweep, runs.unwrap(point), agent_id=None, user_id=sweep.user_id, now=ctx.now
        )
        scheduled.append({"id": item["id"], "runid": run.name})
        sweep = sweeps.get(ctx.db, sweep.id)
    answer = json.dumps({"scheduled": scheduled})
    sweep = sweeps.update(ctx.db, sweep.id, now=ctx.now, scheduler=answer)
    for name in wishes.get("earlystop") or []:
        run_to_stop = runs.find(ctx.db, sweep.project_id, name)
        if run_to_stop is not None and run_to_stop.sweep_id == sweep.id:
            runs.ask_to_stop(ctx.db, run_to_stop.id, ctx.now)
    consequences.finish_if_over(ctx, sweep)


def _object(text: str | None) -> Mapping[str, Any]:
    return runs.parse(text) if text else {}
