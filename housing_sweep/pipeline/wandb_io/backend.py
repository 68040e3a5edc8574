"""What a finalizer asks and writes, through `wandb.Api`. Fulfils `ports.Backend`."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import wandb
from wandb.errors import CommError

from housing_sweep.pipeline.ports import Backend, SweepFacts
from housing_sweep.pipeline.wandb_io.errors import our_errors
from housing_sweep.registry import names
from housing_sweep.registry.promotion import JOB_TYPE, Champion, Decision, Provenance
from housing_sweep.registry.selection import Candidate, ModelVersion

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
            self.who = str(self._api.viewer.username)

    def sweep(self, path: str) -> SweepFacts:
        """Return a sweep."""
        fix = "check the ENTITY/PROJECT/ID that `wandb sweep` printed"
        with our_errors(f"read sweep {path}", missing=fix):
            found = self._api.sweep(path)  # type: ignore[no-untyped-call]
            metric = found.config.get("metric") or {}
            return SweepFacts(
                path="/".join((found.entity, found.project, found.id)),
                state=str(found.state).upper(),
                metric=metric.get("name"),
                maximize=metric.get("goal") == "maximize",
            )

    def ranked(self, sweep: SweepFacts, metric: str, maximize: bool) -> Iterator[Candidate]:
        """Yield a sweep's runs, best first, a page at a time."""
        entity, project, sweep_id = sweep.path.split("/")
        sign = "-" if maximize else "+"
        with our_errors(f"list the runs of {sweep.path}"):
            found = self._api.runs(
                f"{entity}/{project}",
                filters={"sweep": sweep_id},
                order=f"{sign}summary_metrics.{metric}",
                per_page=PAGE,
                lazy=False,
            )
            for run in found:
                yield _candidate(run, metric)

    def models(self, candidate: Candidate) -> tuple[ModelVersion, ...]:
        """Return a run's committed model artifacts, newest first."""
        with our_errors(f"list the artifacts of {candidate.run}"):
            logged = self._api.run(candidate.run).logged_artifacts()
            found = [a for a in logged if a.type == "model" and str(a.state) == "COMMITTED"]
        return tuple(ModelVersion(_path(a), a.digest) for a in reversed(found))

    def provenance(self, candidate: Candidate) -> Provenance:
        """Return where a run's model comes from."""
        with our_errors(f"trace {candidate.run}"):
            run = self._api.run(candidate.run)
            used = next((a for a in run.used_artifacts() if a.type == "dataset"), None)
        return Provenance(
            dataset=_path(used) if used else None,
            dataset_digest=used.digest if used else None,
            dataset_source=str(used.metadata.get("source")) if used else None,
            commit=run.commit,
            config=candidate.config,
        )

    def champion(self, alias: str) -> Champion | None:
        """Return who holds an alias in the registry."""
        path = names.registry_path(alias)
        try:
            held = self._api.artifact(path)
        except (CommError, ValueError) as error:
            if "not found" in str(error).lower() or "does not" in str(error).lower():
                return None
            with our_errors(f"read {path}"):
                raise
        return Champion(_path(held), _source_path(held), held.digest)

    def is_recorded(self, decision: Decision) -> bool:
        """Return whether a finished promotion run tells of this decision."""
        return self._last_record(decision, {"state": "finished"}) is not None

    def promote(self, decision: Decision) -> str:
        """Link, move the alias, record; return the registry version's path."""
        assert decision.model is not None
        entity, project, _ = decision.sweep.split("/")
        record = decision.record(self.who)
        if decision.changes_nothing:  # interrupted after the alias moved: what it displaced is
            earlier = self._last_record(decision, {})  # in the record that was begun
            record |= {k: earlier[k] for k in ("displaced", "displaced_source")} if earlier else {}
        with (
            our_errors(f"promote {decision.model.path}"),
            wandb.init(entity=entity, project=project, job_type=JOB_TYPE, config=record) as run,
        ):
            if decision.provenance.dataset:
                run.use_artifact(decision.provenance.dataset)
            if decision.champion and not decision.changes_nothing:
                run.use_artifact(decision.champion.source)
            model = run.use_artifact(decision.model.path)
            linked = model.link(names.registry_path(), aliases=[decision.alias])
            path = _path(linked)
            run.summary.update({"promoted": path, "score": record["score"]})
        return path

    def _last_record(self, decision: Decision, filters: dict[str, Any]) -> dict[str, Any] | None:
        assert decision.model is not None
        entity, project, _ = decision.sweep.split("/")
        with our_errors("read the promotion records"):
            found = self._api.runs(
                f"{entity}/{project}",
                filters={
                    **filters,
                    "jobType": JOB_TYPE,
                    "config.alias": decision.alias,
                    "config.challenger": decision.model.path,
                },
                order="-created_at",
                per_page=1,
                lazy=False,
            )
            first = next(iter(found), None)
        return dict(first.config) if first is not None else None


def _candidate(run: Any, metric: str) -> Candidate:
    score = run.summary.get(metric)
    number = isinstance(score, int | float) and not isinstance(score, bool)
    config = {k: v for k, v in run.config.items() if not k.startswith("_")}
    return Candidate(
        run="/".join(run.path),
        name=run.name,
        state=run.state,
        score=float(score) if number else None,
        created_at=str(run.created_at),
        config=json.loads(json.dumps(config, default=str)),
    )


def _path(artifact: Any) -> str:
    return str(artifact.qualified_name).rsplit(":", 1)[0] + f":{artifact.version}"


def _source_path(artifact: Any) -> str:
    name = str(artifact.source_name)  # name:version
    return f"{artifact.source_entity}/{artifact.source_project}/{name}"


if TYPE_CHECKING:
    _conforms: Backend = WandbBackend()
