"""An alias put back to the version that the last promotion displaced."""

import pytest

from housing_sweep.errors import BadInput, Conflict, NotFound
from housing_sweep.pipeline.promote.promote import promote
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.pipeline.promote.rollback import rollback
from tests.support.fakes import FakeBackend, FakeJudge, PowerCut, candidate


def _promote(backend: FakeBackend) -> None:
    promote(backend, PromotionRequest("s"), judges=FakeJudge(backend))


def _promoted(*names: str) -> FakeBackend:
    """Return a backend where models were promoted one after the other, each better."""
    backend = FakeBackend([])
    for number, name in enumerate(names):
        backend.candidates.append(candidate(name, 0.9 - number / 10))
        _promote(backend)
    return backend


def test_rollback_goes_back_one_promotion_at_a_time() -> None:
    backend = FakeBackend([candidate("a", 0.5)])
    for name, score in (("b", 0.4), ("c", 0.3)):
        _promote(backend)
        backend.candidates.append(candidate(name, score))
    _promote(backend)
    before = dict(backend.aliases)
    assert (
        rollback(backend.registry, backend.promotions, "staging", "why", dry_run=True)[1].name
        == "r/c:v1"
    )
    assert backend.aliases == before
    for source in ("b", "a"):
        rollback(backend.registry, backend.promotions, "staging", "it was slow")
        assert backend.aliases == {"staging": f"e/p/model-{source}:v0"}
    assert backend.records[-1].config["reason"] == "it was slow"
    with pytest.raises(Conflict, match="no earlier version"):
        rollback(backend.registry, backend.promotions, "staging", "again")
    rollback(backend.registry, backend.promotions, "staging", "forward", "v2")
    assert backend.aliases == {"staging": "e/p/model-c:v0"}
    with pytest.raises(NotFound, match="nothing holds"):
        rollback(backend.registry, backend.promotions, "production", "why")


@pytest.mark.parametrize("writes", range(4))
def test_an_interrupted_rollback_is_completed_by_the_next(writes: int) -> None:
    backend = FakeBackend([candidate("a", 0.5)])
    _promote(backend)
    backend.candidates.append(candidate("b", 0.4))
    _promote(backend)
    backend.writes_left = writes
    with pytest.raises(PowerCut):
        rollback(backend.registry, backend.promotions, "staging", "why")
    backend.writes_left = None
    rollback(backend.registry, backend.promotions, "staging", "why")
    assert backend.aliases == {"staging": "e/p/model-a:v0"}
    assert backend.records[-1].summary == {"promoted": "r/c:v0", "applied": True}
    assert backend.records[-1].config["displaced"] == "r/c:v1"


def test_a_dry_run_writes_nothing_and_says_which_versions() -> None:
    backend = _promoted("a", "b")
    backend.writes_left = 0
    was, now = rollback(backend.registry, backend.promotions, "staging", "why", dry_run=True)
    assert (was.name, now.name) == ("r/c:v1", "r/c:v0")


def test_a_version_that_is_gone_is_not_gone_back_to() -> None:
    backend = _promoted("a", "b")
    before = len(backend.records)
    with pytest.raises(NotFound, match="v7 is not there any more"):
        rollback(backend.registry, backend.promotions, "staging", "why", "v7")
    assert len(backend.records) == before
    assert backend.aliases == {"staging": "e/p/model-b:v0"}


def test_to_where_it_is_already_nothing_is_written() -> None:
    backend = _promoted("a", "b")
    backend.writes_left = 0
    was, now = rollback(backend.registry, backend.promotions, "staging", "why", "v1")
    assert was.name == now.name == "r/c:v1"


def test_an_alias_that_was_moved_by_hand_is_not_guessed_about() -> None:
    backend = _promoted("a", "b", "c")
    backend.aliases["staging"] = "e/p/model-a:v0"
    with pytest.raises(Conflict):
        rollback(backend.registry, backend.promotions, "staging", "why")


def test_an_alias_that_wandb_alone_sets_is_refused() -> None:
    backend = _promoted("a")
    with pytest.raises(BadInput, match="set by W&B alone"):
        rollback(backend.registry, backend.promotions, "latest", "why")
