"""Runs and artifacts with what made them and what used them, through `wandb.Api`."""

from itertools import islice
from typing import Any

import wandb

from housing_sweep.pipeline.wandb_io.convert import artifact_path
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.lineage_tree import ArtifactFacts, RunFacts
from housing_sweep.search.score import finite


class LineageReader:
    """Reads the graph one node at a time; each node costs a few requests."""

    def __init__(self) -> None:
        with our_errors("log in"):
            self._api = wandb.Api()

    def artifact(self, name: str, uses: int = 0) -> ArtifactFacts:
        """Return an artifact version, with up to `uses` runs that used it."""
        with our_errors(f"read {name}"):
            found = self._api.artifact(name)
            run = found.logged_by()
            return ArtifactFacts(
                kind=found.type,
                name=artifact_path(found),
                digest=found.digest,
                metadata=dict(found.metadata),
                links=tuple(
                    (artifact_path(link), tuple(sorted(_own(link.aliases))))
                    for link in found.linked_artifacts
                ),
                made_by="/".join(run.path) if run else "",
                used_by=tuple("/".join(r.path) for r in islice(found.used_by(), uses))
                if uses
                else (),
            )

    def run(self, path: str) -> RunFacts:
        """Return a run with its artifacts and its rank in its sweep."""
        with our_errors(f"read run {path}", missing="check its ENTITY/PROJECT/ID"):
            run = self._api.run(path)
            entity, project, _ = run.path
            score = finite(run.summary_metrics.get("val_rmse"))
            sweep = run.sweep_name
            rank, of = self._rank(f"{entity}/{project}", sweep, score)
            return RunFacts(
                path="/".join(run.path),
                name=run.name or run.id,
                state=run.state,
                job_type=run.job_type or "",
                user=str(getattr(run.user, "username", "") or ""),
                created_at=str(run.created_at),
                commit=run.commit or "",
                score=score,
                sweep=f"{entity}/{project}/{sweep}" if sweep else "",
                rank=rank,
                of=of,
                inputs=tuple(artifact_path(used) for used in run.used_artifacts()),
                outputs=tuple(
                    artifact_path(made)
                    for made in run.logged_artifacts()
                    if made.type in ("model", "dataset")
                ),
            )

    def _rank(
        self, project: str, sweep: str | None, score: float | None
    ) -> tuple[int | None, int | None]:
        if not sweep or score is None:
            return None, None
        finished: list[dict[str, Any]] = [{"sweep": sweep}, {"state": "finished"}]
        better = [*finished, {"summary_metrics.val_rmse": {"$lt": score}}]
        ahead, all_of_them = (
            len(self._api.runs(project, filters={"$and": filters}, per_page=1))
            for filters in (better, finished)
        )
        return ahead + 1, all_of_them


def _own(aliases: list[str]) -> list[str]:
    """Return aliases that people set: not `latest`, not v3."""
    return [a for a in aliases if a != "latest" and not (a[:1] == "v" and a[1:].isdigit())]
