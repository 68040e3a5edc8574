"""`housing-sweep export`: a model with its lineage, checked, for teams that use other tools too."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from housing_sweep.errors import Refused
from housing_sweep.pipeline.ports import Backend
from housing_sweep.pipeline.use.find_model import checked_model
from housing_sweep.pipeline.use.proved import require_proof
from housing_sweep.pipeline.values import FetchedDataset, FetchedModel, Say
from housing_sweep.registry.selection import Candidate, Model


@dataclass(frozen=True, slots=True)
class Export:
    """What leaves: a model whose hashes agree, its data, and where both come from.

    Attributes:
        model: the artifact.
        files: here, as long as the export lives.
        dataset: the version it was trained on; its CSV has the recorded SHA-256.
        run: that made it, or None if it was deleted.
    """

    model: Model
    files: FetchedModel
    dataset: FetchedDataset
    run: Candidate | None

    @property
    def config(self) -> dict[str, object]:
        """The trial's config, complete."""
        return dict(self.files.facts.config)

    @property
    def metrics(self) -> dict[str, float]:
        """Its validation scores (none for a refit) and what it is made of."""
        facts = self.files.facts
        figures = {
            **facts.scores,
            "best_iteration": float(facts.best_iteration),
            "model_bytes": float(facts.model_bytes),
        }
        return figures if facts.interval90 is None else figures | {"interval90": facts.interval90}

    @property
    def lineage(self) -> dict[str, str]:
        """Where it comes from: artifact, run, person, commit, data."""
        run = self.run
        origin = {
            "artifact": self.model.name,
            "artifact_digest": self.model.digest,
            "model_sha256": self.files.sha256,
            "skops_sha256": self.files.facts.skops_sha256,
            "run": run.id if run else "",
            "run_url": run.url if run else "",
            "user": (run.user or "") if run else "",
            "commit": (run.commit or "") if run else "",
            "dataset": self.dataset.path,
            "dataset_digest": self.dataset.digest,
            "dataset_sha256": self.dataset.sha256,
            "dataset_source": self.dataset.source,
            "split_fingerprint": self.files.facts.split_fingerprint,
            "refit_of": self.files.facts.refit_of,
        }
        return {name: value for name, value in origin.items() if value}


@contextmanager
def exported(backend: Backend, reference: str, say: Say) -> Iterator[Export]:
    """Yield a model to export, proved; its files are deleted afterwards.

    Args:
        backend: who is asked.
        reference: `registry:ALIAS`, a model artifact's name, or a run's path.
        say: told what is being done.

    Raises:
        NotFound: there is no such model, or its dataset is gone.
        Refused: its hashes disagree, it needs other libraries, or its data was replaced.
    """
    with checked_model(backend, reference) as (model, files):
        dataset = backend.artifacts.fetch_dataset(files.facts.dataset)
        if dataset.sha256 != files.facts.dataset_sha256:
            raise Refused(
                f"{dataset.path} is not the data that {model.name} was trained on",
                fix="its version was replaced; export another model",
            )
        require_proof(backend, model, files, say)
        yield Export(model, files, dataset, backend.runs.made_by(model))
