"""What a run writes: metrics, artifacts, charts. A thin face of `wandb.Run`."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import wandb

from housing_sweep.errors import HousingSweepError
from housing_sweep.pipeline.values import FetchedDataset
from housing_sweep.pipeline.wandb_io.downloads import fetch_dataset
from housing_sweep.pipeline.wandb_io.sdk_errors import backend_url, reading, writing
from housing_sweep.pipeline.wandb_io.stopping import heard_soon, undisturbed

LOCAL_TRANSMIT_SECONDS = 1.0
"""How often a trial sends its history to a backend of one's own; to W&B's cloud, every 15 s. Core
counts whole seconds, and sends the first lines after a pause at once."""


class TrackedRun:
    """One open run."""

    def __init__(self, run: Any) -> None:
        self._run = run

    @property
    def id(self) -> str:
        """W&B's run id."""
        return str(self._run.id)

    @property
    def path(self) -> str:
        """entity/project/id."""
        return f"{self._run.entity}/{self._run.project}/{self._run.id}"

    @property
    def config(self) -> dict[str, object]:
        """The config, the sweep's parameters among it."""
        return dict(self._run.config)

    def set_config(self, values: Mapping[str, object]) -> None:
        """Add to the config what was resolved; a sweep's own parameters stay as they are."""
        new = {k: v for k, v in values.items() if k not in self._run.config}
        self._run.config.update(new)

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Interrupt the block soon after the backend asked the run to stop.

        Raises:
            KeyboardInterrupt: it did (`StopAsked`), or a person; `fit_seconds` is in the summary.
        """
        began = time.perf_counter()
        try:
            with heard_soon(self._run):
                yield
        except KeyboardInterrupt:
            spent = time.perf_counter() - began
            self.summarise({"fit_seconds": spent, "stopped_early": True})
            raise

    def saving(self, work: Callable[[], None]) -> None:
        """Do the last, short part of a trial: a stop comes too late for it."""
        undisturbed(work)

    def log(self, values: Mapping[str, object]) -> None:
        """Append one history step."""
        self._run.log(dict(values))

    def summarise(self, values: Mapping[str, object]) -> None:
        """Set summary values."""
        self._run.summary.update(dict(values))

    def use_dataset(self, reference: str) -> FetchedDataset:
        """Record a dataset as input and return it; a copy here with its digest is not fetched.

        Raises:
            NotFound: no such artifact.
        """
        fix = "publish it first: housing-sweep data publish --csv FILE"
        with reading(f"use dataset {reference}", fix):
            artifact = self._run.use_artifact(reference, type="dataset")
            return fetch_dataset(artifact)

    def log_artifact(
        self,
        name: str,
        kind: str,
        files: Mapping[str, Path],
        metadata: Mapping[str, object],
        *,
        aliases: list[str] | None = None,
    ) -> str:
        """Log files as a version; return its entity/project/name:version once it is stored."""
        artifact = wandb.Artifact(name, type=kind, metadata=dict(metadata))
        for path_in_artifact, file in files.items():
            artifact.add_file(str(file), name=path_in_artifact, policy="mutable")
        with writing(f"log artifact {name}"):
            logged = self._run.log_artifact(artifact, aliases=aliases)
            logged.wait()
        return f"{logged.entity}/{logged.project}/{logged.name}"

    def log_tables(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Log frames as tables, in one step."""
        self._run.log({name: wandb.Table(dataframe=frame) for name, frame in tables.items()})

    def log_bars(self, name: str, frame: pd.DataFrame, label: str, value: str) -> None:
        """Log a frame as a bar chart."""
        table = wandb.Table(dataframe=frame)
        self._run.log({name: wandb.plot.bar(table, label, value, title=name.replace("_", " "))})

    def log_scatter(self, name: str, frame: pd.DataFrame, x: str, y: str) -> None:
        """Log a frame as a scatter plot."""
        table = wandb.Table(dataframe=frame)
        self._run.log({name: wandb.plot.scatter(table, x, y, title=name.replace("_", " "))})

    def plot_regressor(self, estimator: object, parts: tuple[Any, Any, Any, Any]) -> None:
        """Log W&B's own regressor charts; refits for a learning curve (59 s on a forest)."""
        import wandb.sklearn

        wandb.sklearn.plot_regressor(  # type: ignore[no-untyped-call]
            estimator, *parts, model_name=type(estimator).__name__
        )

    def explain(self, failure: str) -> None:
        """Say why the run fails where people look: in its summary and its notes."""
        self._run.summary["error"] = failure
        self._run.notes = failure


@contextmanager
def open_run(
    job_type: str, config: Mapping[str, object] | None = None, *, project: str | None = None
) -> Iterator[TrackedRun]:
    """Open a run, and finish it with the block; an exception finishes it as failed."""
    # With it the SDK also stores `diff.patch`: what the checkout had that its commit has not.
    settings: dict[str, Any] = {"save_code": True}
    if "api.wandb.ai" not in backend_url():
        settings["x_file_stream_transmit_interval"] = LOCAL_TRANSMIT_SECONDS
    with writing("start a run"):
        run = wandb.init(
            project=project,
            job_type=job_type,
            config=dict(config or {}),
            settings=wandb.Settings(**settings),
        )
    try:
        yield TrackedRun(run)
    except HousingSweepError as error:  # `with run` would print a traceback for a user's mistake
        run.finish(exit_code=error.exit_code)
        raise
    except BaseException as error:
        run.finish(exit_code=255 if isinstance(error, KeyboardInterrupt) else 1)
        raise
    undisturbed(run.finish)
