"""What a finalizer asks and writes, through `wandb.Api`. Fulfils `ports.Backend`.

Queries per promotion, whatever the size of the sweep: one for the sweep, one per 20 runs looked
at, two per candidate in front of the winner for its artifacts, a handful for the registry.
"""

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wandb

from housing_sweep.errors import NotFound, Unavailable
from housing_sweep.pipeline.ports import (
    SCORE,
    Backend,
    DatasetVersion,
    FetchedModel,
    Refit,
    SweepFacts,
)
from housing_sweep.pipeline.wandb_io import files
from housing_sweep.pipeline.wandb_io.errors import our_errors
from housing_sweep.registry.history import ROLLBACK, Move, read_move
from housing_sweep.registry.names import RunId, SweepId, SweepRef, Target
from housing_sweep.registry.promotion import (
    JOB_TYPE,
    Dataset,
    OpenRecord,
    Version,
)
from housing_sweep.registry.selection import Candidate, Goal, Model

PAGE = 20
"""Runs per query: a finalizer looks at the top, never at a whole sweep."""

PROJECT = "california-housing"
REACH_SECONDS = 10.0
POLL_SECONDS = 1.0
SILENT_SECONDS = 60.0
"""A promotion whose run was not heard of for so long is dead; the SDK speaks every 15 to 30 s."""


