"""What a finalizer asks and writes, through `wandb.Api`. Fulfils `ports.Backend`.

Queries per promotion, whatever the size of the sweep: one for the sweep, one per 20 runs looked
at, two per candidate in front of the winner for its artifacts, a handful for the registry.
"""

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import wandb

from housing_sweep.errors import NotFound, Unavailable
from housing_sweep.pipeline.ports import Backend, SweepFacts
from housing_sweep.pipeline.wandb_io.errors import our_errors
from housing_sweep.registry.names import RunId, SweepRef, Target
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
            return SweepFacts(full, metric.get("name"), Goal(metric.get("goal", "minimize")))

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
        return Model(str(newest.id), _path(newest), newest.digest, dict(newest.metadata))

    def dataset_of(self, candidate: Candidate) -> Dataset | None:
        """Return the dataset version a run used."""
        with our_errors(f"trace {candidate.id}"):
            used = self._api.run(candidate.id).used_artifacts()
            found = next((a for a in used if a.type == "dataset"), None)
        if found is None:
            return None
        return Dataset(_path(found), found.digest, str(found.metadata.get("source", "")))

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""
        with contextlib.suppress(NotFound), our_errors(f"read {target}"):
            return _version(self._as(ref).artifact(str(target)))
        return None

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
        filters = {"jobType": JOB_TYPE, "config.alias": target.alias, "config.target": target.path}
        with our_errors("read the promotion records"):
            found = next(iter(self._list(ref, filters, "-created_at", 1)), None)
        if found is None or found.summary.get("applied"):
            return None
        challenger = found.config.get("challenger") or {}
        return OpenRecord(
            found.id, str(challenger.get("artifact_id")), str(found.config.get("displaced") or "")
        )

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
            yield WandbPromotionRun(run)

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

    def __init__(self, run: Any) -> None:
        self._run = run

    def uses(self, artifact: str) -> None:
        """Record an artifact as input."""
        self._run.use_artifact(artifact)

    def applied(self, facts: Mapping[str, object]) -> None:
        """Record that the alias has moved, with the figures."""
        self._run.summary.update({**facts, "applied": True})


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
    )


def _score(summary: Mapping[str, object], metric: str) -> object:
    """Return the metric's summary value; `define_metric` with a rule makes it a small dict."""
    value = summary.get(metric)
    if isinstance(value, Mapping):
        return next(iter(value.values()), None)
    return value


def _path(artifact: Any) -> str:
    return str(artifact.qualified_name).rsplit(":", 1)[0] + f":{artifact.version}"


def _version(artifact: Any) -> Version:
    source = f"{artifact.source_entity}/{artifact.source_project}/{artifact.source_name}"
    return Version(
        name=_path(artifact),
        version=str(artifact.version),
        source_id=str(artifact.id),
        source=source,
        digest=artifact.digest,
        url=str(artifact.url or ""),
    )


if TYPE_CHECKING:
    _conforms: Backend = WandbBackend()
