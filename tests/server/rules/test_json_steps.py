"""JSON in small steps: the same as Python's, and bounded."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.rules import json_steps
from housing_sweep.server.rules.json_text import loads

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(), part, max_size=4),
)


@pytest.fixture
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_steps, "STEP", 40)
    monkeypatch.setattr(json_steps, "_SHORT", 20)


@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_what_python_writes_is_read(content: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(content, ensure_ascii=ascii_only, indent=indent)
    assert json_steps.read(text) == content
    assert json_steps.decode(text.encode()) == text
    assert json.loads(json_steps.write(content)) == content


@pytest.mark.usefixtures("short_steps")
@pytest.mark.parametrize(
    "piece",
    ["a", "\\n", "a\\n", "\\ud83d\\ude00", "\\u00e9", '\\"', "é", "\\ud83d", "\\ude00x", "😀"],
)
def test_a_long_string_is_cut_where_nothing_breaks(piece: str) -> None:
    for before in range(12):
        text = json.dumps(["x" * before]).removesuffix('"]') + piece * 100 + '", 1]'
        assert json_steps.read(text) == loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nope",
        "[1,]",
        '{"a" 1}',
        "1 2",
        '"' + "a" * 2000,
        '"\\x"',
        "[" * 100_000,
        "01",
        '"\n"',
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises((ValueError, BadInput)):
        json_steps.read(text)


def test_how_much_and_how_deep_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_steps, "MOST_VALUES", 1000)
    assert len(json_steps.read(json.dumps([0] * 999))) == 999
    wide: list[list[Any]] = [[0] * 1000, [[]] * 1000, [{"a": 1}] * 500]
    for large in wide:
        with pytest.raises(BadInput, match="more than 1000 values"):
            json_steps.read(json.dumps(large))
    assert json_steps.read("[" * json_steps.DEEPEST + "]" * json_steps.DEEPEST)
    with pytest.raises(BadInput, match="nested deeper"):
        json_steps.read("[" * (json_steps.DEEPEST + 1) + "]" * (json_steps.DEEPEST + 1))


@pytest.mark.slow
def test_a_large_text_takes_the_bounded_way() -> None:
    few = "[" + "[]," * 1_000_000 + "[]]"
    with pytest.raises(BadInput, match="values"):
        loads(few)


def test_much_is_written_as_little_is() -> None:
    content = {"a": [{"b": [1.5, None, "é"] * 10_000}, "x"], "c": {}}
    assert json_steps.write(content, ensure_ascii=False, separators=(",", ":")) == json.dumps(
        content, ensure_ascii=False, separators=(",", ":")
    )
