"""Build a model again from its record alone: data by digest, code by commit, config, seeds."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from housing_sweep.errors import NotFound, Refused
from housing_sweep.pipeline.judge import fresh_process
from housing_sweep.pipeline.ports import Backend
from housing_sweep.pipeline.trace.checkout import Code, code_at
from housing_sweep.pipeline.use.find_model import find_model
from housing_sweep.pipeline.values import Say
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.reproduction import Reproduction, compare

INSTALLED = Code(None, "installed here")


def reproduce(
    backend: Backend,
    reference: str,
    say: Say,
    show: Callable[[str], None] | None = None,
) -> Reproduction:
    """Return a model built again, beside its record; its file is hashed, never loaded.

    Args:
        backend: who is asked.
        reference: `registry:ALIAS`, a model artifact's name, or a run's path.
        say: told what is being done.
        show: told the code that is about to run, where that is the recorded commit's with the
            changes that its run stored. None: the installed code builds.

    Raises:
        NotFound: no such model, or its dataset version is gone.
        Refused: the record is not complete, or the code cannot build it.
    """
    model = find_model(backend, reference)
    run = backend.runs.made_by(model)
    with tempfile.TemporaryDirectory(prefix="housing-sweep-") as scratch:
        recorded = Path(scratch) / "recorded"
        recorded.mkdir()
        say(f"reading the record of {model.name}")
        files = backend.artifacts.fetch_model(model, recorded)
        facts = replace(files.facts, model_sha256=files.sha256)
        dataset = backend.artifacts.fetch_dataset(facts.dataset)
        if dataset.digest != facts.dataset_digest:
            raise NotFound(
                f"{dataset.path} has digest {dataset.digest} now, the model was trained on"
                f" {facts.dataset_digest}",
                fix="the dataset version was replaced; without it nothing can be reproduced",
            )
        code = INSTALLED
        if show is not None:
            diff = backend.runs.fetch_diff(run.id, Path(scratch)) if run else None
            code = code_at(run.commit if run else None, diff, Path(scratch))
            if code.root is not None:
                show(
                    f"running the code of {code.note}, recorded by {run.user if run else 'nobody'}"
                )
                if diff is not None:
                    show(diff.read_text("utf-8", "replace"))
        say(f"building it again: code {code.note}, data {dataset.path}")
        built = Path(scratch) / "built"
        built.mkdir()
        request = {
            "csv": str(dataset.csv),
            "problem": dataset.problem.as_document(),
            "config": dict(facts.config),
            "folder": str(built),
            "data": dataset.as_data(),
            "iterations": facts.best_iteration,
            "refit_of": facts.refit_of,
            "interval90": facts.interval90,
        }
        try:
            command = "retrain" if facts.refit_of else "rebuild"
            answer = fresh_process.run_in_fresh_process(command, request, code.root)
        except fresh_process.ChildFailed as error:
            raise Refused(
                f"{model.name} cannot be built with code {code.note}: {error.what}"
            ) from None
        rebuilt = ModelFacts.parse(answer, "what was built again")
    return compare(model.name, facts, rebuilt, code.note)
