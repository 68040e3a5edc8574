"""Models by name, fetched and checked; the one way to a model outside of a promotion."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from housing_sweep.errors import HousingSweepError, NotFound, Refused
from housing_sweep.pipeline.judge import fresh_process
from housing_sweep.pipeline.judge.prove import hashes_of
from housing_sweep.pipeline.ports import Backend
from housing_sweep.pipeline.use.proved import require_proof
from housing_sweep.pipeline.values import FetchedModel, Say
from housing_sweep.registry.references import (
    MODEL_FILE,
    SAFE_MODEL_FILE,
    ModelRef,
    Target,
    full_path,
)
from housing_sweep.registry.selection import Candidate, Model
from housing_sweep.registry.verification import Claims, why_not_loaded

if TYPE_CHECKING:
    from housing_sweep.tabular.model import TabularModel
    from housing_sweep.tabular.problem import Problem

AGAIN = "promote it again: `housing-sweep promote` builds it here, and writes the file"


def find_model(backend: Backend, reference: str) -> Model:
    """Return the model that a reference names (`registry.references.ModelRef`).

    Raises:
        BadInput: it has no form that a model can have.
        NotFound: there is no such model.
    """
    ref, home = ModelRef.parse(reference), backend.registry.home
    if ref.alias:
        path = Target("any").path
        version = backend.registry.version(home, path, ref.alias)
        if version is not None:
            return backend.artifacts.model(version.source)
        if not ref.run:
            raise NotFound(f"{path} has no version {ref.alias}", fix="promote one first")
    if ref.artifact:
        return backend.artifacts.model(full_path(ref.artifact, home.entity, home.project))
    path = full_path(ref.run, home.entity, home.project)
    try:
        model = backend.runs.model_of(backend.runs.run(path))
    except NotFound:
        fix = "give registry:ALIAS, a model artifact, or a run's ENTITY/PROJECT/ID"
        raise NotFound(f"{reference} is neither an alias nor a run", fix=fix) from None
    if model is None:
        raise NotFound(f"run {path} logged no model", fix="name another run")
    return model


@contextmanager
def checked_model(backend: Backend, reference: str) -> Iterator[tuple[Model, FetchedModel]]:
    """Yield a model and its files, deleted afterwards: hashes agree, libraries fit.

    Nothing was loaded and nothing built again: `proved.require_proof` does that. What is loaded is
    `model.skops` alone: `safe_file`.

    Raises:
        NotFound: there is no such model.
        Refused: its files, metadata, `model.json` and run disagree, or it needs other libraries, or
            has no file that can be loaded without running its code.
    """
    from housing_sweep.pipeline.train import model_files

    model = find_model(backend, reference)
    run: Candidate | None = backend.runs.made_by(model)
    with tempfile.TemporaryDirectory(prefix="housing-sweep-") as scratch:
        files = backend.artifacts.fetch_model(model, Path(scratch))
        if files.safe_path is None or not files.facts.skops_sha256:
            why = f"it has no {SAFE_MODEL_FILE}, and its {MODEL_FILE} could run any code"
            raise Refused(f"{model.name} is not loaded: {why}", fix=AGAIN)
        claims = Claims.of(model, files.facts, run)
        why = why_not_loaded(claims, hashes_of(files), model_files.installed())
        if why:
            raise Refused(f"{model.name} is not loaded: {why}", fix="name another version")
        yield model, files


def safe_file(files: FetchedModel) -> Path:
    """Return where the `model.skops` of a checked model is.

    Raises:
        Refused: it has none.
    """
    if files.safe_path is None:
        raise Refused(f"it has no {SAFE_MODEL_FILE}", fix=AGAIN)
    return files.safe_path


def load_model(reference: str = "registry:production") -> "TabularModel":
    """Return a model, loaded into this process without running any code of its file.

    A version whose promotion says that it was built again is loaded at once. Any other is built
    again before, which takes its fit, unless this machine built it already.

    Args:
        reference: `registry:ALIAS`, a model artifact's name, or a run's path.

    Raises:
        BadInput, NotFound: no such model.
        Refused: it is not what was recorded, or unverified, or needs other libraries.
    """
    from housing_sweep.pipeline.train import model_files
    from housing_sweep.pipeline.wandb_io.backend import WandbBackend

    backend, say = WandbBackend.connect(), logging.getLogger("housing_sweep").info
    with checked_model(backend, reference) as (model, files):
        require_proof(backend, model, files, say)
        return model_files.load(safe_file(files), files.facts.skops_sha256)


def predict_csv(
    backend: Backend, reference: str, csv: Path, out: Path, say: Say
) -> tuple[Model, int]:
    """Write a CSV with predictions; return the model and the number of rows.

    The columns are those of `csv` and `predicted`, `low90`, `high90`, in the target's unit: nine of
    ten validation rows lay in such an interval (split conformal; Lei et al., JASA 113 (2018)).

    Raises:
        DataError: `csv` lacks a column or holds impossible values; all are named.
        NotFound, Refused: no such model, or not to be believed.
    """
    import numpy as np
    import pandas as pd

    from housing_sweep.tabular.tables import read_inputs

    with checked_model(backend, reference) as (model, files):
        problem = problem_of_model(files)
        table = read_inputs(problem, csv)
        with _replacing(out) as part:
            require_proof(backend, model, files, say)
            predictions = files.path.with_name("out.npy")
            request = {
                "csv": str(csv.resolve()),
                "problem": problem.as_document(),
                "model": str(safe_file(files)),
                "sha256": files.facts.skops_sha256,
                "out": str(predictions),
            }
            try:
                fresh_process.run_in_fresh_process("predict", request)
            except fresh_process.ChildFailed as error:
                raise Refused(f"{model.name} cannot predict: {error.what}") from None
            given = pd.read_csv(csv, encoding="utf-8-sig", skipinitialspace=True)
            given["predicted"] = np.load(predictions, allow_pickle=False)
            half = files.facts.interval90
            if half is not None:
                lowest = problem.target.low
                given["low90"] = (given["predicted"] - half).clip(lower=lowest)
                given["high90"] = given["predicted"] + half
            given.to_csv(part, index=False)
    return model, len(table)


def problem_of_model(files: FetchedModel) -> "Problem":
    """Return what a model predicts, as its `model.json` says.

    Raises:
        DataError: it says it in no way that this version knows.
    """
    from housing_sweep.tabular.extras import extras_of
    from housing_sweep.tabular.problem import Problem

    problem = Problem.parse(files.facts.problem, "model.json")
    extras_of(problem)  # whose name it bears must be the same table
    return problem


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which becomes `path` when the block ends well."""
    try:
        handle = tempfile.NamedTemporaryFile(  # noqa: SIM115  closed at once, renamed below
            dir=path.parent, prefix=f".{path.name}.", delete=False
        )
    except OSError as error:
        raise HousingSweepError(
            f"cannot write {path}: {error.strerror}", fix="name another --out"
        ) from None
    handle.close()
    part = Path(handle.name)
    try:
        yield part
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
