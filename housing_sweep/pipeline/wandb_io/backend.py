"""What a finalizer asks and writes, through `wandb.Api`. Fulfils `ports.Backend`.

Queries per promotion, whatever the size of the sweep: one for the sweep, one per 20 runs looked
at, two per candidate in front of the winner for its artifacts, a handful for the registry.
"""

import contextlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import wandb

from housing_sweep.errors import NotFound
from housing_sweep.pipeline.ports import (
    SCORE,
    Backend,
    FetchedDataset,
    FetchedModel,
    Refit,
    SweepFacts,
)
from housing_sweep.pipeline.wandb_io import convert, downloads
from housing_sweep.pipeline.wandb_io.convert import artifact_path
from housing_sweep.pipeline.wandb_io.promotions import PromotionRecords
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.promotion import Dataset, Version
from housing_sweep.registry.references import SweepId, SweepRef, Target
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.search.score import Goal

PAGE = 20
"""Runs per query: a finalizer looks at the top, never at a whole sweep."""


class WandbBackend(PromotionRecords):
    """Whatever answers at `WANDB_BASE_URL`: runs, models, files, the registry."""

    def sweep(self, ref: SweepRef) -> SweepFacts:
        """Return a sweep."""
        fix = "check the ENTITY/PROJECT/ID that `wandb sweep` printed"
        with our_errors(f"read sweep {ref}", missing=fix):
            entity, project = self.default_project()
            full = SweepRef(ref.entity or entity, ref.project or project, ref.id)
            found = self._api.sweep(str(full))  # type: ignore[no-untyped-call]
            metric = found.config.get("metric") or {}
            goals = {
                str(one["name"]): Goal(one.get("goal", "minimize"))
                for one in found.config.get("metrics") or ()
            }
            goal = Goal(metric.get("goal", "minimize"))
            return SweepFacts(full, metric.get("name"), goal, goals)

    def finished(self, ref: SweepRef, metric: str, goal: Goal) -> Iterator[Candidate]:
        """Yield finished runs, best first, a page at a time; those without a score last."""
        return self._best_first(ref, metric, goal, "finished", PAGE)

    def unfinished(
        self, ref: SweepRef, metric: str, goal: Goal, limit: int
    ) -> tuple[Candidate, ...]:
        """Return up to `limit` runs that did not finish, best first; one request."""
        runs = self._best_first(ref, metric, goal, {"$ne": "finished"}, limit)
        return tuple(islice(runs, limit))

    def _best_first(
        self, ref: SweepRef, metric: str, goal: Goal, state: object, page: int
    ) -> Iterator[Candidate]:
        sign = "+" if goal is Goal.MINIMIZE else "-"
        filters = {"$and": [{"sweep": ref.id}, {"state": state}]}
        with our_errors(f"list the runs of {ref}"):
            for run in self._list(ref, filters, f"{sign}summary_metrics.{metric}", page):
                yield convert.candidate(run, metric)

    def model_of(self, candidate: Candidate) -> Model | None:
        """Return the newest committed model artifact of a run."""
        with our_errors(f"list the artifacts of {candidate.id}"):
            logged = self._api.run(candidate.id).logged_artifacts()
            found = [a for a in logged if a.type == "model" and str(a.state) == "COMMITTED"]
        if not found:
            return None
        newest = max(
            found, key=lambda a: (candidate.id.rsplit("/", 1)[-1] in a.name, int(a.version[1:]))
        )
        return convert.model(newest)

    def dataset_of(self, candidate: Candidate) -> Dataset | None:
        """Return the dataset version a run used."""
        with our_errors(f"trace {candidate.id}"):
            used = self._api.run(candidate.id).used_artifacts()
            found = next((a for a in used if a.type == "dataset"), None)
        if found is None:
            return None
        return Dataset(artifact_path(found), found.digest, str(found.metadata.get("source", "")))

    def run(self, path: str) -> Candidate:
        """Return a run by ENTITY/PROJECT/ID."""
        with our_errors(f"read run {path}", missing="check its ENTITY/PROJECT/ID"):
            return convert.candidate(self._api.run(path), SCORE)

    def model(self, name: str) -> Model:
        """Return a model version by ENTITY/PROJECT/NAME:VERSION."""
        return convert.model(self._artifact(name))

    def made_by(self, model: Model) -> Candidate | None:
        """Return the run that logged a model, or None if it was deleted."""
        with our_errors(f"trace {model.name}"):
            run = self._artifact(model.name).logged_by()
            return None if run is None else convert.candidate(run, SCORE)

    def fetch_model(self, model: Model, folder: Path) -> FetchedModel:
        """Download a model version into a folder."""
        return downloads.fetch_model(self._artifact(model.name), folder)

    def fetch_diff(self, run: str, folder: Path) -> Path | None:
        """Download what a run's checkout had beyond its commit, if anything."""
        with our_errors(f"read the files of {run}"):
            found = next(iter(self._api.run(run).files(names=["diff.patch"])), None)
            if found is None or not found.size:
                return None
            with found.download(root=str(folder), replace=True) as file:
                return Path(file.name)

    def fetch_predictions(self, model: Model, folder: Path) -> Path | None:
        """Download the validation predictions of a model version, if it has any."""
        return downloads.fetch_predictions(self._artifact(model.name), folder)

    def fetch_dataset(self, name: str) -> FetchedDataset:
        """Download a dataset version; a copy here with its SHA-256 is not fetched again."""
        return downloads.fetch_dataset(self._artifact(name))

    def home(self) -> SweepRef:
        """Return the entity and project used by default, without a sweep."""
        return SweepRef(*self.default_project(), SweepId(""))

    def champion(self, ref: SweepRef, target: Target) -> Version | None:
        """Return the version that holds an alias in the registry."""
        return self.version(ref, target.path, target.alias)

    def version(self, ref: SweepRef, collection: str, name: str) -> Version | None:
        """Return a version of a registry collection by alias, or by number such as v3."""
        with contextlib.suppress(NotFound), our_errors(f"read {collection}:{name}"):
            return convert.version(self._as(ref).artifact(f"{collection}:{name}"))
        return None

    def log_refit(self, ref: SweepRef, refit: Refit) -> Model:
        """Log a refit as an artifact of a run that used the winner and the dataset."""
        facts = refit.files.facts
        base = refit.of.name.rsplit("/", 1)[-1].partition(":")[0]
        name = f"{base}-refit"
        with contextlib.suppress(NotFound), our_errors(f"read {name}"):
            held = self._api.artifact(f"{ref.entity}/{ref.project}/{name}:latest")
            if held.metadata.get("model_sha256") == facts["model_sha256"]:
                return convert.model(held)
        with (
            our_errors(f"log {name}"),
            wandb.init(
                entity=ref.entity,
                project=ref.project,
                job_type="refit",
                config={"refit_of": refit.of.name, **_config(facts)},
            ) as run,
        ):
            run.use_artifact(refit.of.name)
            run.use_artifact(refit.dataset.path)
            made = wandb.Artifact(name, type="model", metadata=dict(facts))
            for path in sorted(refit.files.path.parent.iterdir()):
                made.add_file(str(path), policy="mutable")
            logged = run.log_artifact(made).wait()
            keep = ("model_sha256", "model_bytes", "predictions_sha256", "split_fingerprint")
            run.summary.update({key: facts[key] for key in (*keep, "dataset_digest")})
            return convert.model(logged)

    def link(self, ref: SweepRef, target: Target, model: Model) -> Version:
        """Link a model to the collection; again returns the version that it has there."""
        with our_errors(f"link {model.name} to {target.path}"):
            artifact = self._as(ref).artifact(model.name)
            for known in artifact.linked_artifacts:
                if f"{known.project}/{known.collection.name}" == target.path:
                    return convert.version(known)
            return convert.version(artifact.link(target.path))

    def move_alias(self, ref: SweepRef, target: Target, version: Version) -> None:
        """Put the alias on a version; the backend takes it from the one that has it."""
        with our_errors(f"move {target}"):
            linked = self._as(ref).artifact(f"{target.path}:{version.version}")
            if target.alias not in linked.aliases:
                linked.aliases = [*linked.aliases, target.alias]
                linked.save()


def _config(facts: Mapping[str, object]) -> dict[str, object]:
    held = facts.get("config")
    return dict(held) if isinstance(held, Mapping) else {}


if TYPE_CHECKING:
    _conforms: Backend = WandbBackend()