class WandbBackend:
    """Whatever answers at `WANDB_BASE_URL`.

    Raises:
        BadInput: no API key, or a wrong one.
        Unavailable: nothing answers there.
    """

    def __init__(self) -> None:
        _require_answer(str(wandb.setup().settings.base_url))
        with our_errors("log in"):
            self._api = wandb.Api()
            self._apis: dict[str, Any] = {}
            self._versions: dict[str, Any] = {}
            self._who = str(self._api.viewer.username)

    @property
    def who(self) -> str:
        """The user whose key is used."""
        return self._who

    def sweep(self, ref: SweepRef) -> SweepFacts:
        """Return a sweep."""
        fix = "check the ENTITY/PROJECT/ID that `wandb sweep` printed"
        with our_errors(f"read sweep {ref}", missing=fix):
            entity = ref.entity or self._api.settings["entity"] or self._api.default_entity
            project = ref.project or self._api.settings["project"] or PROJECT
            full = SweepRef(str(entity), str(project), ref.id)
            found = self._api.sweep(str(full))  # type: ignore[no-untyped-call]
            metric = found.config.get("metric") or {}
            goals = {
                str(one["name"]): Goal(one.get("goal", "minimize"))
                for one in found.config.get("metrics") or ()
            }
            goal = Goal(metric.get("goal", "minimize"))
            return SweepFacts(full, metric.get("name"), goal, goals)

    def finished(self, ref: SweepRef, metric: str, goal: Goal) -> Iterator[Candidate]:
        """Yield finished runs, best first, a page at a time; those without a score last."""
        return self._best_first(ref, metric, goal, "finished", PAGE)

    def unfinished(
        self, ref: SweepRef, metric: str, goal: Goal, limit: int
    ) -> tuple[Candidate, ...]:
        """Return up to `limit` runs that did not finish, best first; one request."""
        runs = self._best_first(ref, metric, goal, {"$ne": "finished"}, limit)
        return tuple(islice(runs, limit))

    def _best_first(
        self, ref: SweepRef, metric: str, goal: Goal, state: object, page: int
    ) -> Iterator[Candidate]:
        sign = "+" if goal is Goal.MINIMIZE else "-"
        filters = {"$and": [{"sweep": ref.id}, {"state": state}]}
        with our_errors(f"list the runs of {ref}"):
            for run in self._list(ref, filters, f"{sign}summary_metrics.{metric}", page):
                yield _candidate(run, metric)

    def model_of(self, candidate: Candidate) -> Model | None:
        """Return the newest committed model artifact of a run."""
        with our_errors(f"list the artifacts of {candidate.id}"):
            logged = self._api.run(candidate.id).logged_artifacts()
            found = [a for a in logged if a.type == "model" and str(a.state) == "COMMITTED"]
        if not found:
            return None
        newest = max(found, key=lambda a: (_run_id(candidate) in a.name, int(a.version[1:])))
        return _model(newest)

    def dataset_of(self, candidate: Candidate) -> Dataset | None:
        """Return the dataset version a run used."""
        with our_errors(f"trace {candidate.id}"):
            used = self._api.run(candidate.id).used_artifacts()
            found = next((a for a in used if a.type == "dataset"), None)
        if found is None:
            return None
        return Dataset(artifact_path(found), found.digest, str(found.metadata.get("source", "")))

    def run(self, path: str) -> Candidate:
        """Return a run by ENTITY/PROJECT/ID."""
        with our_errors(f"read run {path}", missing="check its ENTITY/PROJECT/ID"):
            return _candidate(self._api.run(path), SCORE)

    def model(self, name: str) -> Model:
        """Return a model version by ENTITY/PROJECT/NAME:VERSION."""
        return _model(self._artifact(name))

    def made_by(self, model: Model) -> Candidate | None:
        """Return the run that logged a model, or None if it was deleted."""
        with our_errors(f"trace {model.name}"):
            run = self._artifact(model.name).logged_by()
            return None if run is None else _candidate(run, SCORE)

    def fetch_model(self, model: Model, folder: Path) -> FetchedModel:
        """Download a model version into a folder."""
        return files.fetch_model(self._artifact(model.name), folder)

    def fetch_diff(self, run: str, folder: Path) -> Path | None:
        """Download what a run's checkout had beyond its commit, if anything."""
        with our_errors(f"read the files of {run}"):
            found = next(iter(self._api.run(run).files(names=["diff.patch"])), None)
            if found is None or not found.size:
                return None
            with found.download(root=str(folder), replace=True) as file:
                return Path(file.name)

    def fetch_predictions(self, model: Model, folder: Path) -> Path | None:
        """Download the validation predictions of a model version, if it has any."""
        return files.fetch_predictions(self._artifact(model.name), folder)

    def fetch_dataset(self, name: str) -> DatasetVersion:
        """Download a dataset version; a copy here with its SHA-256 is not fetched again."""
        return files.fetch_dataset(self._artifact(name))

    def _artifact(self, name: str) -> Any:
        """Return a version; one that is named by its number is asked for once."""
        if name in self._versions:
            return self._versions[name]
        with our_errors(f"read {name}"):
            found = self._api.artifact(name)
        if name == artifact_path(found):
            self._versions[name] = found
        return found

    def home(self) -> SweepRef:
        """Return the entity and project used by default, without a sweep."""
        with our_errors("read the settings"):
            entity = self._api.settings["entity"] or self._api.default_entity
            project = self._api.settings["project"] or PROJECT
        return SweepRef(str(entity), str(project), SweepId(""))

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""
        return self.version(ref, target.path, target.alias)

    def version(self, ref: SweepRef, collection: str, name: str) -> Version | None:
        """Return a version of a registry collection by alias, or by number such as v3."""
        with contextlib.suppress(NotFound), our_errors(f"read {collection}:{name}"):
            return _version(self._as(ref).artifact(f"{collection}:{name}"))
        return None

    def log_refit(self, ref: SweepRef, refit: Refit) -> Model:
        """Log a refit as an artifact of a run that used the winner and the dataset."""
        facts = refit.files.facts
        base = refit.of.name.rsplit("/", 1)[-1].partition(":")[0]
        name = f"{base}-refit"
        with contextlib.suppress(NotFound), our_errors(f"read {name}"):
            held = self._api.artifact(f"{ref.entity}/{ref.project}/{name}:latest")
            if held.metadata.get("model_sha256") == facts["model_sha256"]:
                return _model(held)
        with (
            our_errors(f"log {name}"),
            wandb.init(
                entity=ref.entity,
                project=ref.project,
                job_type="refit",
                config={"refit_of": refit.of.name, **_object(facts.get("config"))},
            ) as run,
        ):
            run.use_artifact(refit.of.name)
            run.use_artifact(refit.dataset.path)
            made = wandb.Artifact(name, type="model", metadata=dict(facts))
            for path in sorted(refit.files.path.parent.iterdir()):
                made.add_file(str(path), policy="mutable")
            logged = run.log_artifact(made).wait()
            keep = ("model_sha256", "model_bytes", "predictions_sha256", "split_fingerprint")
            run.summary.update({key: facts[key] for key in (*keep, "dataset_digest")})
            return _model(logged)

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        """Link a model to the collection; again returns the version that it has there."""
        with our_errors(f"link {model.name} to {target.path}"):
            artifact = self._as(ref).artifact(model.name)
            for known in artifact.linked_artifacts:
                if f"{known.project}/{known.collection.name}" == target.path:
                    return _version(known)
            return _version(artifact.link(target.path))

    def move_alias(self, ref: SweepRef, target: Target, version: Version) -> None:
        """Put the alias on a version; the backend takes it from the one that has it."""
        with our_errors(f"move {target}"):
            linked = self._as(ref).artifact(f"{target.path}:{version.version}")
            if target.alias not in linked.aliases:
                linked.aliases = [*linked.aliases, target.alias]
                linked.save()

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

    def _as(self, ref: SweepRef) -> Any:
        """Return an Api whose entity is the sweep's: it chooses the organization's registry."""
        if ref.entity not in self._apis:
            self._apis[ref.entity] = wandb.Api(overrides={"entity": ref.entity})
        return self._apis[ref.entity]

    def _list(self, ref: SweepRef, filters: dict[str, Any], order: str, page: int) -> Any:
        # Not lazy: a lazy listing asks again for every run whose summary is looked at.
        return self._api.runs(
            f"{ref.entity}/{ref.project}",
            filters=filters,
            order=order,
            per_page=page,
            lazy=False,
            include_sweeps=False,
        )


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


