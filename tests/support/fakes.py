"""A backend in memory, with a power cut on demand, and a judge whose verdicts are given."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from housing_sweep.errors import NotFound
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline.ports import (
    Backend,
    FetchedDataset,
    FetchedModel,
    Judge,
    Refit,
    Say,
    SweepFacts,
)
from housing_sweep.registry.alias_history import Move, read_move
from housing_sweep.registry.policy import Comparison, Figures, NoComparison
from housing_sweep.registry.promotion import Dataset, OpenRecord, Version
from housing_sweep.registry.references import RunId, SweepId, SweepRef, Target
from housing_sweep.registry.selection import Candidate, Model, Ranked, order_key
from housing_sweep.search.score import Goal, finite


class PowerCut(Exception):
    """The process died here."""


def candidate(run: str, score: object, state: str = "finished", at: str = "1") -> Candidate:
    """Return a run with a score."""
    return Candidate(RunId(run), run, state, at, score)


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
        without_model: ids of runs that logged none.
        writes_left: writes until the power is cut; None: never.
        meanwhile: models that another finalizer promotes while this one waits for its turn.
    """

    candidates: list[Candidate]
    without_model: frozenset[str] = frozenset()
    writes_left: int | None = None
    metric: str | None = "val_rmse"
    goal: Goal = Goal.MINIMIZE
    objectives: Mapping[str, Goal] = field(default_factory=dict)
    who: str = "ada"
    read: int = 0
    meanwhile: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def sweep(self, ref: SweepRef) -> SweepFacts:
        if ref.id != "s":
            raise NotFound(f"no sweep {ref}", fix="check it")
        full = SweepRef("e", "p", ref.id)
        return SweepFacts(full, self.metric, self.goal, self.objectives)

    def finished(self, ref: SweepRef, metric: str, goal: Goal) -> Iterator[Candidate]:
        for run in self._sorted(goal, finished=True):
            self.read += 1
            yield run

    def unfinished(
        self, ref: SweepRef, metric: str, goal: Goal, limit: int
    ) -> tuple[Candidate, ...]:
        return tuple(self._sorted(goal, finished=False)[:limit])

    def run(self, path: str) -> Candidate:
        raise NotImplementedError

    def model(self, name: str) -> Model:
        run = name.removeprefix("e/p/model-").removesuffix(":v0")
        return Model(f"id-{run}", name, "digest")

    def made_by(self, model: Model) -> Candidate | None:
        made = next(run for run in self.candidates if run.id in model.name)
        return Candidate(RunId(f"e/p/{made.id}"), made.id, "finished", "1", made.score)

    def fetch_model(self, model: Model, folder: Path) -> FetchedModel:
        raise NotImplementedError

    def fetch_diff(self, run: str, folder: Path) -> Path | None:
        raise NotImplementedError

    def fetch_predictions(self, model: Model, folder: Path) -> Path | None:
        raise NotImplementedError

    def fetch_dataset(self, name: str) -> FetchedDataset:
        raise NotImplementedError

    def home(self) -> SweepRef:
        return SweepRef("e", "p", SweepId(""))

    def model_of(self, candidate: Candidate) -> Model | None:
        if candidate.id in self.without_model:
            return None
        return Model(f"id-{candidate.id}", f"e/p/model-{candidate.id}:v0", "digest")

    def dataset_of(self, candidate: Candidate) -> Dataset | None:
        return Dataset("e/p/california-housing:v0", "digest", "synthetic")

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        source = self.held.get(target.alias)
        return self._version(source) if source else None

    def version(self, ref: SweepRef, collection: str, name: str) -> Version | None:
        if name in self.held:
            return self._version(self.held[name])
        at = name.removeprefix("v")
        known = at.isdigit() and int(at) < len(self.links)
        return self._version(self.links[int(at)]) if known else None

    def log_refit(self, ref: SweepRef, refit: Refit) -> Model:
        self._write()
        name = refit.of.name.replace(":v0", "-refit:v0")
        return Model(f"{refit.of.id}-refit", name, "digest", {"refit_of": refit.of.name})

    def moves(self, ref: SweepRef, target: Target, *, every_alias: bool = False) -> list[Move]:
        mine = [r for r in self.records if every_alias or r.config["alias"] == target.alias]
        return [read_move(f"e/p/{r.id}", r.id, r.config, r.summary) for r in mine]

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        self._write()
        if model.name not in self.links:
            self.links.append(model.name)
        return self._version(model.name)

    def move_alias(self, ref: SweepRef, target: Target, version: Version) -> None:
        self._write()
        self.held[target.alias] = version.source

    def open_record(self, ref: SweepRef, target: Target) -> OpenRecord | None:
        mine = [r for r in self.records if r.config["alias"] == target.alias]
        if not mine or mine[-1].summary.get("applied") or mine[-1].summary.get("withdrawn"):
            return None
        challenger = mine[-1].config["challenger"]
        assert isinstance(challenger, Mapping)
        return OpenRecord(
            mine[-1].id,
            str(challenger["artifact_id"]),
            str(mine[-1].config["displaced"]),
            str(challenger.get("refit_of") or ""),
        )

    @contextlib.contextmanager
    def write(
        self, ref: SweepRef, target: Target, run_id: str | None, record: Mapping[str, object]
    ) -> Iterator["FakeRun"]:
        self._write()
        found = next((r for r in self.records if r.id == run_id), None)
        if found is None:
            found = Record(f"record-{len(self.records)}", record)
            self.records.append(found)
        yield FakeRun(self, found)

    def _sorted(self, goal: Goal, *, finished: bool) -> list[Candidate]:
        # Ties come in any order from a backend: here the latest first.
        mine = [run for run in self.candidates if (run.state == "finished") is finished]
        newest = sorted(mine, key=lambda run: (run.created_at, run.id), reverse=True)
        by_score = sorted(newest, key=lambda run: order_key(run, goal)[0])
        return sorted(by_score, key=lambda run: finite(run.score) is None)

    def _version(self, source: str) -> Version:
        number = self.links.index(source)
        run = source.removeprefix("e/p/model-").removesuffix(":v0")
        refit_of = source.replace("-refit", "") if run.endswith("-refit") else ""
        return Version(
            f"r/c:v{number}", f"v{number}", f"id-{run}", source, "digest", refit_of=refit_of
        )

    def _write(self) -> None:
        if self.writes_left == 0:
            raise PowerCut
        if self.writes_left is not None:
            self.writes_left -= 1


