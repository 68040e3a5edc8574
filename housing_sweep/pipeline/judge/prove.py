"""Prove models: download, hash, build again with the installed code, compare. Nothing is loaded."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from housing_sweep.errors import HousingSweepError, NotFound, Refused, Unavailable, plain
from housing_sweep.pipeline.judge.builder import Builder, Kind, Request
from housing_sweep.pipeline.judge.fresh_process import ChildFailed
from housing_sweep.pipeline.ports import Artifacts, Runs
from housing_sweep.pipeline.values import Expectation, FetchedDataset, FetchedModel, Say
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.proof import (
    Proof,
    Rebuilt,
    environment_differences,
    weigh,
    why_not_built,
)
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.registry.verification import Claims, FileHashes, why_untrue
from housing_sweep.search.score import Score, finite

if TYPE_CHECKING:
    from housing_sweep.tabular.trial_config import TrialConfig

LONG_SECONDS = 600.0
"""Fits that take longer together are told of before they begin."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A model's files here, hashed and not believed.

    Attributes:
        model: the artifact.
        files: downloaded.
        hashes: of the files.
        config: of its trial, complete.
    """

    model: Model
    files: FetchedModel
    hashes: FileHashes
    config: "TrialConfig"


@dataclass(frozen=True, slots=True)
class Proved:
    """A model that the installed code builds, too.

    Attributes:
        looked: its files.
        dataset: what it was trained on.
        proof: how it was proved.
        request: what was built.
        facts: `model.json` of what was built.
    """

    looked: Looked
    dataset: FetchedDataset
    proof: Proof
    request: Request
    facts: ModelFacts


@dataclass
class Prover:
    """Proves models, each once; keeps their files as long as its builder lives.

    Attributes:
        runs: tells which model a run logged.
        artifacts: has the files.
        builder: builds.
        say: told what happens.
        expectation: what the sweep's spec says of all trials, read when it is needed first.
    """

    runs: Runs
    artifacts: Artifacts
    builder: Builder
    say: Say
    expectation: Callable[[], Expectation] | None = None
    _models: dict[str, Model | None] = field(default_factory=dict)
    _looked: dict[str, Looked | str] = field(default_factory=dict)
    _proved: dict[str, Proved | str] = field(default_factory=dict)
    _wrong: int = 0
    _newest: ModelFacts | None = None

    def examine(self, candidate: Candidate, score: Score) -> Model | str:
        """Return a trial's model, proved, or the reason why it is rejected."""
        model = self.model_of(candidate)
        if model is None:
            return "no committed model artifact"
        proved = self.trial(model, candidate, score)
        return model if isinstance(proved, Proved) else f"rejected: {plain(proved)}"

    def model_of(self, candidate: Candidate) -> Model | None:
        """Return the model that a run logged."""
        if candidate.id not in self._models:
            self._models[candidate.id] = self.runs.model_of(candidate)
        return self._models[candidate.id]

    def made_elsewhere(self, candidate: Candidate) -> bool:
        """Return whether a run says that another environment than this one made its model.

        Its word alone: who says that it was made here is proved to the bit, or rejected. Before
        anything was built here, nobody knows.
        """
        model = self.model_of(candidate)
        facts, built = model.facts if model else None, self._newest
        return bool(facts and built and environment_differences(facts, built))

    def trial(self, model: Model, candidate: Candidate | None, score: Score | None) -> Proved | str:
        """Return a trial's model, proved, or why it is not what it says."""
        key = f"{model.id} {candidate.id if candidate else ''}"
        if key not in self._proved:
            self._proved[key] = self._prove_trial(model, candidate, score)
        return self._proved[key]

    def version(self, model: Model) -> Proved | str:
        """Return a model that stands for itself, proved; a refit together with its origin."""
        key = f"{model.id} "
        if key not in self._proved:
            looked = self.look(model)
            refit = isinstance(looked, Looked) and bool(looked.files.facts.refit_of)
            if refit and isinstance(looked, Looked):
                self._proved[key] = self._prove_refit(looked)
            else:
                return self.trial(model, None, None)
        return self._proved[key]

    def get(self, model: Model) -> Proved:
        """Return what was proved before of a model.

        Raises:
            Refused: it was not.
        """
        for key, proved in self._proved.items():
            if key.startswith(f"{model.id} ") and isinstance(proved, Proved):
                return proved
        raise Refused(f"{model.name} was not proved")

    def plausible(self, candidate: Candidate) -> Looked | None:
        """Return a trial's files if nothing speaks against building it; what it is not is no news.

        The first look at a candidate, and cheap: nothing is built.
        """
        model = self.model_of(candidate)
        looked = self.look(model) if model else None
        if not isinstance(looked, Looked) or self._why_not_built(looked, candidate):
            return None
        return looked

    def request(self, looked: Looked, dataset: FetchedDataset, seconds: object = None) -> Request:
        """Return what to build for a trial."""
        return Request(
            Kind.TRIAL,
            dataset,
            looked.config.as_dict(),
            expected_seconds=finite(seconds) or 0.0,
            note=looked.model.name,
        )

    def expected_dataset(self) -> FetchedDataset:
        """Return the dataset of the sweep."""
        return self._expectation().dataset

    def look(self, model: Model) -> Looked | str:
        """Return a model's files, downloaded and hashed, or what is wrong with them."""
        if model.id not in self._looked:
            self._looked[model.id] = self._look(model)
        return self._looked[model.id]

    def _look(self, model: Model) -> Looked | str:
        from housing_sweep.tabular.problem import Problem
        from housing_sweep.tabular.trial_config import TrialConfig

        try:
            files = self.artifacts.fetch_model(model, self.builder.folder())
            hashes = hashes_of(files)
            problem = Problem.parse(files.facts.problem, "model.json")
            config = TrialConfig.from_sweep(files.facts.config, problem)
        except Unavailable:
            raise
        except HousingSweepError as error:
            return error.what
        return Looked(model, files, hashes, config)

    def _prove_trial(
        self, model: Model, candidate: Candidate | None, score: Score | None
    ) -> Proved | str:
        looked = self.look(model)
        if isinstance(looked, str):
            return looked
        why = self._why_not_built(looked, candidate)
        if why:
            return why
        dataset = self._expectation().dataset
        seconds = candidate.summary.get("fit_seconds") if candidate else None
        request = self.request(looked, dataset, seconds)
        vain = f", {self._wrong} before it in vain" if self._wrong else ""
        self.say(f"building {model.name} again{vain}")
        try:
            rebuilt = self._rebuilt(request)
        except ChildFailed as error:
            self._wrong += 1
            return f"it cannot be built again: {error.what}"
        proof = weigh(model.name, _claims(looked, candidate), rebuilt, score)
        if isinstance(proof, str):
            self._wrong += 1
            return proof
        return Proved(looked, dataset, proof, request, rebuilt.facts)

    def _why_not_built(self, looked: Looked, candidate: Candidate | None) -> str:
        claims, config = _claims(looked, candidate), looked.config
        expected = self._expectation().expected
        return why_not_built(claims, looked.hashes, expected, config.split, config.split_seed)

    def _prove_refit(self, looked: Looked) -> Proved | str:
        """Build the origin, whose best iteration and interval count, and then the refit."""
        claims = _claims(looked, None)
        why = why_untrue(claims, looked.hashes)
        if why:
            return why
        name = looked.files.facts.refit_of
        try:
            origin_model = self.artifacts.model(name)
        except (NotFound, Refused) as error:
            return f"it says that it is a refit of {name}: {error.what}"
        origin = self.trial(origin_model, None, None)
        if isinstance(origin, str):
            return f"it says that it is a refit of {name}, which is rejected: {origin}"
        request = refit_request(origin)
        try:
            rebuilt = self._rebuilt(request)
        except ChildFailed as error:
            return f"it cannot be built again: {error.what}"
        facts = replace(rebuilt.facts, refit_of=name, interval90=origin.facts.interval90)
        proof = weigh(looked.model.name, claims, replace(rebuilt, facts=facts))
        if isinstance(proof, str):
            return proof
        return Proved(looked, origin.dataset, proof, request, facts)

    def _rebuilt(self, request: Request) -> Rebuilt:
        build = self.builder.build(request)
        self._newest = facts_of(build.answer, request)
        return Rebuilt(self._newest, build.seconds)

    def _expectation(self) -> Expectation:
        if self.expectation is None:
            raise Refused("nothing says which dataset it was trained on", fix="give --dataset")
        return self.expectation()


