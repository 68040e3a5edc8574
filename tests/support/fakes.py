"""A backend in memory, with a power cut on demand, and a judge whose verdicts are given.

`FakeBackend` holds the state; each of its parts fulfils one of the ports and shares that state.
"""

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from housing_sweep.errors import NotFound, Refused
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.ports import Backend, Judge, StoredModels
from housing_sweep.pipeline.values import (
    Expectation,
    FetchedDataset,
    FetchedModel,
    OwnModel,
    Say,
    SweepFacts,
)
from housing_sweep.registry.alias_history import Move, read_move
from housing_sweep.registry.findings import Findings
from housing_sweep.registry.model_facts import DatasetUse, ModelFacts
from housing_sweep.registry.policy import Comparison, Figures, HardComparison, NoComparison
from housing_sweep.registry.promotion import OpenRecord, Version
from housing_sweep.registry.proof import How, Proof
from housing_sweep.registry.prune_rules import StoredModel
from housing_sweep.registry.references import (
    FACTS_FILE,
    MODEL_FILE,
    PREDICTIONS_FILE,
    SAFE_MODEL_FILE,
    RunId,
    SweepId,
    SweepRef,
    Target,
)
from housing_sweep.registry.selection import Candidate, Model, Ranked, Winner, order_key
from housing_sweep.search.score import Goal, Score

FACTS = ModelFacts(
    config={"model": "random_forest"},
    problem=PROBLEM.as_document(),
    features=("MedInc",),
    split_fingerprint="f00d",
    best_iteration=3,
    scores={"val_rmse": 0.4, "val_mae": 0.3, "val_r2": 0.8},
    dataset="e/p/california-housing:v0",
    dataset_digest="digest",
    dataset_sha256="5" * 64,
    dataset_source="synthetic",
    libraries={"numpy": "2.4.1"},
    model_sha256="a" * 64,
    model_bytes=10,
    predictions_sha256="b" * 64,
    code_sha256="c" * 64,
    interval90=0.5,
)
"""What a trial of ours records with its model."""


class PowerCut(Exception):
    """The process died here."""


def candidate(run: str, score: object, state: str = "finished", at: str = "1") -> Candidate:
    """Return a run with a val_rmse, or without one where `score` is None."""
    summary = {} if score is None else {"val_rmse": score}
    return Candidate(RunId(run), run, state, at, summary=summary)


@dataclass
class Record:
    """A promotion run as stored."""

    id: str
    config: Mapping[str, object]
    used: list[str] = field(default_factory=list)
    summary: dict[str, object] = field(default_factory=dict)


@dataclass
class FakeBackend:
    """One sweep, one registry; counts what is read and dies at the n-th write if asked to.

    Attributes:
        candidates: the sweep's runs.
        objectives: what the sweep optimises.
        without_model: ids of runs that logged none.
        writes_left: writes until the power is cut; None: never.
        meanwhile: models that another finalizer promotes while this one waits for its turn.
        read: finished runs that were read.
        links: names of the models in the registry, in the order of their versions.
        aliases: alias -> name of the model it is on.
        records: promotion runs.
        stored: models of trials by run id, for pruning.
        files: name of an artifact -> its files.
        scratch: where downloads of datasets go.
        unverified: names of versions that are marked so.
        sweep_parameters: of the sweep's spec that have one value.
    """

    candidates: list[Candidate]
    objectives: Mapping[str, Goal] = field(default_factory=lambda: {"val_rmse": Goal.MINIMIZE})
    without_model: frozenset[str] = frozenset()
    writes_left: int | None = None
    who: str = "ada"
    read: int = 0
    meanwhile: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    stored: dict[str, list[StoredModel]] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    scratch: Path | None = None
    unverified: set[str] = field(default_factory=set)
    sweep_parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def sweeps(self) -> "FakeSweeps":
        return FakeSweeps(self)

    @property
    def runs(self) -> "FakeRuns":
        return FakeRuns(self)

    @property
    def artifacts(self) -> "FakeArtifacts":
        return FakeArtifacts(self)

    @property
    def registry(self) -> "FakeRegistry":
        return FakeRegistry(self)

    @property
    def promotions(self) -> "FakePromotions":
        return FakePromotions(self)

    @property
    def stored_models(self) -> "FakeStoredModels":
        return FakeStoredModels(self)

    def spend(self) -> None:
        """Count a write; the power may be cut before it."""
        if self.writes_left == 0:
            raise PowerCut
        if self.writes_left is not None:
            self.writes_left -= 1

    def version_of(self, source: str) -> Version:
        """Return the registry's version of a linked model."""
        number = self.links.index(source)
        run = source.removeprefix("e/p/model-").removesuffix(":v0")
        name = f"r/c:v{number}"
        unverified = name in self.unverified
        return Version(name, f"v{number}", f"id-{run}", source, "digest", unverified=unverified)


