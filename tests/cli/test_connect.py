"""What commands share that log in and rank."""

import os

import click
import pytest
from click.testing import CliRunner

from housing_sweep.cli import connect
from housing_sweep.search.score import Goal


@click.command()
@connect.ranking_options
def rank(metric: str | None, goal: str | None) -> None:
    """Print what was given."""
    click.echo(f"{metric} {connect.goal_of(goal)}")


def test_a_command_that_ranks_takes_a_metric_and_a_goal() -> None:
    answer = CliRunner().invoke(rank, ["--metric", "lift", "--goal", "maximize"])
    assert answer.output == f"lift {Goal.MAXIMIZE}\n"
    assert CliRunner().invoke(rank, []).output == "None None\n"


def test_a_goal_that_there_is_not_is_bad_input_that_names_those_there_are() -> None:
    answer = CliRunner().invoke(rank, ["--goal", "minimise"])
    assert answer.exit_code == 2
    assert "'minimize', 'maximize'" in answer.output


def test_the_sdk_is_silent_unless_a_person_wants_to_hear_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WANDB_SILENT", raising=False)
    connect.silence()
    assert os.environ["WANDB_SILENT"] == "true"
    monkeypatch.setenv("WANDB_SILENT", "false")
    connect.silence()
    assert os.environ["WANDB_SILENT"] == "false"
