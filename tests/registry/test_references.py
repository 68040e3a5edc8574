"""Sweeps and aliases as users spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.registry.references import SweepRef, Target, artifact_name

NAME = st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True).filter(lambda s: s != "sweeps")


@given(NAME, NAME, NAME)
def test_every_spelling_names_the_same_sweep(entity: str, project: str, sweep: str) -> None:
    full = SweepRef.parse(f"{entity}/{project}/{sweep}")
    assert (full.entity, full.project, full.id) == (entity, project, sweep)
    assert SweepRef.parse(str(full)) == full
    assert SweepRef.parse(f"{entity}/{project}/sweeps/{sweep}") == full
    assert SweepRef.parse(f"http://h:1/{entity}/{project}/sweeps/{sweep}?nw=x#y") == full
    assert SweepRef.parse(f"{project}/{sweep}") == SweepRef("", project, full.id)
    assert SweepRef.parse(sweep) == SweepRef("", "", full.id)


@pytest.mark.parametrize("text", ["", "/", "a/b/c/d", "a b", "a/b:c", "https://h"])
def test_what_is_no_sweep_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="fix: give ENTITY/PROJECT/ID"):
        SweepRef.parse(text)


@pytest.mark.parametrize("reference", ["flats", "flats:v3", "p/flats:latest", "e/p/flats:v0"])
def test_an_artifact_has_a_bare_name(reference: str) -> None:
    assert artifact_name(reference) == "flats"


@pytest.mark.parametrize("alias", ["", "latest", "v0", "a/b", "a:b", "a b", "x" * 129])
def test_an_alias_that_cannot_be_moved_is_refused(alias: str) -> None:
    with pytest.raises(BadInput, match="staging"):
        Target(alias)
