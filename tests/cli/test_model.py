"""`promote`, `rollback`, `model history`: exit codes, and what they print."""

import json

import pytest

from housing_sweep.pipeline.promote.promote import promote
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from tests.cli.conftest import Ask
from tests.support.fakes import FakeBackend, FakeJudge, candidate


@pytest.fixture
def promoted() -> FakeBackend:
    """A backend where `a` and then `b` were promoted to staging."""
    backend = FakeBackend([])
    for name, score in (("a", 0.5), ("b", 0.4)):
        backend.candidates.append(candidate(name, score))
        promote(backend, PromotionRequest("s"), judges=FakeJudge(backend))
    return backend


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["s", "--from", "staging"],
        ["s", "--alias", "latest"],
        ["not a sweep"],
        ["s", "--require", "noninferior", "--margin", "-1"],
        ["s", "--margin", "0.1"],
        ["s", "--require", "best"],
        ["s", "--margin", "much"],
    ],
)
def test_what_cannot_be_meant_is_bad_input_and_changes_nothing(
    args: list[str], ask: Ask, empty: FakeBackend
) -> None:
    code, out, said = ask("promote", *args, backend=empty)
    assert code == 2
    assert out == ""
    assert said


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_refusal_is_exit_4_with_the_decision_as_json(
    dry: list[str], ask: Ask, empty: FakeBackend
) -> None:
    code, out, said = ask("promote", "s", "--json", *dry, backend=empty)
    assert code == 4
    assert json.loads(out)["verdict"] == "refuse"
    assert "error: " in said


def test_a_sweep_that_does_not_exist_is_exit_3(ask: Ask, empty: FakeBackend) -> None:
    code, _, said = ask("promote", "e/p/nosuch", backend=empty)
    assert code == 3
    assert "no sweep" in said


def test_rollback_says_from_where_to_where(ask: Ask, promoted: FakeBackend) -> None:
    dry = ("rollback", "staging", "--reason", "slow", "--unverified", "--dry-run")
    assert ask(*dry, backend=promoted)[1] == "staging would go from r/c:v1 to r/c:v0\n"
    assert promoted.aliases == {"staging": "e/p/model-b:v0"}
    assert ask(*dry[:-1], backend=promoted)[1] == "staging went from r/c:v1 to r/c:v0\n"
    assert promoted.aliases == {"staging": "e/p/model-a:v0"}
    assert promoted.records[-1].config["proof"]["how"] == "unverified"  # type: ignore[index]
    assert ask(*dry[:-1], backend=promoted)[0] == 4  # there is no earlier version


def test_a_rollback_proves_where_it_goes_to(ask: Ask, promoted: FakeBackend) -> None:
    code, _, said = ask("rollback", "staging", "--reason", "slow", backend=promoted)
    assert code == 4
    assert "model-a:v0 is rejected" in said
    assert promoted.aliases == {"staging": "e/p/model-b:v0"}


def test_rollback_needs_a_reason_and_something_to_put_back(ask: Ask, empty: FakeBackend) -> None:
    assert ask("rollback", "staging")[0] == 2
    code, _, said = ask("rollback", "staging", "--reason", "x", backend=empty)
    assert code == 3
    assert "fix: promote a version first" in said


def test_history_is_every_move_and_the_holder(ask: Ask, promoted: FakeBackend) -> None:
    code, out, _ = ask("model", "history", "--json", backend=promoted)
    history = json.loads(out)
    assert (code, history["holder"]) == (0, "r/c:v1")
    assert [move["displaced"] for move in history["moves"]] == ["", "r/c:v0"]
    assert "staging is on r/c:v1" in ask("model", "history", backend=promoted)[1]
