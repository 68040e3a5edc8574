"""The indexed values of config and summary: what is stored, cut short, replaced and found."""

import json
import math
from typing import Any

import pytest

from housing_sweep.server.store.runs import runs, values
from tests.support.run_rows import NOW, Rows


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"lr": 0.1}, {"lr": (0.1, None)}),
        ({"on": True}, {"on": (1, None)}),
        ({"name": "net"}, {"name": (None, "net")}),
        ({"nothing": None}, {"nothing": (None, None)}),
        ({"loss": math.nan}, {"loss": (None, "NaN")}),
        ({"a": {"b": {"c": 1}}, "d": 2}, {"a.b.c": (1, None), "d": (2, None)}),
        ({"layers": [8, 4]}, {"layers": (None, "[8, 4]")}),
        ({}, {}),
    ],
)
def test_every_value_has_its_dotted_key(
    content: dict[str, Any], expected: dict[str, values.Scalar]
) -> None:
    assert dict(values.flatten(content)) == expected


def test_an_empty_object_counts_as_a_value() -> None:
    assert [key for key, _ in values.flatten({"a": {}, "b": {"c": {}}})] == ["a", "b.c"]


def test_a_long_text_is_short_and_equal_only_to_itself() -> None:
    text = "x" * 9999
    shortened = values.shorten(text)
    assert len(shortened) == values.LONGEST_TEXT
    assert shortened == values.shorten(text)
    assert shortened != values.shorten(text[:-1] + "y")
    assert text.startswith(shortened[:400])
    assert values.shorten("y" * values.LONGEST_TEXT) == "y" * values.LONGEST_TEXT


def test_a_long_text_of_lone_surrogates_has_a_digest_too() -> None:
    assert len(values.shorten("\ud800" * 9999)) == values.LONGEST_TEXT


def test_replacing_writes_only_what_changed(rows: Rows) -> None:
    before = {f"k{i}": float(i) for i in range(50)}
    values.replace(rows.db, rows.run.id, rows.project.id, None, "summary", before)
    count = rows.db.total_changes
    after = {**before, "k7": 8.0, "fresh": "x"}
    del after["k9"]
    values.replace(rows.db, rows.run.id, rows.project.id, None, "summary", after)
    assert rows.db.total_changes - count == 3  # one deleted, one replaced, one added
    entries = rows.db.execute("SELECT key, number, text FROM run_values WHERE scope = 'summary'")
    assert {key: (number, text) for key, number, text in entries} == dict(values.flatten(after))


def test_only_so_many_values_of_a_run_are_indexed(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "MOST_KEYS", 10)
    config = json.dumps({f"k{n:02}": {"value": n} for n in range(20)})
    runs.update(rows.db, rows.run.id, now=NOW, config=config)
    stored = rows.db.execute("SELECT key FROM run_values WHERE scope = 'config'").fetchall()
    assert sorted(key for (key,) in stored) == [f"k{n:02}" for n in range(10)]


def test_replacing_one_scope_leaves_the_other(rows: Rows) -> None:
    run = rows.create("two", config='{"lr": {"value": 1}}', summary='{"lr": 2}')
    values.replace(rows.db, run.id, rows.project.id, None, "summary", {})
    entries = rows.db.execute("SELECT scope, key, number FROM run_values")
    assert [tuple(row) for row in entries] == [("config", "lr", 1.0)]


def test_of_several_spellings_the_first_that_a_run_has_is_meant(rows: Rows) -> None:
    rows.create("two", summary='{"best": {"loss": 1}}')

    def spelled(scope: str, *keys: str, project: int = rows.project.id) -> str:
        return values.key_in_use(rows.db, "project_id", project, scope, keys)

    assert spelled("summary", "best/loss", "best.loss") == "best.loss"
    rows.create("three", summary='{"best/loss": 1}')
    assert spelled("summary", "best/loss", "best.loss") == "best/loss"
    assert spelled("summary", "neither", "nor") == "nor"
    assert spelled("config", "best/loss", "none") == "none"
    assert spelled("summary", "best/loss", "none", project=rows.project.id + 1) == "none"


def test_values_go_with_their_run(rows: Rows) -> None:
    runs.update(rows.db, rows.run.id, now=NOW, summary='{"loss": 1}')
    runs.delete(rows.db, rows.run.id)
    assert rows.db.execute("SELECT count(*) FROM run_values").fetchone()[0] == 0
