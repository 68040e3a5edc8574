"""Models of a sweep's trials: who needs them, and their deletion. Through `wandb.Api` alone."""

from collections.abc import Iterator
from typing import Any

from housing_sweep.pipeline.wandb_io.backend import WandbBackend
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.prune_rules import Held
from housing_sweep.registry.references import SweepRef
from housing_sweep.search.score import Goal, finite

PAGE = 100
ENDED = ("finished", "failed", "crashed", "killed")


class PruneBackend(WandbBackend):
    """Whatever answers at `WANDB_BASE_URL`, asked who needs a model."""

    def standing(self, ref: SweepRef, metric: str, goal: Goal) -> tuple[list[str], list[str]]:
        """Return all runs of a sweep, best first, and those that have not ended, by id."""
        with our_errors(f"list the trials of {ref}"):
            runs = list(self._list(ref, {"sweep": ref.id}, "+created_at", PAGE))
        sign = 1.0 if goal is Goal.MINIMIZE else -1.0

        def order(place: int) -> tuple[bool, float, int]:
            run = runs[place]
            score = finite(run.summary_metrics.get(metric)) if run.state == "finished" else None
            return score is None, 0.0 if score is None else sign * score, place

        ranked = [str(runs[place].id) for place in sorted(range(len(runs)), key=order)]
        return ranked, [str(run.id) for run in runs if run.state not in ENDED]

    def models_of(self, ref: SweepRef, run: str) -> Iterator[Held]:
        """Yield the committed model versions of a run: two requests each."""
        path = f"{ref.entity}/{ref.project}/{run}"
        with our_errors(f"list the models of {path}"):
            for artifact in self._api.run(path).logged_artifacts():
                if artifact.type == "model" and str(artifact.state) == "COMMITTED":
                    yield _held(artifact, path)

    def look_again(self, model: Held) -> Held | None:
        """Return the model as it is now, or None if it is gone."""
        with our_errors(f"read {model.name}"):
            artifact = self._api.artifact(model.name)
            path = "/".join([*model.name.split("/")[:2], model.run])
            return _held(artifact, path) if str(artifact.id) == model.id else None

    def delete(self, model: Held) -> None:
        """Delete a model version with its files."""
        with our_errors(f"delete {model.name}"):
            self._api.artifact(model.name).delete(delete_aliases=True)


def _held(artifact: Any, run: str) -> Held:
    users = ("/".join(user.path) for user in artifact.used_by())
    return Held(
        name=f"{artifact.entity}/{artifact.project}/{artifact.name.partition(':')[0]}"
        f":{artifact.version}",
        id=str(artifact.id),
        run=run.rsplit("/", 1)[-1],
        size=int(artifact.size),
        aliases=tuple(map(str, artifact.aliases)),
        linked_to=tuple(
            f"{link.project}/{link.collection.name}:{link.version}"
            for link in artifact.linked_artifacts
        ),
        used_by=tuple(sorted(user for user in users if user != run)),
    )
