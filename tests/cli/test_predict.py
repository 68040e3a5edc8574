"""`housing-sweep predict`: bad input and models that are not there."""

from pathlib import Path

from tests.cli.conftest import Ask
from tests.support.fakes import FakeBackend


def test_table_and_output_must_be_named(ask: Ask) -> None:
    assert ask("predict", "production", "--out", "x.csv")[0] == 2
    assert ask("predict", "production", "--csv", "x.csv")[0] == 2


def test_a_model_that_is_not_there_is_exit_3_and_writes_nothing(
    ask: Ask, empty: FakeBackend, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    args = ("--csv", str(tmp_path / "in.csv"), "--out", str(out))
    code, _, said = ask("predict", "registry:production", *args, backend=empty)
    assert code == 3
    assert "fix: promote one first" in said
    assert not out.exists()


def test_what_no_model_can_be_called_is_exit_2(ask: Ask, empty: FakeBackend) -> None:
    code, _, said = ask("predict", "a model", "--csv", "x", "--out", "y", backend=empty)
    assert code == 2
    assert "is not a model" in said
