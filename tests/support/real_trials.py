"""A backend in memory whose trials are real ones of a small table, and children of this process."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from housing_sweep.errors import HousingSweepError
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.pipeline import child
from housing_sweep.pipeline.judge.fresh_process import ChildFailed, Children
from housing_sweep.pipeline.train import model_files
from housing_sweep.pipeline.values import Expectation
from housing_sweep.registry.model_facts import DatasetUse, ModelFacts
from housing_sweep.registry.proof import Expected
from housing_sweep.registry.selection import Candidate
from housing_sweep.tabular.dataset_files import csv_bytes
from tests.support.fakes import FakeArtifacts, FakeBackend, candidate

DATASET = "e/p/california-housing:v0"
CONFIG: Mapping[str, object] = {"max_iter": 12, "features": "raw", "plots": "none"}
ROWS = 300


class SameProcess(Children):
    """Runs the commands of `pipeline.child` here: the same code, and a second faster each.

    Attributes:
        ran: names of the commands that ran.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[str] = []

    def run(
        self,
        command: str,
        request: Mapping[str, object],
        code: Path | None = None,
        limit_seconds: float | None = None,
    ) -> dict[str, object]:
        self.ran.append(command)
        try:
            return child.COMMANDS[command](request)
        except HousingSweepError as error:
            raise ChildFailed(error.what) from None


class RealTrials:
    """A sweep of real trials, made in this process.

    Attributes:
        backend: has their runs, models and dataset.
        dataset: the table.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        csv = folder / PROBLEM.file
        csv.write_bytes(csv_bytes(PROBLEM, synthetic.make(ROWS)))
        files = {DATASET: {PROBLEM.file: csv.read_bytes()}}
        self.backend = FakeBackend([], scratch=folder, files=files)
        self.dataset = FakeArtifacts(self.backend).fetch_dataset(DATASET)

    @property
    def expectation(self) -> Expectation:
        """What the sweep's spec says."""
        use = DatasetUse(self.dataset.path, self.dataset.digest, self.dataset.source)
        return Expectation(Expected(use, "random", 0), self.dataset)

    def add(self, run: str, **config: object) -> Candidate:
        """Run a trial and log its model; return the run, with what it logged in its summary."""
        folder = self.folder / run
        folder.mkdir()
        request = {
            "csv": str(self.dataset.csv),
            "problem": PROBLEM.as_document(),
            "config": {**CONFIG, **config},
            "folder": str(folder),
            "data": self.dataset.as_data(),
        }
        facts = ModelFacts.parse(child.rebuild(request), "a trial")
        return self.log(run, folder, facts)

    def log(self, run: str, folder: Path, facts: ModelFacts) -> Candidate:
        """Log a folder as the model of a run."""
        model_files.write_facts(folder, facts.document())
        names = [name for name in model_files.paths(folder) if (folder / name).is_file()]
        self.backend.files[f"e/p/model-{run}:v0"] = {
            name: (folder / name).read_bytes() for name in names
        }
        summary: dict[str, object] = {
            **facts.scores,
            "model_bytes": facts.model_bytes,
            "fit_seconds": 0.5,
        }
        summary["split_fingerprint"] = facts.split_fingerprint
        logged = replace(candidate(run, None), summary=summary, config=facts.config)
        self.backend.candidates.append(logged)
        return logged

    def change(self, run: str, **facts: object) -> None:
        """Write other facts into a logged model's `model.json`, by hand."""
        files = self.backend.files[f"e/p/model-{run}:v0"]
        document = {**json.loads(files["model.json"]), **facts}
        files["model.json"] = json.dumps(document).encode()
