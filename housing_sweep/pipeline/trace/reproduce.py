"""Build a model again from its record alone: data by digest, code by commit, config, seeds."""

import tempfile
from pathlib import Path

from housing_sweep.errors import NotFound, Refused
from housing_sweep.pipeline.judge import fresh_process
from housing_sweep.pipeline.ports import Backend, Say
from housing_sweep.pipeline.trace.checkout import code_at
from housing_sweep.pipeline.use.find_model import find_model
from housing_sweep.registry.reproduction import Reproduction, compare


def reproduce(backend: Backend, reference: str, say: Say) -> Reproduction:
    """Return a model built again, beside its record; its file is hashed, never loaded.

    Args:
        backend: who is asked.
        reference: `registry:ALIAS`, a model artifact's name, or a run's path.
        say: told what is being done.

    Raises:
        NotFound: no such model, or its dataset version is gone.
        Refused: the record is not complete, or the code cannot build it.
    """
    model = find_model(backend, reference)
    run = backend.made_by(model)
    with tempfile.TemporaryDirectory(prefix="housing-sweep-") as scratch:
        recorded = Path(scratch) / "recorded"
        recorded.mkdir()
        say(f"reading the record of {model.name}")
        files = backend.fetch_model(model, recorded)
        facts = {**files.facts, "model_sha256": files.sha256}
        dataset = backend.fetch_dataset(str(facts.get("dataset")))
        if dataset.digest != facts.get("dataset_digest"):
            raise NotFound(
                f"{dataset.path} has digest {dataset.digest} now, the model was trained on"
                f" {facts.get('dataset_digest')}",
                fix="the dataset version was replaced; without it nothing can be reproduced",
            )
        diff = backend.fetch_diff(run.id, Path(scratch)) if run else None
        code = code_at(run.commit if run else None, diff, Path(scratch))
        say(f"building it again: code {code.note}, data {dataset.path}")
        built = Path(scratch) / "built"
        built.mkdir()
        refit_of = str(facts.get("refit_of") or "")
        request = {
            "csv": str(dataset.csv),
            "problem": dataset.problem.as_document(),
            "config": facts.get("config"),
            "folder": str(built),
            "data": dataset.as_data(),
            "iterations": facts.get("best_iteration"),
            "refit_of": refit_of,
            "interval90": facts.get("interval90"),
        }
        try:
            found = fresh_process.run_in_fresh_process(
                "retrain" if refit_of else "rebuild", request, code.root
            )
        except fresh_process.ChildFailed as error:
            raise Refused(
                f"{model.name} cannot be built with code {code.note}: {error.what}"
            ) from None
    return compare(model.name, facts, found, code.note)
