"""The finalizer's rules, against a backend in memory."""

import math

import pytest

from housing_sweep.errors import NotFound, Refused
from housing_sweep.pipeline.finalize import apply_promotion, decide_promotion
from housing_sweep.registry.promotion import Verdict
from housing_sweep.registry.selection import MOST_MISSES, Goal
from tests.fakes import FakeBackend, PowerCut, candidate


def _promote(backend: FakeBackend) -> None:
    apply_promotion(backend, decide_promotion(backend, "s"))


def test_deciding_writes_nothing() -> None:
    backend = FakeBackend([candidate("a", 0.4)], writes_left=0)
    decision = decide_promotion(backend, "s")
    assert decision.verdict is Verdict.PROMOTE
    assert backend.held == {}


def test_a_second_promotion_writes_nothing() -> None:
    backend = FakeBackend([candidate("a", 0.4), candidate("b", 0.3)])
    _promote(backend)
    backend.writes_left = 0
    _promote(backend)
    again = decide_promotion(backend, "s")
    assert (again.verdict, again.displaced) == (Verdict.UNCHANGED, "")
    assert backend.held == {"staging": "e/p/model-b:v0"}
    assert [record.summary["applied"] for record in backend.records] == [True]


@pytest.mark.parametrize("writes", range(7))
def test_interrupted_anywhere_the_next_run_completes_it(writes: int) -> None:
    backend = FakeBackend([candidate("old", 0.5)])
    _promote(backend)
    backend.candidates.append(candidate("new", 0.4))
    backend.writes_left = writes
    with pytest.raises(PowerCut):
        _promote(backend)
    backend.writes_left = None
    _promote(backend)
    assert backend.held == {"staging": "e/p/model-new:v0"}
    assert backend.links == ["e/p/model-old:v0", "e/p/model-new:v0"]
    _, second = backend.records
    assert second.summary["applied"] is True
    assert second.config["displaced"] == "r/c:v0"
    assert second.used == ["e/p/california-housing:v0", "e/p/model-new:v0", "e/p/model-old:v0"]
    backend.writes_left = 0
    _promote(backend)


def test_a_promotion_is_seven_writes() -> None:
    """The test above cuts the power before each of them."""
    backend = FakeBackend([candidate("old", 0.5)])
    _promote(backend)
    backend.candidates.append(candidate("new", 0.4))
    backend.writes_left = 7
    _promote(backend)
    assert backend.writes_left == 0


def test_a_large_sweep_is_not_read_to_its_end() -> None:
    backend = FakeBackend([candidate(f"r{n:05}", n) for n in range(10_000)])
    decide_promotion(backend, "s")
    assert backend.read < 20


def test_a_large_sweep_without_any_model_is_refused_soon() -> None:
    runs = [candidate(f"r{n:05}", n) for n in range(2_000)]
    backend = FakeBackend(runs, without_model=frozenset(run.id for run in runs))
    assert decide_promotion(backend, "s").verdict is Verdict.REFUSE
    assert backend.read <= MOST_MISSES + 1


def test_the_goal_of_the_sweep_counts_for_its_own_metric_only() -> None:
    backend = FakeBackend([candidate("a", 1), candidate("b", 2)], goal=Goal.MAXIMIZE)
    own, other = decide_promotion(backend, "s"), decide_promotion(backend, "s", metric="val_mae")
    assert own.goal is Goal.MAXIMIZE
    assert own.challenger is not None
    assert own.challenger.candidate.id == "b"
    assert other.goal is Goal.MINIMIZE


def test_a_refusal_names_every_run_and_writes_nothing() -> None:
    runs = [candidate("a", math.nan), candidate("b", 0.1), candidate("c", 0.2, "crashed")]
    backend = FakeBackend(runs, without_model=frozenset({"b"}), writes_left=0)
    with pytest.raises(Refused) as refused:
        _promote(backend)
    assert "a: val_rmse is nan, not a finite number" in refused.value.what
    assert "b: no committed model artifact" in refused.value.what
    assert "c: not finished: crashed" in refused.value.what


def test_a_sweep_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound):
        decide_promotion(FakeBackend([]), "e/p/other")
