"""Models of trials: who needs them, and their deletion. Fulfils `ports.StoredModels`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.registry.prune_rules import StoredModel


@dataclass(frozen=True, slots=True)
class WandbStoredModels:
    """Models of trials on one backend."""

    connection: Connection

    def models_of(self, run: str) -> Iterator[StoredModel]:
        """Yield the committed model versions of a run: two requests each."""
        with self.connection.reading(f"list the models of {run}"):
            for artifact in self.connection.api.run(run).logged_artifacts():
                if artifact.type == "model" and str(artifact.state) == "COMMITTED":
                    yield _stored_model(artifact, run)

    def read_again(self, model: StoredModel) -> StoredModel | None:
        """Return the model as it is now, or None if it is gone."""
        path = "/".join([*model.name.split("/")[:2], model.run])
        try:
            with self.connection.reading(f"read {model.name}"):
                artifact = self.connection.api.artifact(model.name)
                return _stored_model(artifact, path) if str(artifact.id) == model.id else None
        except NotFound:
            return None

    def delete(self, model: StoredModel) -> None:
        """Delete a model version with its files."""
        with self.connection.writing(f"delete {model.name}"):
            self.connection.api.artifact(model.name).delete(delete_aliases=True)


def _stored_model(artifact: Any, run: str) -> StoredModel:
    users = ("/".join(user.path) for user in artifact.used_by())
    return StoredModel(
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
