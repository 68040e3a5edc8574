"""One trial: dataset artifact, split, features, fit, scores, model artifact.

    python -m housing_sweep.pipeline.trial --model=random_forest --n_estimators=50

is what `wandb agent` runs; `wandb.agent(sweep_id, function=run)` runs the same in this process.
Equal configs give equal bits: `val_rmse` to the last digit and the hash of the predictions.
"""

import os
import re
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

# Before scikit-learn loads: two agents with two threads each took 5 to 10 s for what takes 0.3 s.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import yaml

from housing_sweep.errors import BadInput, HousingSweepError
from housing_sweep.registry.references import DEFAULT_DATASET, artifact_name

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+")

if TYPE_CHECKING:
    import pandas as pd

    from housing_sweep.pipeline.values import FetchedDataset
    from housing_sweep.pipeline.wandb_io.tracking import TrackedRun
    from housing_sweep.tabular.fit import FitResult
    from housing_sweep.tabular.split import Split
    from housing_sweep.tabular.trial_config import TrialConfig


STOPPED = 130
"""Exit code of a trial that was asked to stop."""


def main() -> None:
    """Run one trial from the command line; its exit code is the trial's.

    It is 0 for a trial that was stopped early: an agent leaves its sweep when three trials fail in
    its first minute. Source: wandb/wandb_agent.py, `is_flapping`.
    """
    from housing_sweep.pipeline.wandb_io.stopping import StopAsked

    signal.signal(signal.SIGTERM, _interrupt)
    # The SDK stops a run by SIGINT, which the jobs that a script starts with `&` ignore. An agent's
    # trials have a process group of their own, so no terminal's Ctrl-C reaches them.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run(parse_flags(sys.argv[1:]))
    except HousingSweepError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except StopAsked:
        print("stopped early: history is kept, no model is saved", file=sys.stderr)  # noqa: T201
    except KeyboardInterrupt:
        print("stopped: history is kept, no model is saved", file=sys.stderr)  # noqa: T201
        sys.exit(STOPPED)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End like Ctrl-C does, so that the run is finished and its history sent.

    `wandb agent` terminates its trials with SIGTERM, which kills Python where it stands; the run
    stayed "running" until the backend missed its heartbeat. Source: wandb/wandb_agent.py.
    """
    raise KeyboardInterrupt


def parse_flags(arguments: list[str]) -> dict[str, object]:
    """Return `--name=value` flags as a config; values are read as YAML.

    Raises:
        BadInput: something else is among them.
    """
    values: dict[str, object] = {}
    for argument in arguments:
        name, equals, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or not equals:
            raise BadInput(f"{argument!r} is not --name=value", fix="e.g. --model=random_forest")
        values[name] = _value(name, value)
    return values


def _value(name: str, text: str) -> object:
    """Return a flag's value: YAML, and what `wandb agent` writes with Python's `str`.

    YAML 1.1 reads 1e-05 as a word (it wants 1.0e-05), and None too.
    """
    try:
        value: object = yaml.safe_load(text)
    except yaml.YAMLError:
        raise BadInput(f"--{name}={text!r} cannot be read", fix="quote the value") from None
    if value == "None":
        return None
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return float(value)
    return value


def run(config: Mapping[str, object] | None = None) -> None:
    """Run one trial; a sweep's parameters win over `config`.

    Raises:
        SpecError: the config is impossible; the run is marked failed with that message.
        NotFound: the dataset was not published.
    """
    from housing_sweep.pipeline.wandb_io.tracking import open_run

    # Without a project the SDK names one after the git checkout, where no dataset was published.
    in_sweep = "WANDB_SWEEP_ID" in os.environ  # then the sweep's project holds
    own = artifact_name(_reference(config or {}))
    project = os.environ.get("WANDB_PROJECT") or (None if in_sweep else own)
    with open_run("trial", config, project=project) as tracked:
        try:
            _run(tracked)
        except HousingSweepError as error:
            tracked.explain(str(error))
            raise


def _reference(config: Mapping[str, object]) -> str:
    """Return the dataset that a config names; without one, that of the first problem."""
    reference = config.get("dataset", DEFAULT_DATASET)
    return reference if isinstance(reference, str) and reference else DEFAULT_DATASET


def _run(tracked: "TrackedRun") -> None:
    from importlib import import_module

    from threadpoolctl import threadpool_limits

    from housing_sweep.tabular import split, tables
    from housing_sweep.tabular.extras import registered
    from housing_sweep.tabular.families import FitProgress
    from housing_sweep.tabular.fit import fit
    from housing_sweep.tabular.trial_config import TrialConfig

    raw = tracked.config
    reference = _reference(raw)
    if extras := registered().get(artifact_name(reference)):
        TrialConfig.from_sweep(raw, extras.problem)  # impossible: say so before anything is fetched
    dataset = tracked.use_dataset(reference)
    problem = dataset.problem
    config = TrialConfig.from_sweep(raw, problem)
    frame = tables.read_csv(problem, dataset.csv)
    rows = split.make_split(problem, frame, config.split, config.split_seed)
    tracked.set_config(config.as_dict())

    def report(progress: FitProgress) -> bool:
        tracked.log(
            {
                "iteration": progress.iteration,
                "train_rmse": progress.train_rmse,
                "val_rmse": progress.val_rmse,
            }
        )
        return False

    # In an agent's process, scikit-learn may be loaded already; only libraries that are can be kept
    # to one thread, and how many there were stands in the model.
    import_module("sklearn.ensemble")
    with threadpool_limits(1), tracked.stoppable():
        result = fit(problem, config, frame, rows, report)
    tracked.saving(lambda: _save(tracked, config, dataset, frame, rows, result))


def _save(
    tracked: "TrackedRun",
    config: "TrialConfig",
    dataset: "FetchedDataset",
    frame: "pd.DataFrame",
    rows: "Split",
    result: "FitResult",
) -> None:
    """Log charts, scores and the model."""
    from housing_sweep.pipeline.train import model_files
    from housing_sweep.tabular import evaluation

    truth = frame[dataset.problem.target.name].to_numpy(dtype=float)[rows.validation]
    half = evaluation.interval(truth, result.predictions)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        facts = model_files.write(folder, config, result, rows, dataset, interval90=half)
        # After the file: charts leave traces in the model, and its bits are what proves it.
        _log_charts(tracked, config, dataset, frame, rows, result)
        tracked.summarise(
            {
                **result.scores,
                "fit_seconds": result.fit_seconds,
                "stopped_early": result.stopped_early,
                "best_iteration": result.best_iteration,
                "model_bytes": facts["model_bytes"],
                "model_sha256": facts["model_sha256"],
                "predictions_sha256": facts["predictions_sha256"],
                "split_fingerprint": rows.fingerprint,
                "dataset_version": dataset.path,
                "dataset_digest": dataset.digest,
            }
        )
        files = model_files.paths(folder)
        tracked.log_artifact(f"model-{tracked.id}", "model", files, facts)


def _log_charts(
    tracked: "TrackedRun",
    config: "TrialConfig",
    dataset: "FetchedDataset",
    frame: "pd.DataFrame",
    rows: "Split",
    result: "FitResult",
) -> None:
    """Log the charts asked for."""
    if config.plots == "none":
        return
    from housing_sweep.pipeline.train import trial_charts

    problem, validation = dataset.problem, frame.iloc[rows.validation]
    tracked.log_bars("summary_metrics", trial_charts.summary(result.scores), "metric", "value")
    scatter = trial_charts.residuals(problem, validation, result.predictions)
    tracked.log_scatter("residuals", scatter, "predicted", "residual")
    important = trial_charts.importances(problem, result, validation, config.seed)
    tracked.log_bars("feature_importances", important, "feature", "importance")
    worst = trial_charts.worst(problem, validation, result.predictions)
    tracked.log_tables({"worst_predictions": worst})
    if config.plots == "full":
        train, names, target = frame.iloc[rows.train], list(problem.inputs), problem.target.name
        transform = result.model.features.transform
        tracked.plot_regressor(
            result.model.estimator,
            (
                transform(train[names]),
                transform(validation[names]),
                train[target].to_numpy(),
                validation[target].to_numpy(),
            ),
        )


if __name__ == "__main__":
    main()
