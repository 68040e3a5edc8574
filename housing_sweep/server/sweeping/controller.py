"""Follows a `wandb.controller`: a process of the user's that chooses a sweep's trials itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from housing_sweep.errors import BadInput
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps import sweeps, trials
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.sweeping import consequences, specs


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a `wandb.controller` wrote: points by an id of its own, and names of trials to stop.

    A point that is None says that nothing more comes.
    """

    points: Mapping[str, Mapping[str, object] | None]
    to_stop: tuple[str, ...]

    @classmethod
    def of(cls, text: str | None) -> "Wishes":
        """Parse the sweep's `controller`.

        Raises:
            BadInput: it is not what `wandb.controller` writes.
        """
        content = _object(text)
        schedule, to_stop = content.get("schedule") or [], content.get("earlystop") or []
        if not isinstance(schedule, list) or not isinstance(to_stop, list):
            raise BadInput(f"`schedule` and `earlystop` must be lists: {text!r}")
        if not all(isinstance(name, str) for name in to_stop):
            raise BadInput(f"`earlystop` must hold names of runs: {to_stop!r}")
        return cls(dict(_wish(item) for item in schedule), tuple(to_stop))


def _wish(item: object) -> tuple[str, Mapping[str, object] | None]:
    match item:
        case {"id": str(wish_id), "data": {"args": dict(point)}}:
            return wish_id, point
        case {"id": str(wish_id), "data": {"args": None}} | {"id": str(wish_id), "data": None}:
            return wish_id, None
    raise BadInput(f"{item!r} is not an entry of `schedule`")


def follow_controller(ctx: Context, sweep: Sweep) -> None:
    """Do what a `wandb.controller` wrote into the sweep's `controller`, each thing once.

    `schedule` holds points to try, known by an id of the client's; one without a point says that
    nothing more comes. `earlystop` holds names of trials to stop. We answer in `scheduler`.
    Source: wandb/wandb_controller.py, docstring of `_WandbController`.

    Raises:
        BadInput: it is not what `wandb.controller` writes.
    """
    wishes = Wishes.of(sweep.controller)
    scheduled: list[dict[str, str]] = json.loads(sweep.scheduler or "{}").get("scheduled", [])
    done = {item["id"] for item in scheduled}
    cap = specs.spec_of(sweep.config).run_cap
    for wish_id, point in wishes.points.items():
        full = cap is not None and sweep.next_number >= cap
        if wish_id in done or full or sweep.state not in consequences.ACTIVE:
            continue
        if point is None:
            sweep = sweeps.update(ctx.db, sweep.id, now=ctx.now, closed=1)
            continue
        run = trials.reserve(
            ctx.db, sweep, runs.unwrap(point), agent_id=None, user_id=sweep.user_id, now=ctx.now
        )
        scheduled.append({"id": wish_id, "runid": run.name})
        sweep = sweeps.get(ctx.db, sweep.id)
    answer = json.dumps({"scheduled": scheduled})
    sweep = sweeps.update(ctx.db, sweep.id, now=ctx.now, scheduler=answer)
    for name in wishes.to_stop:
        run_to_stop = runs.find(ctx.db, sweep.project_id, name)
        if run_to_stop is not None and run_to_stop.sweep_id == sweep.id:
            runs.ask_to_stop(ctx.db, run_to_stop.id, ctx.now)
    consequences.finish_if_over(ctx, sweep)


def _object(text: str | None) -> dict[str, object]:
    return runs.parse(text) if text else {}
