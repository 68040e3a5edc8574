"""Sweeps, their trials, and single runs. Fulfils `ports.Sweeps` and `ports.Runs`.

Queries per promotion, whatever the size of the sweep: one for the sweep, one per 20 runs looked
at, two per candidate in front of the winner for its artifacts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from housing_sweep.errors import Refused
from housing_sweep.pipeline.values import SweepFacts
from housing_sweep.pipeline.wandb_io import convert
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.pipeline.wandb_io.convert import artifact_path
from housing_sweep.registry.model_facts import DatasetFacts, DatasetUse
from housing_sweep.registry.references import SweepId, SweepRef
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.search.score import Goal, Score, look_up

PAGE = 20
"""Runs per query: a finalizer looks at the top, never at a whole sweep."""

WHOLE_PAGE = 100
"""Runs per query where all of them are read."""


@dataclass(frozen=True, slots=True)
class WandbSweeps:
    """Sweeps and their trials on one backend."""

    connection: Connection

    def sweep(self, ref: SweepRef) -> SweepFacts:
        """Return a sweep."""
        home = self.connection.home
        full = SweepRef(ref.entity or home.entity, ref.project or home.project, ref.id)
        fix = "check the ENTITY/PROJECT/ID that `wandb sweep` printed"
        with self.connection.reading(f"read sweep {ref}", fix):
            sweep = self.connection.api.sweep(str(full))
            spec = dict(sweep.config)
            return SweepFacts(
                ref=full,
                objectives=objectives(spec),
                title=str(spec.get("name") or full.id),
                method=str(spec.get("method") or ""),
                state=str(sweep.state),
                parameters=tuple(spec.get("parameters") or ()),
                fixed=fixed(spec),
                created_at=str(getattr(sweep, "created_at", "") or ""),
                url=str(sweep.url or ""),
            )

    def finished(self, ref: SweepRef, score: Score) -> Iterator[Candidate]:
        """Yield finished runs in the order of their scores, best first, a page at a time."""
        return self._best_first(ref, score, "finished", PAGE)

    def unfinished(self, ref: SweepRef, score: Score, limit: int) -> tuple[Candidate, ...]:
        """Return up to `limit` runs that did not finish, best first."""
        return tuple(islice(self._best_first(ref, score, {"$ne": "finished"}, limit), limit))

    def trials(self, ref: SweepRef) -> tuple[Candidate, ...]:
        """Return all runs of a sweep, the oldest first."""
        with self.connection.reading(f"list the trials of {ref}"):
            runs = self._list(ref, {"sweep": ref.id}, "+created_at", WHOLE_PAGE)
            return tuple(convert.candidate(run) for run in runs)

    def key_in_use(self, ref: SweepRef, score: Score) -> str:
        """Return the first of a score's keys under which runs of a sweep keep a value.

        One request of one run, and one more per key only where the plain one is absent.
        """
        for key in score.keys:
            has_it = {"$and": [{"sweep": ref.id}, {f"summary_metrics.{key}": {"$ne": None}}]}
            run = next(iter(self._list(ref, has_it, "+created_at", 1)), None)
            if run is not None and look_up(run.summary_metrics, key) is not None:
                return key
        return score.name

    def _best_first(
        self, ref: SweepRef, score: Score, state: object, page: int
    ) -> Iterator[Candidate]:
        filters = {"$and": [{"sweep": ref.id}, {"state": state}]}
        with self.connection.reading(f"list the runs of {ref}"):
            order = f"{score.order}summary_metrics.{self.key_in_use(ref, score)}"
            for run in self._list(ref, filters, order, page):
                yield convert.candidate(run)

    def _list(self, ref: SweepRef, filters: dict[str, Any], order: str, page: int) -> Any:
        return self.connection.list_runs(f"{ref.entity}/{ref.project}", filters, order, page)


@dataclass(frozen=True, slots=True)
class WandbRuns:
    """Single runs on one backend, with what they used and logged."""

    connection: Connection

    def run(self, path: str) -> Candidate:
        """Return a run by ENTITY/PROJECT/ID."""
        with self.connection.reading(f"read run {path}", "check its ENTITY/PROJECT/ID"):
            self.connection.api.flush()
            return convert.candidate(self.connection.api.run(path))

    def model_of(self, candidate: Candidate) -> Model | None:
        """Return the newest committed model artifact of a run."""
        own = candidate.id.rsplit("/", 1)[-1]
        with self.connection.reading(f"list the artifacts of {candidate.id}"):
            logged = self.connection.api.run(candidate.id).logged_artifacts()
            models = [a for a in logged if a.type == "model" and str(a.state) == "COMMITTED"]
            if not models:
                return None
            return convert.model(max(models, key=lambda a: (own in a.name, int(a.version[1:]))))

    def dataset_of(self, candidate: Candidate) -> DatasetUse | None:
        """Return the dataset version a run used."""
        with self.connection.reading(f"trace {candidate.id}"):
            used = self.connection.api.run(candidate.id).used_artifacts()
            dataset = next((a for a in used if a.type == "dataset"), None)
            if dataset is None:
                return None
            source = DatasetFacts.parse(dataset.metadata).source
            return DatasetUse(artifact_path(dataset), dataset.digest, source)

    def sweep_of(self, candidate: Candidate) -> SweepRef | None:
        """Return the sweep that a run belongs to."""
        with self.connection.reading(f"read {candidate.id}"):
            name = self.connection.api.run(candidate.id).sweep_name
        entity, project, _ = candidate.id.split("/")
        return SweepRef(entity, project, SweepId(str(name))) if name else None

    def made_by(self, model: Model) -> Candidate | None:
        """Return the run that logged a model, or None if it was deleted."""
        artifact = self.connection.artifact(model.name)
        with self.connection.reading(f"trace {model.name}"):
            run = artifact.logged_by()
            return None if run is None else convert.candidate(run)

    def fetch_diff(self, run: str, folder: Path) -> Path | None:
        """Download what a run's checkout had beyond its commit, if anything."""
        with self.connection.reading(f"read the files of {run}"):
            files = self.connection.api.run(run).files(names=["diff.patch"])
            patch = next(iter(files), None)
            if patch is None or not patch.size:
                return None
            with patch.download(root=str(folder), replace=True) as file:
                return Path(file.name)


def objectives(spec: Mapping[str, Any]) -> dict[str, Goal]:
    """Return what a stored sweep optimises, name -> goal, in its order.

    Raises:
        Refused: the spec that the backend keeps has a goal that is none.
    """
    stated = spec.get("metrics") or [spec.get("metric") or {}]
    try:
        return {
            str(metric["name"]): Goal(metric.get("goal") or Goal.MINIMIZE.value)
            for metric in stated
            if metric.get("name")
        }
    except ValueError as error:
        raise Refused(f"the sweep cannot be ranked: {error}", fix="name a --metric") from None


def fixed(spec: Mapping[str, Any]) -> dict[str, object]:
    """Return the parameters of a stored sweep that have one value, with it."""
    parameters = spec.get("parameters")
    values: dict[str, object] = {}
    for name, said in parameters.items() if isinstance(parameters, Mapping) else ():
        if not isinstance(said, Mapping):
            continue
        choices = said.get("values")
        if "value" in said:
            values[str(name)] = said["value"]
        elif isinstance(choices, list) and len(choices) == 1:
            values[str(name)] = choices[0]
    return values
