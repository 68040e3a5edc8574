"""Builds models with the installed code, in processes of its own, several at a time, each once."""

import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path

from housing_sweep.pipeline.judge.build_cache import BuildCache
from housing_sweep.pipeline.judge.fresh_process import Children
from housing_sweep.pipeline.values import FetchedDataset, Say
from housing_sweep.tabular.problem import Problem

ROWS_FILE, HARD_FILE = "rows.npy", "hard.npy"
SAY_SECONDS = 15.0
"""How often a long fit is told of."""

LONGEST, SHORTEST = 6 * 3600.0, 120.0
"""Seconds that a fit may take whatever its run says of it, and those that each may."""

TIMES_SLOWER = 20.0
"""How many times longer than its run says a fit may take here before it is given up."""


class Kind(Enum):
    """What is built; the values are the commands of `pipeline.child`."""

    TRIAL = "rebuild"  # a trial again, as it was fitted
    REFIT = "retrain"  # its config on training and validation rows together
    HARD = "hard_split"  # its config where what is really new is held out
    BASELINE = "baseline"  # our default forest on the trial's own split


@dataclass(frozen=True, slots=True)
class Request:
    """What to build.

    Attributes:
        kind: a trial, its refit, its fit on the hard split, or the baseline.
        dataset: the table.
        config: of the trial.
        iterations: of a refit; 0 for the others.
        expected_seconds: that its run says it took; 0.0 where nobody says.
        note: what it is, in words, for progress.
    """

    kind: Kind
    dataset: FetchedDataset
    config: Mapping[str, object]
    iterations: int = 0
    expected_seconds: float = 0.0
    note: str = ""

    def inputs(self, environment: Mapping[str, object]) -> dict[str, object]:
        """Return everything that decides the outcome, for its key."""
        return {
            "kind": self.kind.value,
            "table": self.dataset.sha256,
            "problem": self.dataset.problem.as_document(),
            "config": dict(self.config),
            "iterations": self.iterations,
            **environment,
        }

    def document(self, model: Path, arrays: Path) -> dict[str, object]:
        """Return the request to the child: it writes a model's files, and predictions."""
        return {
            "csv": str(self.dataset.csv),
            "problem": self.dataset.problem.as_document(),
            "config": dict(self.config),
            "iterations": self.iterations,
            "data": self.dataset.as_data(),
            "folder": str(model),
            "rows_out": str(arrays / ROWS_FILE),
            "out": str(arrays / HARD_FILE),
            "interval90": None,
        }

    @property
    def limit_seconds(self) -> float:
        """How long it may take: nobody's word keeps a promotion from ending."""
        if not 0.0 < self.expected_seconds < LONGEST:
            return LONGEST
        return min(LONGEST, SHORTEST + TIMES_SLOWER * self.expected_seconds)


@dataclass(frozen=True, slots=True)
class Build:
    """What came of a request.

    Attributes:
        answer: of the child: `model.json` and figures, or those of the hard split.
        arrays: folder with the predictions: `rows.npy` for every row of the table, or `hard.npy`.
        folder: with the model's files, or None if it was built at another time.
        seconds: that the fit took when it was built.
    """

    answer: Mapping[str, object]
    arrays: Path
    folder: Path | None
    seconds: float


class Builder:
    """Builds; what was begun and is not needed ends with `close`."""

    def __init__(self, cache: BuildCache, say: Say, children: Children | None = None) -> None:
        self._cache, self._say = cache, say
        self._children = children or Children()
        self._pool = ThreadPoolExecutor(_cores())
        self._begun: dict[str, Future[Build]] = {}
        self._scratch = tempfile.TemporaryDirectory(prefix="housing-sweep-")
        self._lock = threading.Lock()

    def close(self) -> None:
        """End what still runs, and delete the files."""
        for future in self._begun.values():
            future.cancel()
        self._children.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._scratch.cleanup()

    def begin(self, request: Request, *, files: bool = False) -> "Future[Build]":
        """Start a build unless it was begun already; several run beside each other.

        Args:
            request: what to build.
            files: whether the model's files are needed, so that a kept answer does not do.
        """
        inputs = request.inputs(_here(request.dataset.problem))
        key = json.dumps(inputs, sort_keys=True)
        whole = f"{key} with its files"
        with self._lock:
            if files or whole in self._begun:
                key = whole
            if key not in self._begun:
                work = partial(self._build, request, inputs, files=files)
                self._begun[key] = self._pool.submit(work)
            return self._begun[key]

    def build(self, request: Request, *, files: bool = False) -> Build:
        """Return what a request gives.

        Raises:
            ChildFailed: the config cannot be built, or takes longer than it may.
        """
        future, began = self.begin(request, files=files), time.monotonic()
        while True:
            try:
                return future.result(timeout=SAY_SECONDS)
            except TimeoutError:
                if future.done():
                    return future.result()
                of = f" of about {request.expected_seconds:.0f}" if request.expected_seconds else ""
                self._say(f"building {request.note}: {time.monotonic() - began:.0f} s{of}")

    def predict(self, model: Path, sha256: str, dataset: FetchedDataset) -> Path:
        """Return predictions for every row of a table, by a `model.skops`.

        Raises:
            ChildFailed: the file has another SHA-256.
        """
        folder = Path(tempfile.mkdtemp(dir=self._scratch.name))
        request = {
            "csv": str(dataset.csv),
            "problem": dataset.problem.as_document(),
            "model": str(model),
            "sha256": sha256,
            "out": str(folder / ROWS_FILE),
        }
        self._children.run("predict", request)
        return folder / ROWS_FILE

    def examine_data(
        self, dataset: FetchedDataset, config: Mapping[str, object], policy: Mapping[str, object]
    ) -> "Future[dict[str, object]]":
        """Start to look for what is wrong with a table, as a config splits it."""
        request = {
            "csv": str(dataset.csv),
            "problem": dataset.problem.as_document(),
            "config": dict(config),
            "policy": dict(policy),
        }
        return self._pool.submit(self._children.run, "examine_data", request)

    def folder(self) -> Path:
        """Return a new folder, which ends with the builder."""
        return Path(tempfile.mkdtemp(dir=self._scratch.name))

    def _build(self, request: Request, inputs: dict[str, object], *, files: bool) -> Build:
        kept = None if files else self._cache.get(inputs)
        if kept is not None:
            answer, arrays = kept
            return Build(answer, arrays, None, _seconds(answer))
        model, arrays = self.folder(), self.folder()
        document = request.document(model, arrays)
        answer = self._children.run(
            request.kind.value, document, limit_seconds=request.limit_seconds
        )
        self._cache.put(inputs, answer, {path.name: path for path in arrays.iterdir()})
        return Build(answer, arrays, model, _seconds(answer))


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # what a cluster's job may use
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@lru_cache
def _here(problem: Problem) -> dict[str, object]:
    """Return what decides a build's outcome beside its inputs: code, libraries, processor."""
    from housing_sweep.pipeline.train import model_files

    own = hashlib.sha256()
    for path in (Path(model_files.__file__), Path(__file__).parents[1] / "child.py"):
        own.update(path.read_bytes())
    return {
        "code": model_files.code_sha256(problem),
        "builder": own.hexdigest(),
        "libraries": model_files.installed(),
        "cpu": model_files.cpu(),
    }


def _seconds(answer: Mapping[str, object]) -> float:
    value = answer.get("fit_seconds")
    return float(value) if isinstance(value, int | float) else 0.0
