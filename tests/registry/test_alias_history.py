"""Promotions push, rollbacks pop."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import Conflict
from housing_sweep.registry.alias_history import PROMOTE, ROLLBACK, Move, back_from, stack

VERSIONS = st.sampled_from(["v0", "v1", "v2"])


def _move(number: int, kind: str, version: str, displaced: str = "") -> Move:
    return Move(f"r{number:03}", f"{number:03}", kind, version, displaced, "ada", applied=True)


def _promote(moves: list[Move], version: str) -> None:
    moves.append(_move(len(moves), PROMOTE, version))


def _rollback(moves: list[Move]) -> None:
    held = stack(moves)
    to = back_from("staging", held[-1] if held else "", moves)
    moves.append(_move(len(moves), ROLLBACK, to))


@given(st.lists(VERSIONS, max_size=6), VERSIONS)
def test_rollback_undoes_the_last_promotion(before: list[str], version: str) -> None:
    moves: list[Move] = []
    for one in before:
        _promote(moves, one)
    held = stack(moves)
    _promote(moves, version)
    if not held:
        with pytest.raises(Conflict, match="no earlier version"):
            _rollback(moves)
    elif held[-1] != version:
        _rollback(moves)
        assert stack(moves) == held


@given(st.lists(st.one_of(VERSIONS, st.none()), max_size=20), st.randoms())
def test_any_history_can_be_rolled_back_to_its_first_version_and_no_further(
    steps: list[str | None], random: st.DataObject
) -> None:
    moves: list[Move] = []
    _promote(moves, "v0")
    for step in steps:
        if step:
            _promote(moves, step)
        elif len(stack(moves)) > 1:
            _rollback(moves)
    depth = len(stack(moves))
    for left in range(depth - 1, 0, -1):
        _rollback(moves)
        assert len(stack(moves)) == left
    shuffled = list(moves)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stack(shuffled) == ("v0",)


def test_moves_that_never_happened_do_not_count() -> None:
    moves = [_move(0, PROMOTE, "v0"), replace(_move(1, PROMOTE, "v1"), applied=False)]
    assert stack(moves) == ("v0",)


def test_an_alias_moved_by_hand_is_not_guessed_about() -> None:
    moves = [_move(0, PROMOTE, "v0"), _move(1, PROMOTE, "v1")]
    with pytest.raises(Conflict, match=r"is on v7, but .* put it on v1"):
        back_from("staging", "v7", moves)
    with pytest.raises(Conflict, match="no promotion of staging"):
        back_from("staging", "v7", [])
