"""Regular expressions of strangers: what Python finds, in time that grows with the text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.rules import patterns

ATOMS = [
    *("a", "b", "é", "_", " ", "\\n", ".", "[ab]", "[^a]", r"\w", r"\d", r"\b", r"\B", "^", "$"),
    *(
        r"\A",
        r"\Z",
        r"\s",
        "(?i:A)",
        "(?m:^)",
        "(?m:$)",
        "(?s:.)",
        "[A-Zé]",
        r"(?a:\b)",
        r"(?a:\w)",
    ),
]
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "*?", "{0}", "{2,}"]
written = st.recursive(
    st.sampled_from(ATOMS),
    lambda part: st.one_of(
        st.tuples(part, part).map("".join),
        st.tuples(part, part).map(lambda both: f"(?:{both[0]}|{both[1]})"),
        st.tuples(part, st.sampled_from(REPEATS)).map(lambda both: f"({both[0]}){both[1]}"),
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(["", "(?i)", "(?m)", "(?s)", "(?a)"]),
    written,
    st.text("abAé_ \n1", max_size=6),
)
def test_a_pattern_finds_what_pythons_matcher_finds(flags: str, pattern: str, text: str) -> None:
    assert patterns.found_in(flags + pattern, text) == bool(re.search(flags + pattern, text))


CATASTROPHES = {
    "(a+)+$": "a" * 20_000 + "b",
    "(?:a|aa)+$": "a" * 20_000 + "b",
    "([a-z]+[0-9]*)+!": "a" * 20_000,
    ".*.*.*.*x": "a" * 20_000,
    "a?" * 60 + "a" * 60: "a" * 59,
    "(?:a|a)" * 40 + "b": "a" * 60,
    "(?:|)" * 50 + "b": "",
    "(x+x+)+y": "x" * 20_000,
    r"(\w+\s?)+$": "word " * 5000 + "!",
}


@pytest.mark.parametrize("pattern", CATASTROPHES, ids=lambda pattern: pattern[:12])
def test_a_catastrophe_of_backtracking_is_none_here(pattern: str) -> None:
    """Python's matcher takes from minutes to longer than the universe for each of them."""
    assert not patterns.found_in(pattern, CATASTROPHES[pattern])


def test_what_only_pythons_matcher_can_do_is_taken_where_its_steps_are_few() -> None:
    for pattern in ("^(?!.*foo).*$", "^((?!foo).)*$", r"(a)\1", "(?<=a)b", "(?!foo)bar"):
        for text in ("foo", "bar", "aab", "a" * 100_000 + "foo"):
            text = text[: patterns.LONGEST_BACKTRACKED]
            assert patterns.found_in(pattern, text) == bool(re.search(pattern, text))


@pytest.mark.parametrize(
    "pattern",
    [
        *("(?=a)(a+)+$", "(?=.*a.*).*.*", r"(a*)(a*)\1", "(?>a|b)+(?:a|b)*", "(?m)^(?!.*a).*"),
        *("(?=a)" + "(ab|cd)" * 4, r"(a|aa)+\1", "x" * 301, "(a{90}){90}", "(?=(a{90}){90})"),
        *("(", "[b-a]", "*", "(?P<n>a", r"\8", "a" + "{99999999999}"),
    ],
)
def test_what_costs_too_much_or_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(BadInput, match=r"\$regex"):
        patterns.check_pattern(pattern)


def test_a_pattern_with_too_many_states_for_a_text_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST_STEPS", 10_000)
    with pytest.raises(BadInput, match="too long"):
        patterns.found_in("(a|b)*a(a|b){200}c", "abaabbab" * 200)


def test_what_an_automaton_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST_KEPT", 10)
    text = "".join(chr(code) for code in range(200, 400))
    assert patterns.found_in("[^x]*Ə$", text[:200]) == bool(re.search("[^x]*Ə$", text[:200]))
    assert patterns.found_in("(a|b|c)+d", "abcabcd")