def facts_of(answer: object, request: Request) -> ModelFacts:
    """Return the facts of a build; when it was kept, its table may have had another name."""
    facts = ModelFacts.parse(answer, "what was built again")
    dataset = request.dataset
    return replace(
        facts,
        dataset=dataset.path,
        dataset_digest=dataset.digest,
        dataset_source=dataset.source,
        more={},
    )


def refit_request(proved: Proved) -> Request:
    """Return what to build for the refit of a proved trial."""
    request, facts = proved.request, proved.facts
    return replace(
        request,
        kind=Kind.REFIT,
        iterations=facts.best_iteration,
        note=f"the refit of {proved.looked.model.name}",
    )


def predictions_of(path: Path | None) -> bytes:
    """Return the bytes of a `predictions.npy`; none where there is no file."""
    return path.read_bytes() if path is not None and path.is_file() else b""


def _claims(looked: Looked, candidate: Candidate | None) -> Claims:
    return Claims.of(looked.model, looked.files.facts, candidate)


def hashes_of(files: FetchedModel) -> FileHashes:
    """Return what an artifact holds.

    Raises:
        Refused: its predictions are no array of numbers.
    """
    from housing_sweep.tabular.arrays import read_floats
    from housing_sweep.tabular.metrics import predictions_sha256

    content = predictions_of(files.predictions)
    predicted = predictions_sha256(read_floats(content, "predictions.npy")) if content else ""
    return FileHashes(files.sha256, predicted, files.safe_sha256)
