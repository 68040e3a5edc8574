"""`housing-sweep report`: what it is asked for is looked at before a sweep is read."""

from pathlib import Path

import pytest

from tests.cli.conftest import Ask
from tests.support.fakes import FakeBackend


@pytest.mark.parametrize("args", [[], ["s", "--goal", "best"], ["s", "t"]])
def test_what_is_no_request_is_bad_input(args: list[str], ask: Ask) -> None:
    assert ask("report", *args)[0] == 2


def test_a_sweep_that_is_none_and_a_file_that_cannot_be_are_exit_2(
    ask: Ask, empty: FakeBackend, tmp_path: Path
) -> None:
    assert ask("report", "not a sweep", backend=empty)[0] == 2
    code, _, said = ask("report", "s", "--out", str(tmp_path / "no" / "r.html"), backend=empty)
    assert code == 2
    assert "fix: " in said
    assert list(tmp_path.iterdir()) == []