def model_of(run: str) -> Model:
    """Return the model that a run logs here."""
    return Model(f"id-{run}", f"e/p/model-{run}:v0", "digest", FACTS)


@dataclass
class FakeSweeps:
    """Fulfils `ports.Sweeps`."""

    world: FakeBackend

    def sweep(self, ref: SweepRef) -> SweepFacts:
        if ref.id != "s":
            raise NotFound(f"no sweep {ref}", fix="check it")
        return SweepFacts(
            SweepRef("e", "p", ref.id),
            self.world.objectives,
            parameters=tuple(self.world.sweep_parameters),
            fixed=self.world.sweep_parameters,
        )

    def finished(self, ref: SweepRef, score: Score) -> Iterator[Candidate]:
        for run in self._sorted(score, finished=True):
            self.world.read += 1
            yield run

    def unfinished(self, ref: SweepRef, score: Score, limit: int) -> tuple[Candidate, ...]:
        return tuple(self._sorted(score, finished=False)[:limit])

    def trials(self, ref: SweepRef) -> tuple[Candidate, ...]:
        return tuple(self.world.candidates)

    def _sorted(self, score: Score, *, finished: bool) -> list[Candidate]:
        # Ties come in any order from a backend: here the latest first.
        mine = [run for run in self.world.candidates if run.finished is finished]
        newest = sorted(mine, key=lambda run: (run.created_at, run.id), reverse=True)
        by_score = sorted(newest, key=lambda run: order_key(run, score)[0])
        return sorted(by_score, key=lambda run: score.read(run.summary) is None)


@dataclass
class FakeRuns:
    """Fulfils `ports.Runs`."""

    world: FakeBackend

    def run(self, path: str) -> Candidate:
        run = next((run for run in self.world.candidates if run.id == path.split("/")[-1]), None)
        if run is None:
            raise NotFound(f"no run {path}", fix="check it")
        return run

    def model_of(self, candidate: Candidate) -> Model | None:
        if candidate.id in self.world.without_model:
            return None
        return self.world.artifacts.model(model_of(candidate.id).name)

    def dataset_of(self, candidate: Candidate) -> DatasetUse | None:
        return DatasetUse("e/p/california-housing:v0", "digest", "synthetic")

    def sweep_of(self, candidate: Candidate) -> SweepRef | None:
        return SweepRef("e", "p", SweepId("s"))

    def made_by(self, model: Model) -> Candidate | None:
        made = next(run for run in self.world.candidates if run.id in model.name)
        return replace(made, id=RunId(f"e/p/{made.id}"))

    def fetch_diff(self, run: str, folder: Path) -> Path | None:
        return None


@dataclass
class FakeArtifacts:
    """Fulfils `ports.Artifacts`, from the files that the backend was given."""

    world: FakeBackend

    def model(self, name: str) -> Model:
        model = model_of(name.removeprefix("e/p/model-").removesuffix(":v0"))
        if not self.world.files:
            return model
        if name not in self.world.files:
            raise NotFound(f"no model {name}")
        files = self.world.files[name]
        return replace(model, facts=_facts(files) if FACTS_FILE in files else None)

    def fetch_model(self, model: Model, folder: Path) -> FetchedModel:
        files = self.world.files.get(model.name, {})
        for name in (MODEL_FILE, FACTS_FILE):
            if name not in files:
                raise Refused(f"it has no {name}: not a model of housing-sweep")
        for name in (MODEL_FILE, SAFE_MODEL_FILE):
            if name in files:
                (folder / name).write_bytes(files[name])
        return FetchedModel(
            path=folder / MODEL_FILE,
            sha256=_sha256(files[MODEL_FILE]),
            facts=_facts(files),
            predictions=self.fetch_predictions(model, folder),
            safe_path=folder / SAFE_MODEL_FILE if SAFE_MODEL_FILE in files else None,
            safe_sha256=hashlib.sha256(files.get(SAFE_MODEL_FILE, b"")).hexdigest()
            if SAFE_MODEL_FILE in files
            else "",
        )

    def fetch_predictions(self, model: Model, folder: Path) -> Path | None:
        content = self.world.files.get(model.name, {}).get(PREDICTIONS_FILE)
        if content is None:
            return None
        (folder / PREDICTIONS_FILE).write_bytes(content)
        return folder / PREDICTIONS_FILE

    def dataset_at(self, reference: str, home: SweepRef, moment: str) -> str:
        return "e/p/california-housing:v0"

    def fetch_dataset(self, name: str) -> FetchedDataset:
        if not self.world.files:  # nobody reads it
            return FetchedDataset(name, "digest", Path("nowhere"), "5" * 64, "synthetic", PROBLEM)
        files = self.world.files.get(name.replace(":latest", ":v0"))
        if files is None:
            raise NotFound(f"no dataset {name}")
        folder = Path(tempfile.mkdtemp(dir=self.world.scratch))
        (folder / PROBLEM.file).write_bytes(files[PROBLEM.file])
        sha256 = hashlib.sha256(files[PROBLEM.file]).hexdigest()
        path = name.replace(":latest", ":v0")
        csv = folder / PROBLEM.file
        return FetchedDataset(path, "digest", csv, sha256, "synthetic", PROBLEM)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _facts(files: Mapping[str, bytes]) -> ModelFacts:
    return ModelFacts.parse(json.loads(files[FACTS_FILE]), FACTS_FILE)


