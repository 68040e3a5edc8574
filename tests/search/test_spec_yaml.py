"""YAML of strangers: plain values of bounded size, or one clear refusal."""

import pytest

from housing_sweep.errors import SpecError
from housing_sweep.search import spec_yaml
from housing_sweep.search.spec import parse_yaml
from housing_sweep.search.spec_yaml import read_yaml

BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 6)
)
"""118,098 values: too many, and few enough that a reader without a bound ends."""


def test_an_alias_is_what_it_stands_for() -> None:
    content = read_yaml("a: &a {b: 1}\nc: *a\nd: {<<: *a, e: 2}")
    assert content == {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "aliases spelled out"),
        ("a: &a [*a]", "aliases spelled out"),
        ("a: &a {<<: *a}", "aliases spelled out"),
        (BOMB.replace("a5:", "<<:"), "aliases spelled out"),
        pytest.param(
            *("a: [" + "1," * 60_000 + "]", "more than 50000 values"), marks=pytest.mark.slow
        ),
        ("a: " + "[" * 60 + "]" * 60, "nested deeper"),
        ("a: " + "[" * 5000, "nested"),
        ("a: " + "x" * spec_yaml.LONGEST_TEXT, "characters"),
        ("[1]", "not a mapping"),
        ("", "not a mapping"),
        ("{", "not YAML"),
        ("*nobody", "not YAML"),
        ("a: 2020-99-99", "not YAML"),
        ("a: 2020-01-01", "a: .* needs quotes"),
        ("a: [!!set {b}]", "a: "),
        ('a: !!int ""', "not YAML"),
        ("a: !!bool perhaps", "not YAML"),
        ("a: !!timestamp never", "not YAML"),
        ("a: !!binary =", "needs quotes|not YAML"),
        ("a: " + "9" * 5000, "not YAML"),
        ("a: " + "9" * 30, "beyond 64 bits"),
        ("? [a, b]\n: 1", "not YAML|neither"),
        ('a: {b: "\\uD800"}', "a.b: .* half a character"),
        ("a: !!python/object/apply:os.getcwd []", "not YAML"),
        ("\x00", "not YAML"),
    ],
)
def test_what_is_too_large_or_no_plain_value_is_refused(text: str, why: str) -> None:
    with pytest.raises(SpecError, match=why) as refusal:
        read_yaml(text)
    assert len(refusal.value.what) < 2000


@pytest.mark.parametrize("line", ["name: [a]", "project: {a: 1}", "program: []", "entity: [1]"])
def test_a_name_that_is_none_is_named(line: str) -> None:
    with pytest.raises(SpecError, match=f"{line.partition(':')[0]}: expected text"):
        parse_yaml(f"{{method: random, parameters: {{x: {{value: 1}}}}, run_cap: 1, {line}}}")


def test_a_distribution_that_is_no_word_is_named() -> None:
    with pytest.raises(SpecError, match=r"x\.distribution: "):
        parse_yaml("{method: random, parameters: {x: {distribution: [a], min: 0, max: 1}}}")
