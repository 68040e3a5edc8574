"""Promotion runs: the durable history of an alias. Fulfils `ports.Records`."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import wandb

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.wandb_io.connection import Session
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.alias_history import ROLLBACK, Move, read_move
from housing_sweep.registry.promotion import JOB_TYPE, OpenRecord
from housing_sweep.registry.references import SweepId, SweepRef, Target

PAGE = 20
POLL_SECONDS = 1.0
SILENT_SECONDS = 60.0
"""A promotion whose run was not heard of for so long is dead; the SDK speaks every 15 to 30 s."""


class PromotionRecords(Session):
    """Reads and writes promotion runs."""

    def open_record(self, ref: SweepRef, target: Target) -> OpenRecord | None:
        """Return the newest promotion record of a target, if it was never finished."""
        with our_errors("read the promotion records"):
            found = next(iter(self._list(ref, _records_of(target), "-created_at", 1)), None)
        if found is None or found.summary.get("applied") or found.summary.get("withdrawn"):
            return None
        if found.config.get("decision") == ROLLBACK:
            return None
        challenger = found.config.get("challenger") or {}
        return OpenRecord(
            found.id,
            str(challenger.get("artifact_id")),
            str(found.config.get("displaced") or ""),
            str(challenger.get("refit_of") or ""),
        )

    def moves(self, ref: SweepRef, target: Target, *, every_alias: bool = False) -> list[Move]:
        """Return every move of an alias, or of all in the collection, oldest first."""
        found, filters = [], _records_of(target)
        if every_alias:
            del filters["config.alias"]
        for place in self._record_projects(ref, target):
            # The default project may not exist: then nothing was promoted from it.
            what = f"read the promotion records in {place}"
            with contextlib.suppress(NotFound), our_errors(what):
                for run in self._list(place, filters, "+created_at", PAGE):
                    config, summary = dict(run.config), dict(run.summary_metrics)
                    path = "/".join(run.path)
                    found.append(read_move(path, str(run.created_at), config, summary))
        return sorted(found, key=lambda move: (move.at, move.record))

    def _record_projects(self, ref: SweepRef, target: Target) -> list[SweepRef]:
        places = {(ref.entity, ref.project)}
        with contextlib.suppress(NotFound), our_errors(f"list {target.path}"):
            for held in self._as(ref).artifacts("model", target.path):
                places.add((held.source_entity, held.source_project))
        return [SweepRef(entity, project, SweepId("")) for entity, project in sorted(places)]

    @contextlib.contextmanager
    def write(
        self, ref: SweepRef, target: Target, run_id: str | None, record: Mapping[str, object]
    ) -> Iterator["WandbPromotionRun"]:
        """Open a promotion run; `wandb.init` returns when its config is stored."""
        with (
            our_errors(f"promote to {target}"),
            wandb.init(
                entity=ref.entity,
                project=ref.project,
                id=run_id,
                resume="allow" if run_id else None,
                job_type=JOB_TYPE,
                group=str(target).replace("/", "-").replace(":", "-"),
                config=dict(record),
                allow_val_change=True,
            ) as run,
        ):
            yield WandbPromotionRun(run, lambda: self._rivals(ref, target, str(run.id)))

    def _rivals(self, ref: SweepRef, target: Target, mine: str) -> list[str]:
        """Return records of an alias that are open, alive, and began before mine."""
        alive = datetime.now(UTC) - timedelta(seconds=SILENT_SECONDS)
        filters = {"$and": [_records_of(target), {"state": "running"}]}
        found = []
        with our_errors("read the promotion records"):
            for run in self._list(ref, filters, "+created_at", PAGE):
                if run.id == mine:
                    break
                beat = datetime.fromisoformat(str(run.heartbeat_at or run.created_at))
                if (beat if beat.tzinfo else beat.replace(tzinfo=UTC)) > alive:
                    found.append(str(run.id))
        return found


class WandbPromotionRun:
    """A promotion record that is open."""

    def __init__(self, run: Any, rivals: Callable[[], list[str]]) -> None:
        self._run, self._rivals = run, rivals

    def uses(self, artifact: str) -> None:
        """Record an artifact as input."""
        self._run.use_artifact(artifact)

    def wait_for_turn(self) -> None:
        """Return when no promotion of the same alias that began earlier is still at work.

        Records are ordered by creation, told in seconds: the first look comes a second later, when
        no record can turn up any more that counts as earlier.
        """
        time.sleep(1.0)
        while self._rivals():
            time.sleep(POLL_SECONDS)

    def applied(self, facts: Mapping[str, object]) -> None:
        """Record that the alias has moved, with the figures."""
        self._run.summary.update({**facts, "applied": True})

    def withdrawn(self, reason: str) -> None:
        """Record that the alias will not be moved by this record."""
        self._run.summary.update({"applied": False, "withdrawn": reason})


def _records_of(target: Target) -> dict[str, Any]:
    return {"jobType": JOB_TYPE, "config.alias": target.alias, "config.target": target.path}
