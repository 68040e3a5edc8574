"""`housing-sweep compare`: only what differs, unless all is asked for."""

import json
from dataclasses import dataclass

import pytest

from housing_sweep.errors import NotFound
from housing_sweep.registry.run_differences import RunRecord
from tests.cli.conftest import Ask

RUNS: dict[str, dict[str, dict[str, object]]] = {
    "a": {"config": {"rate": 0.1, "depth": 3}, "data": {"note": "[/x] :cat:"}},
    "b": {"config": {"rate": 0.25, "depth": 3}, "data": {"note": "[red]"}},
}


@dataclass
class Login:
    """A login of which only the runs' records are asked."""

    @property
    def records(self) -> "Login":
        return self

    def record(self, reference: str) -> RunRecord:
        if reference not in RUNS:
            raise NotFound(f"no run {reference}")
        return RunRecord(f"e/p/{reference}", reference, "finished", RUNS[reference])


def test_only_what_differs_is_shown_with_the_change(ask: Ask) -> None:
    code, out, _ = ask("compare", "a", "b", backend=Login())
    assert code == 0
    assert "rate" in out
    assert "+0.15" in out
    assert "depth" not in out
    assert "1 the same" in out
    assert "not recorded" in out
    assert "depth" in ask("compare", "a", "b", "--all", backend=Login())[1]


def test_what_a_run_recorded_is_text_whatever_it_looks_like(ask: Ask) -> None:
    out = ask("compare", "a", "b", backend=Login())[1]
    assert "[/x] :cat:" in out
    assert "[red]" in out


def test_programs_get_every_row(ask: Ask) -> None:
    assert "rate" in json.dumps(json.loads(ask("compare", "a", "b", "--json", backend=Login())[1]))


@pytest.mark.parametrize(("runs", "code"), [([], 2), (["a"], 2), (["a", "nobody"], 3)])
def test_fewer_than_two_runs_and_one_that_is_not_there_are_refused(
    runs: list[str], code: int, ask: Ask
) -> None:
    assert ask("compare", *runs, backend=Login())[0] == code