def _model(artifact: Any) -> Model:
    return Model(
        str(artifact.id), artifact_path(artifact), artifact.digest, dict(artifact.metadata)
    )


def _object(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def _require_answer(url: str) -> None:
    """Ask once: of an unreachable server the SDK says "failed login", and that after 24 s."""
    try:
        # S310: the address wandb itself uses, nobody else's input.
        with urllib.request.urlopen(f"{url}/healthz", timeout=REACH_SECONDS):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        error.close()  # it answers; whether it knows this path does not matter
    except OSError as error:
        raise Unavailable(
            f"nothing answers at {url}: {getattr(error, 'reason', error)}",
            fix="start `housing-sweep server`, or correct WANDB_BASE_URL",
        ) from None


def _run_id(candidate: Candidate) -> str:
    return candidate.id.rsplit("/", 1)[-1]


def _candidate(run: Any, metric: str) -> Candidate:
    config = {k: v for k, v in run.config.items() if not k.startswith("_")}
    return Candidate(
        id=RunId("/".join(run.path)),
        name=run.name,
        state=run.state,
        created_at=str(run.created_at),
        score=_score(run.summary_metrics, metric),
        config=json.loads(json.dumps(config, default=str)),
        commit=run.commit,
        user=run.user.username if run.user else None,
        url=run.url,
        summary=_scalars(run.summary_metrics),
    )


def _scalars(summary: Mapping[str, Any]) -> dict[str, object]:
    """Return the plain values of a summary; tables and charts stay away."""
    kinds = (str, int, float, bool)
    return {k: v for k, v in summary.items() if isinstance(v, kinds) and not k.startswith("_")}


def _score(summary: Mapping[str, object], metric: str) -> object:
    """Return the metric's summary value; `define_metric` with a rule makes it a small dict."""
    value = summary.get(metric)
    if isinstance(value, Mapping):
        return next(iter(value.values()), None)
    return value


def artifact_path(artifact: Any) -> str:
    """Return entity/project/name:vN of a version, however it was fetched."""
    return str(artifact.qualified_name).rsplit(":", 1)[0] + f":{artifact.version}"


def _version(artifact: Any) -> Version:
    source = f"{artifact.source_entity}/{artifact.source_project}/{artifact.source_name}"
    return Version(
        name=artifact_path(artifact),
        version=str(artifact.version),
        source_id=str(artifact.id),
        source=source,
        digest=artifact.digest,
        url=str(artifact.url or ""),
        refit_of=str(artifact.metadata.get("refit_of") or ""),
    )


if TYPE_CHECKING:
    _conforms: Backend = WandbBackend()
