import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.registry.prune_rules import Held, fate, losers

MODEL = Held("a/b/model-x:v0", "id", "x", 10, ("latest", "v0"))


@given(st.lists(st.integers(0, 30), unique=True), st.integers(0, 40), st.sets(st.integers(0, 30)))
def test_the_best_and_the_busy_are_never_losers(runs: list[int], keep: int, busy: set[int]) -> None:
    ranked, active = list(map(str, runs)), set(map(str, busy))
    found = losers(ranked, active, keep)
    assert not set(found) & set(ranked[:keep])
    assert not set(found) & active
    assert set(found) | set(ranked[:keep]) | active >= set(ranked)


def test_only_a_model_that_nobody_needs_goes() -> None:
    def with_(**change: tuple[str, ...]) -> str:
        given = {"aliases": MODEL.aliases, **change}
        return fate(Held("a/b/model-x:v0", "id", "x", 10, **given)).why_kept

    assert with_() == ""
    assert "linked to r/c:v1" in with_(linked_to=("r/c:v1",))
    assert "used by a/b/y" in with_(used_by=("a/b/y",))
    assert "alias best" in with_(aliases=("latest", "best"))


def test_a_negative_number_to_keep_is_refused() -> None:
    with pytest.raises(BadInput, match="--keep -1"):
        losers([], [], -1)