@dataclass
class FakeRegistry:
    """Fulfils `ports.Registry`."""

    world: FakeBackend

    @property
    def home(self) -> SweepRef:
        return SweepRef("e", "p", SweepId(""))

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        source = self.world.aliases.get(target.alias)
        return self.world.version_of(source) if source else None

    def version(self, ref: SweepRef, collection: str, name: str) -> Version | None:
        if name in self.world.aliases:
            return self.world.version_of(self.world.aliases[name])
        at = name.removeprefix("v")
        known = at.isdigit() and int(at) < len(self.world.links)
        return self.world.version_of(self.world.links[int(at)]) if known else None

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        self.world.spend()
        if model.name not in self.world.links:
            self.world.links.append(model.name)
        return self.world.version_of(model.name)

    def move_alias(
        self, ref: SweepRef, target: Target, version: Version, *, unverified: bool = False
    ) -> None:
        self.world.spend()
        self.world.aliases[target.alias] = version.source
        if unverified:
            self.world.unverified.add(version.name)


@dataclass
class FakePromotions:
    """Fulfils `ports.Promotions`."""

    world: FakeBackend

    @property
    def who(self) -> str:
        return self.world.who

    def open_record(self, ref: SweepRef, target: Target) -> OpenRecord | None:
        mine = [r for r in self.world.records if r.config["alias"] == target.alias]
        if not mine or mine[-1].summary.get("applied") or mine[-1].summary.get("withdrawn"):
            return None
        challenger = mine[-1].config["challenger"]
        assert isinstance(challenger, Mapping)
        return OpenRecord(
            run_id=mine[-1].id,
            of=str(challenger["of"]),
            built=str(challenger["built"]),
            displaced=str(mine[-1].config["displaced"]),
            who=str(mine[-1].config["who"]),
        )

    def moves(self, ref: SweepRef, target: Target, *, every_alias: bool = False) -> list[Move]:
        mine = [r for r in self.world.records if every_alias or r.config["alias"] == target.alias]
        return [read_move(f"e/p/{r.id}", r.id, r.config, r.summary) for r in mine]

    @contextlib.contextmanager
    def write(
        self, ref: SweepRef, target: Target, run_id: str | None, record: Mapping[str, object]
    ) -> Iterator["FakeRun"]:
        self.world.spend()
        stored = next((r for r in self.world.records if r.id == run_id), None)
        if stored is None:
            stored = Record(f"record-{len(self.world.records)}", record)
            self.world.records.append(stored)
        yield FakeRun(self.world, stored)


@dataclass
class FakeStoredModels:
    """Fulfils `ports.StoredModels`."""

    world: FakeBackend

    def models_of(self, run: str) -> Iterator[StoredModel]:
        yield from self.world.stored.get(run.split("/")[-1], ())

    def read_again(self, model: StoredModel) -> StoredModel | None:
        return next((m for m in self.world.stored[model.run] if m.id == model.id), None)

    def delete(self, model: StoredModel) -> None:
        self.world.spend()
        kept = [m for m in self.world.stored[model.run] if m.id != model.id]
        self.world.stored[model.run] = kept


