"""Templates and the words they use."""

import math
from urllib.parse import unquote

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.server.web import rendering
from housing_sweep.server.web.rendering import LONGEST_VALUE, moment, render, segment, words


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_one_segment_of_an_address(text: str) -> None:
    assert not set("/?#&\"'<> ") & set(segment(text))
    assert unquote(segment(text)) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        (True, "true"),
        (None, "null"),
        (7, "7"),
        ([1, "a"], '[1, "a"]'),
        ({"a": 1}, '{"a": 1}'),
        (0.5, "0.5"),
    ],
)
def test_a_value_is_spelled_as_it_was_given(value: object, expected: str) -> None:
    assert words(value) == expected


def test_a_long_value_is_cut_and_says_so() -> None:
    assert words("x" * LONGEST_VALUE) == "x" * LONGEST_VALUE
    assert words("x" * 9999) == "x" * LONGEST_VALUE + "…"
    assert len(words(list(range(9999)))) == LONGEST_VALUE + 1


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300, 5e-324])
def test_any_number_has_short_words(value: float) -> None:
    assert 0 < len(words(value)) < 20


def test_a_time_has_no_fraction_and_none_is_empty() -> None:
    assert moment("2026-09-21T14:13:20.123Z") == "2026-09-21 14:13:20"
    assert moment(None) == moment("") == ""


def test_what_is_shown_is_escaped_and_nothing_else_may_run() -> None:
    hostile = "<script>alert(1)</script>"
    answer = render("login.html", hostile, onward=f'"{hostile}', refused=False, status=401)
    body = bytes(answer.body).decode()
    assert answer.status_code == 401
    assert hostile not in body
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"


def test_a_template_that_is_told_too_little_fails() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("login.html", None)


def test_every_template_can_be_read() -> None:
    environment = rendering._templates
    names = environment.list_templates(filter_func=lambda name: name.endswith(".html"))
    assert "login.html" in names
    for name in names:
        environment.get_template(name)
