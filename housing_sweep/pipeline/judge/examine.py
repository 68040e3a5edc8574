"""Verify before believing: download, hash, load in a fresh process, predict again, compare."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from housing_sweep.errors import HousingSweepError, NotFound, Refused
from housing_sweep.pipeline.judge import fresh_process
from housing_sweep.pipeline.ports import Artifacts, Runs
from housing_sweep.pipeline.values import FetchedDataset, FetchedModel, Say
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.registry.verification import Claims, Recomputed, why_not_equal, why_not_loaded

MOST_REJECTED = 20
"""Models that are downloaded and found wanting before a sweep is given up."""


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model that was loaded once, in a fresh process, and did what it promised.

    Attributes:
        model: the artifact.
        files: here; `files.path` has SHA-256 `files.sha256`.
        dataset: what it was trained on.
    """

    model: Model
    files: FetchedModel
    dataset: FetchedDataset

    @property
    def config(self) -> Mapping[str, object]:
        """The trial's config, as recorded in `model.json`."""
        return self.files.facts.config

    def request(self) -> dict[str, object]:
        """Return what every command of `pipeline.child` about this model needs."""
        return {
            "csv": str(self.dataset.csv),
            "problem": self.dataset.problem.as_document(),
            "config": dict(self.config),
            "model": str(self.files.path),
            "sha256": self.files.sha256,
        }

    def data(self) -> dict[str, object]:
        """Return the dataset version as a flat object."""
        return self.dataset.as_data()


def installed() -> dict[str, str]:
    """Return the versions of the libraries here that decide a trial's result."""
    from housing_sweep.pipeline.train import model_files

    return model_files.installed()


@dataclass
class Examiner:
    """Verifies models, each once; keeps their files until it is closed.

    Attributes:
        runs: tells which model a run logged.
        artifacts: has the files.
        say: told what happens.
        sweep_data: dataset digest of the sweep's runs, or "".
    """

    runs: Runs
    artifacts: Artifacts
    say: Say
    sweep_data: str = ""
    _verdicts: dict[str, VerifiedModel | str] = field(default_factory=dict)
    _rejected: int = 0
    _scratch: "tempfile.TemporaryDirectory[str]" = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="housing-sweep-")
    )

    def close(self) -> None:
        """Delete the files."""
        self._scratch.cleanup()

    def candidate(self, candidate: Candidate) -> Model | str:
        """Return a run's model, verified, or the reason why it is rejected."""
        if self._rejected >= MOST_REJECTED:
            return f"not looked at: {MOST_REJECTED} models were rejected before it"
        model = self.runs.model_of(candidate)
        if model is None:
            return "no committed model artifact"
        verdict = self.verify(model, candidate)
        if isinstance(verdict, VerifiedModel):
            return model
        self._rejected += 1
        return f"rejected: {verdict}"

    def verify(self, model: Model, candidate: Candidate | None = None) -> VerifiedModel | str:
        """Return a verified model, or why it is not one.

        Args:
            model: the artifact.
            candidate: the run whose summary must agree; None where the run does not matter.
        """
        key = f"{model.id} {candidate.id if candidate else ''}"
        if key not in self._verdicts:
            self.say(f"verifying {model.name}")
            self._verdicts[key] = self._verify(model, candidate)
        return self._verdicts[key]

    def get_verified(self, model: Model) -> VerifiedModel:
        """Return what was verified before of a model; files and all.

        Raises:
            Refused: it was not verified.
        """
        for key, verdict in self._verdicts.items():
            if key.startswith(f"{model.id} ") and isinstance(verdict, VerifiedModel):
                return verdict
        raise Refused(f"{model.name} was not verified")

    def predictions(self, model: Model) -> Path | None:
        """Return the saved validation predictions of a model; nothing is loaded."""
        try:
            return self.artifacts.fetch_predictions(model, self.folder(model.name))
        except HousingSweepError:
            return None

    def folder(self, name: str) -> Path:
        """Return the scratch folder for the files of a model of this name."""
        folder = Path(self._scratch.name) / name.replace("/", "_").replace(":", "_")
        folder.mkdir(exist_ok=True)
        return folder

    def _verify(self, model: Model, candidate: Candidate | None) -> VerifiedModel | str:
        try:
            files = self.artifacts.fetch_model(model, self.folder(model.name))
            claims = Claims.of(model, files.facts, candidate)
            why = why_not_loaded(
                claims, files.sha256, installed(), self.sweep_data if candidate else ""
            )
            if why:
                return why
            dataset = self._dataset(files)
            verified = VerifiedModel(model, files, dataset)
            answer = fresh_process.run_in_fresh_process(
                "verify",
                {
                    **verified.request(),
                    "fingerprint": files.facts.split_fingerprint,
                    "predictions": str(files.predictions) if files.predictions else "",
                },
            )
            recomputed = Recomputed.parse(answer)
        except (Refused, NotFound, fresh_process.ChildFailed) as error:
            return error.what
        return why_not_equal(claims, recomputed.scores, recomputed.differ) or verified

    def _dataset(self, files: FetchedModel) -> FetchedDataset:
        name = files.facts.dataset
        dataset = self.artifacts.fetch_dataset(name)
        if dataset.digest != files.facts.dataset_digest:
            raise Refused(f"{name} has digest {dataset.digest} now, not the one it was trained on")
        return dataset
