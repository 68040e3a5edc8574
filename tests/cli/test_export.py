"""`housing-sweep export`: where to, and what is not there."""

from pathlib import Path

import pytest

from tests.cli.conftest import Ask
from tests.support.fakes import FakeBackend


@pytest.mark.parametrize("to", [[], ["--to", "mlflow"], ["--to", "zip", "x"]])
def test_a_destination_is_one_of_the_tools_and_a_place(to: list[str], ask: Ask) -> None:
    code, _, said = ask("export", "production", *to)
    assert code == 2
    assert "--to" in said


def test_a_model_that_is_not_there_is_exit_3_and_makes_no_folder(
    ask: Ask, empty: FakeBackend, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    code, _, said = ask("export", "registry:production", "--to", "dvc", str(folder), backend=empty)
    assert code == 3
    assert "has no version production" in said
    assert not folder.exists()
