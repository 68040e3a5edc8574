"""Promotion runs: the durable history of an alias. Fulfils `ports.Promotions`."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import wandb

from housing_sweep.errors import NotFound, Refused
from housing_sweep.pipeline.values import OwnModel
from housing_sweep.pipeline.wandb_io import convert, downloads
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.registry.alias_history import ROLLBACK, Move, read_move
from housing_sweep.registry.promotion import JOB_TYPE, OpenRecord
from housing_sweep.registry.references import SweepId, SweepRef, Target
from housing_sweep.registry.selection import Model

PAGE = 20
POLL_SECONDS = 1.0
SILENT_SECONDS = 60.0
"""A promotion whose run was not heard of for so long is dead; the SDK speaks every 15 to 30 s."""

LONGEST_SECONDS = 600.0
"""A record is open while an alias is moved, seconds: nobody waits longer for another one's, however
alive its run is kept."""


@dataclass(frozen=True, slots=True)
class WandbPromotions:
    """Promotion runs on one backend."""

    connection: Connection

    @property
    def who(self) -> str:
        """The user whose key is used."""
        return self.connection.who

    def open_record(self, ref: SweepRef, target: Target) -> OpenRecord | None:
        """Return the newest promotion record of a target, if it was never finished."""
        with self.connection.reading("read the promotion records"):
            run = next(iter(self._list(ref, _records_of(target), "-created_at", 1)), None)
        if run is None or run.summary.get("applied") or run.summary.get("withdrawn"):
            return None
        if run.config.get("decision") == ROLLBACK:
            return None
        challenger = run.config.get("challenger")
        challenger = challenger if isinstance(challenger, Mapping) else {}
        return OpenRecord(
            run_id=run.id,
            of=str(challenger.get("of") or ""),
            built=str(challenger.get("built") or ""),
            displaced=str(run.config.get("displaced") or ""),
            who=str(run.user.username) if run.user else "",
        )

    def moves(self, ref: SweepRef, target: Target, *, every_alias: bool = False) -> list[Move]:
        """Return every move of an alias, or of all in the collection, oldest first."""
        moves, filters = [], _records_of(target)
        if every_alias:
            del filters["config.alias"]
        for project in self._record_projects(ref, target):
            # The default project may not exist: then nothing was promoted from it.
            what = f"read the promotion records in {project}"
            with contextlib.suppress(NotFound), self.connection.reading(what):
                for run in self._list(project, filters, "+created_at", PAGE):
                    config, summary = dict(run.config), dict(run.summary_metrics)
                    path = "/".join(run.path)
                    move = read_move(path, str(run.created_at), config, summary)
                    # Who wrote a record is the backend's word, not the record's.
                    who = str(run.user.username) if run.user else move.who
                    moves.append(replace(move, who=who))
        return sorted(moves, key=lambda move: (move.at, move.record))

    @contextlib.contextmanager
    def write(
        self, ref: SweepRef, target: Target, run_id: str | None, record: Mapping[str, object]
    ) -> Iterator["WandbPromotionRun"]:
        """Open a promotion run; `wandb.init` returns when its config is stored."""
        with self.connection.run(
            f"promote to {target}",
            entity=ref.entity,
            project=ref.project,
            id=run_id,
            resume="allow" if run_id else None,
            job_type=JOB_TYPE,
            group=str(target).replace("/", "-").replace(":", "-"),
            config=dict(record),
            allow_val_change=True,
        ) as run:
            yield WandbPromotionRun(
                self.connection, run, lambda: self._rivals(ref, target, str(run.id))
            )

    def _record_projects(self, ref: SweepRef, target: Target) -> list[SweepRef]:
        projects = {(ref.entity, ref.project)}
        with contextlib.suppress(NotFound), self.connection.reading(f"list {target.path}"):
            api = self.connection.api_of(ref.entity)
            for version in api.artifacts("model", target.path):
                projects.add((version.source_entity, version.source_project))
        return [SweepRef(entity, project, SweepId("")) for entity, project in sorted(projects)]

    def _rivals(self, ref: SweepRef, target: Target, mine: str) -> list[str]:
        """Return records of an alias that are open, alive, and began before mine."""
        now = datetime.now(UTC)
        filters = {"$and": [_records_of(target), {"state": "running"}]}
        rivals = []
        with self.connection.reading("read the promotion records"):
            for run in self._list(ref, filters, "+created_at", PAGE):
                if run.id == mine:
                    break
                if at_work(str(run.created_at), str(run.heartbeat_at or run.created_at), now):
                    rivals.append(str(run.id))
        return rivals

    def _list(self, ref: SweepRef, filters: dict[str, Any], order: str, page: int) -> Any:
        return self.connection.list_runs(f"{ref.entity}/{ref.project}", filters, order, page)


class WandbPromotionRun:
    """A promotion record that is open."""

    def __init__(self, connection: Connection, run: Any, rivals: Callable[[], list[str]]) -> None:
        self._connection, self._run, self._rivals = connection, run, rivals

    def uses(self, artifact: str) -> None:
        """Record an artifact as input."""
        self._run.use_artifact(artifact)

    def logs(self, own: OwnModel) -> Model:
        """Log a model that was built here, with what it was built from as input.

        Again returns the version that holds these bits already.
        """
        facts, run = own.files.facts, self._run
        with (
            contextlib.suppress(NotFound),
            self._connection.reading(f"read {own.name}"),
        ):
            api = self._connection.api
            newest = api.artifact(f"{run.entity}/{run.project}/{own.name}:latest")
            if _holds(newest, own):
                return convert.model(newest)
        self.uses(own.of.name)
        artifact = wandb.Artifact(own.name, type="model", metadata=facts.document())
        for name, path in own.files.by_name().items():
            artifact.add_file(str(path), name=name, policy="mutable")
        model = convert.model(run.log_artifact(artifact).wait())
        challenger = {
            **dict(run.config["challenger"]),
            "artifact": model.name,
            "artifact_id": model.id,
            "digest": model.digest,
            "model_sha256": facts.model_sha256,
        }
        run.config.update({"challenger": challenger}, allow_val_change=True)
        return model

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


def _holds(artifact: Any, own: OwnModel) -> bool:
    """Return whether a version has just these files, whatever its metadata says."""
    with tempfile.TemporaryDirectory(prefix="housing-sweep-") as scratch:
        try:
            files = downloads.fetch_model(artifact, Path(scratch))
        except Refused:
            return False
    mine = own.files
    same = (files.sha256, files.safe_sha256) == (mine.sha256, mine.safe_sha256)
    return same and files.facts == mine.facts and convert.model(artifact).facts == mine.facts


def at_work(created_at: str, heartbeat_at: str, now: datetime) -> bool:
    """Return whether a promotion that is open may still move its alias.

    Args:
        created_at: when its run began, ISO 8601, UTC where nothing else is said.
        heartbeat_at: when it was heard of last.
        now: the present moment.
    """
    began, heard = (_utc(moment) for moment in (created_at, heartbeat_at))
    silent, longest = (timedelta(seconds=s) for s in (SILENT_SECONDS, LONGEST_SECONDS))
    return now - heard < silent and now - began < longest


def _utc(moment: str) -> datetime:
    parsed = datetime.fromisoformat(moment)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _records_of(target: Target) -> dict[str, Any]:
    return {"jobType": JOB_TYPE, "config.alias": target.alias, "config.target": target.path}
