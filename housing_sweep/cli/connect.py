"""The one place where a command logs in; and the options of what trials are ranked by."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from housing_sweep.pipeline.wandb_io.backend import WandbBackend
    from housing_sweep.search.score import Goal


def silence() -> None:
    """Keep the SDK from printing between a command's own lines, unless a person wants it."""
    os.environ.setdefault("WANDB_SILENT", "true")


def backend() -> "WandbBackend":
    """Return the backend of this environment, logged in.

    Raises:
        BadInput: no API key.
        NotLoggedIn: the backend does not know it.
        Unavailable: nothing answers at WANDB_BASE_URL.
    """
    silence()  # before wandb is imported
    from housing_sweep.pipeline.wandb_io.backend import WandbBackend

    return WandbBackend.connect()


def ranking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--metric` and `--goal` to a command that ranks trials."""
    goal = click.option(
        "--goal",
        type=click.Choice(["minimize", "maximize"]),
        help="Which way --metric is good.  [default: the sweep's word, or what is known]",
    )
    metric = click.option(
        "--metric", help="Score to rank by.  [default: the sweep's own, else val_rmse]"
    )
    return metric(goal(command))


def goal_of(text: str | None) -> "Goal | None":
    """Return the goal that `--goal` names, or None."""
    from housing_sweep.search.score import Goal

    return None if text is None else Goal(text)
