"""`housing-sweep reproduce` and `lineage`."""

import pytest

from tests.cli.conftest import Ask
from tests.support.fakes import FakeBackend


def test_a_model_that_is_not_there_is_exit_3(ask: Ask, empty: FakeBackend) -> None:
    code, out, said = ask("reproduce", "registry:production", backend=empty)
    assert (code, out) == (3, "")
    assert "has no version production" in said


@pytest.mark.parametrize("args", [["reproduce"], ["lineage"], ["lineage", "x", "--limit", "all"]])
def test_what_is_no_request_is_bad_input(args: list[str], ask: Ask) -> None:
    assert ask(*args)[0] == 2
