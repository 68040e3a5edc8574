"""Promote and rollback undo each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import Conflict, NotFound
from housing_sweep.registry.aliases import Collection

ALIAS = st.sampled_from(["production", "staging"])


@given(st.lists(st.tuples(ALIAS, st.integers(0, 4)), max_size=8), ALIAS, st.integers(0, 4))
def test_rollback_undoes_promote(history: list[tuple[str, int]], alias: str, version: int) -> None:
    before = Collection(n_versions=5)
    for name, number in history:
        before = before.promote(name, number)
    after = before.promote(alias, version)
    assert after.points_at(alias) == version
    if before.points_at(alias) == version:
        assert after == before
    elif before.points_at(alias) is None:
        with pytest.raises(Conflict, match="no earlier version"):
            after.rollback(alias)
    else:
        assert after.rollback(alias) == before


def test_an_alias_cannot_move_to_a_version_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="v5"):
        Collection(n_versions=5).promote("staging", 5)
