"""An alias put back to the version that the last promotion displaced."""

import pytest

from housing_sweep.errors import BadInput, Conflict, NotFound, Refused
from housing_sweep.pipeline.promote.promote import promote
from housing_sweep.pipeline.promote.promotion_request import PromotionRequest
from housing_sweep.pipeline.promote.rollback import rollback
from housing_sweep.registry.promotion import Version
from housing_sweep.registry.proof import How, Proof, unverified
from tests.support.fakes import FakeBackend, FakeJudge, PowerCut, candidate

A = Version("r/c:v0", "v0", "id-a", "e/p/model-a:v0", "digest")


def identical(version: Version) -> Proof:
    """Prove whatever it is asked about."""
    return Proof(how=How.IDENTICAL, artifact=version.source)


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
    assert rollback(backend, identical, "staging", "why", dry_run=True)[1].name == "r/c:v1"
    assert backend.aliases == before
    for source in ("b", "a"):
        rollback(backend, identical, "staging", "it was slow")
        assert backend.aliases == {"staging": f"e/p/model-{source}:v0"}
    assert backend.records[-1].config["reason"] == "it was slow"
    with pytest.raises(Conflict, match="no earlier version"):
        rollback(backend, identical, "staging", "again")
    rollback(backend, identical, "staging", "forward", "v2")
    assert backend.aliases == {"staging": "e/p/model-c:v0"}
    with pytest.raises(NotFound, match="nothing holds"):
        rollback(backend, identical, "production", "why")


@pytest.mark.parametrize("writes", range(4))
def test_an_interrupted_rollback_is_completed_by_the_next(writes: int) -> None:
    backend = FakeBackend([candidate("a", 0.5)])
    _promote(backend)
    backend.candidates.append(candidate("b", 0.4))
    _promote(backend)
    backend.writes_left = writes
    with pytest.raises(PowerCut):
        rollback(backend, identical, "staging", "why")
    backend.writes_left = None
    rollback(backend, identical, "staging", "why")
    assert backend.aliases == {"staging": "e/p/model-a:v0"}
    assert backend.records[-1].summary == {"promoted": "r/c:v0", "applied": True}
    assert backend.records[-1].config["displaced"] == "r/c:v1"


def test_a_dry_run_writes_nothing_and_says_which_versions() -> None:
    backend = _promoted("a", "b")
    backend.writes_left = 0
    was, now = rollback(backend, identical, "staging", "why", dry_run=True)
    assert (was.name, now.name) == ("r/c:v1", "r/c:v0")


def test_a_version_that_is_gone_is_not_gone_back_to() -> None:
    backend = _promoted("a", "b")
    before = len(backend.records)
    with pytest.raises(NotFound, match="v7 is not there any more"):
        rollback(backend, identical, "staging", "why", "v7")
    assert len(backend.records) == before
    assert backend.aliases == {"staging": "e/p/model-b:v0"}


def test_to_where_it_is_already_nothing_is_written() -> None:
    backend = _promoted("a", "b")
    backend.writes_left = 0
    was, now = rollback(backend, identical, "staging", "why", "v1")
    assert was.name == now.name == "r/c:v1"


def test_an_alias_that_was_moved_by_hand_is_not_guessed_about() -> None:
    backend = _promoted("a", "b", "c")
    backend.aliases["staging"] = "e/p/model-a:v0"
    with pytest.raises(Conflict):
        rollback(backend, identical, "staging", "why")


def test_an_alias_that_wandb_alone_sets_is_refused() -> None:
    backend = _promoted("a")
    with pytest.raises(BadInput, match="set by W&B alone"):
        rollback(backend, identical, "latest", "why")


def test_a_version_that_is_not_proved_is_not_gone_back_to() -> None:
    backend = _promoted("a", "b")
    before = len(backend.records)

    def refuse(version: Version) -> Proof:
        raise Refused(f"{version.source} is rejected: val_rmse is 0.05 in model.json")

    for to_version in ("", "v0"):
        for dry_run in (True, False):
            with pytest.raises(Refused, match="a:v0 is rejected: val_rmse"):
                rollback(backend, refuse, "staging", "why", to_version, dry_run=dry_run)
    assert len(backend.records) == before
    assert backend.aliases == {"staging": "e/p/model-b:v0"}


def test_how_it_was_proved_is_on_record() -> None:
    backend = _promoted("a", "b")
    rollback(backend, identical, "staging", "why")
    assert backend.records[-1].config["proof"] == identical(A).as_json()
    assert not backend.unverified
    backend = _promoted("a", "b")
    rollback(backend, lambda version: unverified(version.source), "staging", "why")
    assert backend.records[-1].config["proof"] == unverified(A.source).as_json()
    assert backend.unverified
