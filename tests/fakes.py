"""A backend in memory: what the finalizer sees of W&B, with a power cut on demand."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.ports import SweepFacts
from housing_sweep.registry.names import RunId, SweepRef, Target
from housing_sweep.registry.promotion import Dataset, OpenRecord, Version
from housing_sweep.registry.selection import Candidate, Goal, Model, number, order_key


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
    """

    candidates: list[Candidate]
    without_model: frozenset[str] = frozenset()
    writes_left: int | None = None
    metric: str | None = "val_rmse"
    goal: Goal = Goal.MINIMIZE
    who: str = "ada"
    read: int = 0
    links: list[str] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def sweep(self, ref: SweepRef) -> SweepFacts:
        if ref.id != "s":
            raise NotFound(f"no sweep {ref}", fix="check it")
        return SweepFacts(SweepRef("e", "p", ref.id), self.metric, self.goal)

    def finished(self, ref: SweepRef, metric: str, goal: Goal) -> Iterator[Candidate]:
        for run in self._sorted(goal, finished=True):
            self.read += 1
            yield run

    def unfinished(
        self, ref: SweepRef, metric: str, goal: Goal, limit: int
    ) -> tuple[Candidate, ...]:
        return tuple(self._sorted(goal, finished=False)[:limit])

    def model_of(self, candidate: Candidate) -> Model | None:
        if candidate.id in self.without_model:
            return None
        return Model(f"id-{candidate.id}", f"e/p/model-{candidate.id}:v0", "digest")

    def dataset_of(self, candidate: Candidate) -> Dataset | None:
        return Dataset("e/p/california-housing:v0", "digest", "synthetic")

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        source = self.held.get(target.alias)
        return self._version(source) if source else None

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
        if not mine or mine[-1].summary.get("applied"):
            return None
        challenger = mine[-1].config["challenger"]
        assert isinstance(challenger, Mapping)
        displaced = str(mine[-1].config["displaced"])
        return OpenRecord(mine[-1].id, str(challenger["artifact_id"]), displaced)

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
        return sorted(by_score, key=lambda run: number(run.score) is None)

    def _version(self, source: str) -> Version:
        number = self.links.index(source)
        run = source.removeprefix("e/p/model-").removesuffix(":v0")
        return Version(f"r/c:v{number}", f"v{number}", f"id-{run}", source, "digest")

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