@dataclass
class FakeRun:
    """An open record."""

    backend: FakeBackend
    stored: Record

    def uses(self, artifact: str) -> None:
        self.backend._write()
        if artifact not in self.stored.used:
            self.stored.used.append(artifact)

    def applied(self, facts: Mapping[str, object]) -> None:
        self.backend._write()
        self.stored.summary.update({**facts, "applied": True})

    def wait_for_turn(self) -> None:
        if self.backend.meanwhile:
            other = self.backend.meanwhile.pop(0)
            self.backend.links.append(other)
            self.backend.held[str(self.stored.config["alias"])] = other

    def withdrawn(self, reason: str) -> None:
        self.backend._write()
        self.stored.summary.update({"applied": False, "withdrawn": reason})


@dataclass
class FakeJudge:
    """Verdicts as given: all models are sound and 0.1 better, but for those named.

    Attributes:
        rejected: run id -> why.
        tied: ids of runs that tie with the best.
        difference: RMSE of any challenger less the champion's.
    """

    backend: Backend
    rejected: Mapping[str, str] = field(default_factory=dict)
    tied: frozenset[str] = frozenset()
    difference: float = -0.1
    data: str = ""
    against: list[str] = field(default_factory=list)

    def __call__(self, backend: Backend, say: Say) -> "FakeJudge":
        return self

    def __enter__(self) -> "FakeJudge":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def expect_dataset(self, dataset_digest: str) -> None:
        self.data = dataset_digest

    def examine(self, candidate: Candidate) -> Model | str:
        if candidate.id in self.rejected:
            return f"rejected: {self.rejected[candidate.id]}"
        return self.backend.model_of(candidate) or "no committed model artifact"

    def rejection_of(self, model: Model) -> str:
        return next((why for run, why in self.rejected.items() if run in model.name), "")

    def ties(self, leader: Ranked, row: Ranked) -> bool:
        return row.candidate.id in self.tied

    def refit(self, model: Model) -> Refit:
        nowhere = Path("/nonexistent")
        files = FetchedModel(nowhere, "", {}, None)
        return Refit(model, files, FetchedDataset("", "", nowhere, "", "", PROBLEM))

    def contest(
        self, challenger: Model | Refit, champion: Version | None, *, spatial: bool
    ) -> Comparison | NoComparison:
        self.against.append(champion.name if champion else "baseline")
        mine, theirs = (Figures(name, 0.4, 0.3, 0.8) for name in ("challenger", "champion"))
        low, high = self.difference - 0.01, self.difference + 0.01
        return Comparison(mine, theirs, 4128, low, self.difference, high, 1.15, champion is None)


if TYPE_CHECKING:
    _backend: Backend = FakeBackend([])
    _judge: Judge = FakeJudge(_backend)
