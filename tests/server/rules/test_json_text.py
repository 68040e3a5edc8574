"""JSON as wandb-core writes it: what is read, what is refused, and how it is spelled again."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.rules import json_steps, json_text
from housing_sweep.server.rules.json_steps import DEEPEST
from housing_sweep.server.rules.json_text import (
    loads,
    loads_object,
    read_before,
    spelled,
    storable,
)


def test_bare_nan_and_infinity_are_floats() -> None:
    values = loads("[NaN, Infinity, -Infinity]")
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


@pytest.mark.parametrize("text", ["", "{", "nope", "{'a': 1}", "1 2", "\x00", "[" * 100_000])
def test_what_is_no_json_is_refused_and_shown_only_in_part(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        loads(text)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("pair", ["[]", ("{", "}")])
def test_what_is_nested_too_deeply_is_refused(pair: str | tuple[str, str]) -> None:
    before, after = ("[", "]") if pair == "[]" else ('{"a":', "}")
    for depth, readable in ((DEEPEST, True), (DEEPEST + 1, False), (900, False), (50_000, False)):
        text = before * depth + "1" + after * depth
        if readable:
            assert loads(text)
        else:
            with pytest.raises(BadInput, match="nested deeper"):
                loads(text)


@pytest.mark.parametrize("inside", ["", "1"])
def test_depth_is_the_same_beside_other_brackets_and_around_nothing(inside: str) -> None:
    def nested(depth: int) -> str:
        return "[" * (depth - 1) + f"[], [{inside}]" + "]" * (depth - 1)

    assert loads(nested(DEEPEST))
    with pytest.raises(BadInput, match="nested deeper"):
        loads(nested(DEEPEST + 1))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(loads("[" + "[]," * 5000 + "[]]")) == 5001


def test_a_lone_surrogate_becomes_a_question_mark_wherever_it_is() -> None:
    assert loads(r'{"a\ud800": ["\uDfff", "\ud83d\ude00"]}') == {"a?": ["?", "😀"]}
    assert storable("a\ud800b") == "a?b"


@given(st.text())
def test_storable_text_is_utf8_and_good_text_stays_as_it_is(text: str) -> None:
    storable(text).encode()
    if storable(text) != text:
        with pytest.raises(UnicodeEncodeError):
            text.encode()


@pytest.mark.parametrize("text", ["[1]", "3", "null", '"{}"'])
def test_an_object_is_an_object(text: str) -> None:
    with pytest.raises(BadInput, match="expected a JSON object"):
        loads_object(text)
    assert loads_object('{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        ({"a": [math.nan, 1.5, {"b": -math.inf}]}, {"a": ["NaN", 1.5, {"b": "-Infinity"}]}),
        ([1, "x", None, True], [1, "x", None, True]),
    ],
)
def test_numbers_that_strict_json_does_not_have_become_words(value: Any, expected: Any) -> None:
    assert spelled(value) == expected
    json.dumps(spelled(value), allow_nan=False)


def test_what_was_read_before_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "READ_AT_ONCE", 10)
    text, other = json.dumps(["long enough", 1]), json.dumps(["as long as this", 2])
    with read_before([text, "{ that is no JSON"]):
        monkeypatch.setattr(json_steps, "read", lambda _text: "read again")
        assert loads(text) == ["long enough", 1]
        assert loads(other) == "read again"
    assert loads(text) == "read again"
