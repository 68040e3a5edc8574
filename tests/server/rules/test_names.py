"""W&B's rules for names and keys."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.rules import names


@pytest.mark.parametrize("name", ["a", "Bob_2", "user-gw0-1", "0", "x" * 128])
def test_letters_digits_dashes_and_underscores_make_a_name(name: str) -> None:
    assert names.check_entity_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "-a", "_a", "a b", "a/b", "a.b", "ä", "a\n", "x" * 129, "GraphQL", "files"]
)
def test_anything_else_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadInput, match=re.escape(repr(name))):
        names.check_entity_name(name)


@pytest.mark.parametrize("name", ["acme", "Acme Inc.", "A & B", "Søren's (test)", "x" * 128])
def test_an_organization_has_a_display_name_and_an_entity_made_from_it(name: str) -> None:
    assert names.check_organization_name(name) == name
    entity = names.organization_entity_name(name)
    assert names.check_entity_name(entity) == entity


@pytest.mark.parametrize("name", ["", " a", "a ", "a/b", "a:b", "...", "login", "x" * 129, "日本"])
def test_an_organization_whose_name_makes_no_path_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        names.check_organization_name(name)


@given(st.text(min_size=1, max_size=128))
def test_a_project_name_is_what_a_url_can_hold(name: str) -> None:
    holds_none = not re.search(r"[/\\#?%:\x00-\x1f\x7f]", name)
    if holds_none and name.strip() and name != names.REGISTRY_PREFIX:
        assert names.check_project_name(name) == name
    else:
        with pytest.raises(BadInput):
            names.check_project_name(name)


@pytest.mark.parametrize(
    "key",
    [
        "k" * 40,
        "local-" + "k" * 40,
        "user_gw0-" + "0a" * 20,
        "a-b-" + "k" * 40,
        "aaa.bbb." + "c" * 40,
    ],
)
def test_a_key_that_the_sdk_sends_is_taken_as_it_is(key: str) -> None:
    assert names.check_api_key(key) == key


@pytest.mark.parametrize(
    "key",
    ["", "k" * 39, "local-" + "k" * 39, "k" * 40 + "!", "é" * 40, "a:b-" + "k" * 40, "k k" * 20],
)
def test_a_key_that_the_sdk_refuses_is_refused(key: str) -> None:
    with pytest.raises(BadInput):
        names.check_api_key(key)


def test_a_refused_key_is_not_repeated_in_the_message() -> None:
    with pytest.raises(BadInput) as refusal:
        names.check_api_key("secret" * 6)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(("email", "name"), [("a@b", "a"), ("Jo.Do+x@y.z", "Jo-Do-x")])
def test_an_email_address_suggests_a_name(email: str, name: str) -> None:
    assert names.user_name_of(email) == name


@pytest.mark.parametrize("email", ["a", "@b", "a@", ""])
def test_what_is_no_email_address_is_refused(email: str) -> None:
    with pytest.raises(BadInput):
        names.user_name_of(email)
