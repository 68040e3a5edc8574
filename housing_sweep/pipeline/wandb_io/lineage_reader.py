"""Runs and artifacts with what made them and what used them. Fulfils `ports.Lineage`."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

from housing_sweep.errors import BadInput, NotFound, Refused
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.pipeline.wandb_io.convert import artifact_path, model_facts
from housing_sweep.pipeline.wandb_io.run_queries import WandbSweeps
from housing_sweep.registry.lineage_tree import ArtifactOrigin, Rank, RunOrigin
from housing_sweep.registry.model_facts import DatasetFacts
from housing_sweep.registry.references import SweepId, SweepRef
from housing_sweep.search.score import Score, score_of


@dataclass(frozen=True, slots=True)
class WandbLineage:
    """Nodes of one backend's graph; each costs a few requests."""

    connection: Connection
    sweeps: WandbSweeps

    def artifact(self, name: str, uses: int = 0) -> ArtifactOrigin:
        """Return an artifact version, with up to `uses` runs that used it."""
        with self.connection.reading(f"read {name}"):
            artifact = self.connection.api.artifact(name)
            run = artifact.logged_by()
            users = islice(artifact.used_by(), uses) if uses else ()
            is_data = artifact.type == "dataset"
            return ArtifactOrigin(
                kind=artifact.type,
                name=artifact_path(artifact),
                digest=artifact.digest,
                model=None if is_data else model_facts(artifact.metadata)[0],
                data=DatasetFacts.parse(artifact.metadata) if is_data else None,
                links=tuple(
                    (artifact_path(link), tuple(sorted(_own(link.aliases))))
                    for link in artifact.linked_artifacts
                ),
                made_by="/".join(run.path) if run else "",
                used_by=tuple("/".join(user.path) for user in users),
            )

    def run(self, path: str) -> RunOrigin:
        """Return a run with its artifacts and its rank in its sweep."""
        with self.connection.reading(f"read run {path}", "check its ENTITY/PROJECT/ID"):
            run = self.connection.api.run(path)
            entity, project, _ = run.path
            sweep = SweepRef(entity, project, SweepId(run.sweep_name or ""))
            score = self._score(sweep)
            value = score.read(run.summary_metrics)
            return RunOrigin(
                path="/".join(run.path),
                name=run.name or run.id,
                state=run.state,
                job_type=run.job_type or "",
                user=str(getattr(run.user, "username", "") or ""),
                created_at=str(run.created_at),
                commit=run.commit or "",
                score=score,
                value=value,
                sweep=str(sweep) if sweep.id else "",
                rank=self._rank(sweep, score, value) if sweep.id and value is not None else None,
                inputs=tuple(artifact_path(used) for used in run.used_artifacts()),
                outputs=tuple(
                    artifact_path(artifact)
                    for artifact in run.logged_artifacts()
                    if artifact.type in ("model", "dataset")
                ),
            )

    def _score(self, sweep: SweepRef) -> Score:
        """Return what a run is ranked by: its sweep's only objective, else val_rmse."""
        if sweep.id:
            try:
                return score_of(self.sweeps.sweep(sweep).objectives)
            except (NotFound, BadInput, Refused):  # it was deleted, or has several objectives
                pass
        return score_of({})

    def _rank(self, sweep: SweepRef, score: Score, value: float) -> Rank:
        better = {"$gt" if score.maximize else "$lt": value}
        ahead = {"$or": [{f"summary_metrics.{key}": better} for key in score.keys]}
        finished: list[dict[str, Any]] = [{"sweep": sweep.id}, {"state": "finished"}]
        in_front, of = (
            len(
                self.connection.api.runs(
                    f"{sweep.entity}/{sweep.project}", filters={"$and": filters}, per_page=1
                )
            )
            for filters in ([*finished, ahead], finished)
        )
        return Rank(in_front + 1, of)


def _own(aliases: list[str]) -> list[str]:
    """Return aliases that people set: not `latest`, not v3."""
    return [a for a in aliases if a != "latest" and not (a[:1] == "v" and a[1:].isdigit())]
