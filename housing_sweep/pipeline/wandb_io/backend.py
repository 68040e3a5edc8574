"""What a finalizer asks and writes, through `wandb.Api`. Fulfils `ports.Backend`."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import wandb
from wandb.errors import CommError

from housing_sweep.pipeline.ports import Backend, SweepFacts
from housing_sweep.pipeline.wandb_io.errors import our_errors
from housing_sweep.registry.names import RunId, SweepId, SweepRef, Target
from housing_sweep.registry.promotion import (
    JOB_TYPE,
    Dataset,
    Decision,
    OpenRecord,
    Version,
    record,
)
from housing_sweep.registry.selection import Candidate, Goal, Model

PAGE = 20
"""Runs per query: a finalizer looks at the top, never at a whole sweep."""


class WandbBackend:
    """Whatever answers at `WANDB_BASE_URL`.

    Raises:
        BadInput: no API key, or a wrong one.
    """

    def __init__(self) -> None:
        with our_errors("log in"):
            self._api = wandb.Api()
            self._who = str(self._api.viewer.username)

    @property
    def who(self) -> str:
        """The user whose key is used."""
        return self._who

    def sweep(self, ref: SweepRef) -> SweepFacts:
        """Return a sweep."""
        fix = "check the ENTITY/PROJECT/ID that `wandb sweep` printed"
        with our_errors(f"read sweep {ref}", missing=fix):
            found = self._api.sweep(str(ref))  # type: ignore[no-untyped-call]
            metric = found.config.get("metric") or {}
            return SweepFacts(
                SweepRef(found.entity, found.project, SweepId(found.id)),
                metric.get("name"),
                Goal(metric.get("goal", "minimize")),
            )

    def runs(self, ref: SweepRef, metric: str, goal: Goal) -> Iterator[Candidate]:
        """Yield a sweep's runs, best first, a page at a time; those without a score last."""
        sign = "+" if goal is Goal.MINIMIZE else "-"
        order = f"{sign}summary_metrics.{metric}"
        with our_errors(f"list the runs of {ref}"):
            for run in self._list(ref, {"sweep": ref.id}, order, PAGE):
                yield _candidate(run, metric)

    def model_of(self, candidate: Candidate) -> Model | None:
        """Return the newest committed model artifact of a run."""
        with our_errors(f"list the artifacts of {candidate.id}"):
            logged = self._api.run(candidate.id).logged_artifacts()
            found = [a for a in logged if a.type == "model" and str(a.state) == "COMMITTED"]
        if not found:
            return None
        newest = found[-1]
        return Model(str(newest.id), _path(newest), newest.digest, dict(newest.metadata))

    def dataset_of(self, candidate: Candidate) -> Dataset | None:
        """Return the dataset version a run used."""
        with our_errors(f"trace {candidate.id}"):
            used = self._api.run(candidate.id).used_artifacts()
            found = next((a for a in used if a.type == "dataset"), None)
        if found is None:
            return None
        return Dataset(_path(found), found.digest, str(found.metadata.get("source", "")))

    def champion(self, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""
        with our_errors(f"read {target}"):
            try:
                held = self._api.artifact(str(target))
            except (CommError, ValueError) as error:
                if any(word in str(error).lower() for word in ("not found", "does not", "unable")):
                    return None
                raise
        return _version(held)

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

    def promote(self, decision: Decision) -> Version:
        """Record, link, move the alias, in that order; return the registry's version."""
        best, target, ref = decision.challenger, decision.target, decision.sweep
        assert best is not None
        assert best.model is not None
        with our_errors(f"promote {best.model.name}"), wandb.init(
            entity=ref.entity,
            project=ref.project,
            job_type=JOB_TYPE,
            group=str(target).replace("/", "-").replace(":", "-"),
            config=record(decision),
        ) as run:
            if decision.dataset:
                run.use_artifact(decision.dataset.name)
            if decision.champion and decision.champion.source_id != best.model.id:
                run.use_artifact(decision.champion.source)
            model = run.use_artifact(best.model.name)
            model.link(target.path, aliases=[target.alias])
            promoted = _version(self._api.artifact(str(target)))
            run.summary.update(
                {"applied": True, "promoted": promoted.name, "score": best.score}
            )
        return promoted

    def _list(self, ref: SweepRef, filters: dict[str, Any], order: str, page: int) -> Any:
        # Not lazy: a lazy listing asks again for every run whose summary is looked at.
        return self._api.runs(
            f"{ref.entity}/{ref.project}",
            filters=filters,
            order=order,
            per_page=page,
            lazy=False,
        )


def _candidate(run: Any, metric: str) -> Candidate:
    config = {k: v for k, v in run.config.items() if not k.startswith("_")}
    return Candidate(
        id=RunId("/".join(run.path)),
        name=run.name,
        state=run.state,
        created_at=str(run.created_at),
        score=run.summary.get(metric),
        config=json.loads(json.dumps(config, default=str)),
        commit=run.commit,
        user=run.user.username if run.user else None,
        url=run.url,
    )


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
