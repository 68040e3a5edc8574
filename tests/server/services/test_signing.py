"""Signed URLs: good for one object and a while, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import PermissionDenied
from housing_sweep.server.services.signing import Signer

SCOPE = {"allows": "get", "run": "7", "name": "a b/ü.txt"}


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=5))
def test_a_token_vouches_for_exactly_its_scope(scope: dict[str, str]) -> None:
    signer = Signer("secret", 60)
    assert signer.check(signer.sign(scope)) == scope


def test_a_token_of_another_secret_is_refused() -> None:
    with pytest.raises(PermissionDenied, match="not signed by this server"):
        Signer("secret", 60).check(Signer("other", 60).sign(SCOPE))


@given(st.data())
def test_no_character_of_a_token_can_be_changed(data: st.DataObject) -> None:
    signer = Signer("secret", 60)
    token = signer.sign(SCOPE)
    at = data.draw(st.integers(0, len(token) - 2))  # the last one holds unused bits
    other = data.draw(st.sampled_from("AZaz09-_.").filter(lambda c: c != token[at]))
    with pytest.raises(PermissionDenied):
        signer.check(token[:at] + other + token[at + 1 :])


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "é", "x" * 10_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(PermissionDenied):
        Signer("secret", 60).check(token)


def test_an_old_token_is_refused_and_says_why() -> None:
    signer = Signer("secret", -1)  # older than a lifetime that ended before it began
    with pytest.raises(PermissionDenied, match="expired"):
        signer.check(signer.sign(SCOPE))


def test_a_token_lives_by_the_clock_that_it_is_given_and_is_never_too_young() -> None:
    moment = [1000.0]
    signer = Signer("secret", 60, lambda: moment[0])
    token = signer.sign(SCOPE)
    for moment[0] in (400.0, 1000.0, 1060.0):
        assert signer.check(token) == SCOPE
    moment[0] = 1061.0
    with pytest.raises(PermissionDenied, match="expired"):
        signer.check(token)