@dataclass
class FakeRun:
    """An open record."""

    backend: FakeBackend
    stored: Record

    def uses(self, artifact: str) -> None:
        self.backend.spend()
        if artifact not in self.stored.used:
            self.stored.used.append(artifact)

    def logs(self, own: OwnModel) -> Model:
        self.backend.spend()
        name = own.of.name.replace(":v0", f"-{own.suffix}:v0")
        return Model(f"{own.of.id}-{own.suffix}", name, "digest", own.files.facts)

    def applied(self, facts: Mapping[str, object]) -> None:
        self.backend.spend()
        self.stored.summary.update({**facts, "applied": True})

    def wait_for_turn(self) -> None:
        if self.backend.meanwhile:
            other = self.backend.meanwhile.pop(0)
            self.backend.links.append(other)
            self.backend.aliases[str(self.stored.config["alias"])] = other

    def withdrawn(self, reason: str) -> None:
        self.backend.spend()
        self.stored.summary.update({"applied": False, "withdrawn": reason})


@dataclass
class FakeJudge:
    """Verdicts as given: all models are sound and 0.1 better, but for those named.

    Attributes:
        rejected: run id -> why.
        tied: ids of runs that tie with the best.
        elsewhere: ids of runs that say that another environment made their models.
        difference: RMSE of any challenger less the champion's.
        how: the proof of every model.
        wrong: what is found in the data.
        against: whom models were compared with.
    """

    backend: FakeBackend
    rejected: Mapping[str, str] = field(default_factory=dict)
    tied: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    difference: float = -0.1
    how: How = How.IDENTICAL
    wrong: Findings = ()
    against: list[str] = field(default_factory=list)
    hard: HardComparison | None = None

    def __call__(self, backend: Backend, say: Say) -> "FakeJudge":
        return self

    def __enter__(self) -> "FakeJudge":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def expect(self, expectation: Callable[[], Expectation]) -> None:
        pass

    def foresee(
        self,
        rows: Sequence[Candidate],
        score: Score,
        champion: Version | None,
        policy: Mapping[str, object],
        *,
        ties: bool,
        spatial: bool,
    ) -> None:
        pass

    def examine(self, candidate: Candidate, score: Score) -> Model | str:
        if candidate.id in self.rejected:
            return f"rejected: {self.rejected[candidate.id]}"
        return self.backend.runs.model_of(candidate) or "no committed model artifact"

    def examine_version(self, model: Model) -> str:
        return next((why for run, why in self.rejected.items() if run in model.name), "")

    def proof_of(self, model: Model) -> Proof:
        facts = replace(FACTS, scores={}, config={"built": "here"})
        return Proof(how=self.how, artifact=model.name, facts=facts, why="numpy 2, here 3")

    def made_elsewhere(self, candidate: Candidate) -> bool:
        return candidate.id in self.elsewhere

    def ties(self, leader: Winner, row: Ranked) -> bool:
        return row.candidate.id in self.tied

    def findings(
        self, model: Model, champion: Version | None, policy: Mapping[str, object]
    ) -> Findings:
        return self.wrong

    def own(self, model: Model, *, refit: bool) -> OwnModel:
        nowhere = Path("/nonexistent")
        files = FetchedModel(nowhere, "", replace(FACTS, rebuilt_of=model.name), None)
        dataset = FetchedDataset("", "", nowhere, "", "", PROBLEM)
        return OwnModel(model, "refit" if refit else "rebuilt", files, dataset)

    def same_bits(self, model: Model, version: Version, *, refit: bool) -> bool:
        suffix = "refit" if refit else "rebuilt"
        return version.source == model.name.replace(":v0", f"-{suffix}:v0")

    def contest(
        self, model: Model, champion: Version | None, *, refit: bool, spatial: bool
    ) -> Comparison | NoComparison:
        self.against.append(champion.name if champion else "baseline")
        mine, theirs = (Figures(name, 0.4, 0.3, 0.8) for name in ("challenger", "champion"))
        low, high = self.difference - 0.01, self.difference + 0.01
        return Comparison(
            *(mine, theirs, 4128, low, self.difference, high, 1.15, champion is None),
            hard=self.hard if spatial else None,
        )


if TYPE_CHECKING:
    _backend: Backend = FakeBackend([])
    _models: StoredModels = FakeBackend([]).stored_models
    _judge: Judge = FakeJudge(FakeBackend([]))
