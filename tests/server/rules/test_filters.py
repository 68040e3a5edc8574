"""Mongo-style filters on records in memory."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.rules import filters
from housing_sweep.server.rules.filters import EVERYTHING, Kind, fields_of, matches, parse

KINDS = {
    **dict.fromkeys(("name", "note", "tags"), Kind.TEXT),
    **dict.fromkeys(("size",), Kind.NUMBER),
    **dict.fromkeys(("created_at",), Kind.TIME),
    **dict.fromkeys(("version", "facts"), Kind.VALUE),
}
FIELDS = fields_of("things", KINDS)
RECORD = {
    "name": "b",
    "size": 3,
    "created_at": 86400.0,
    "note": None,
    "tags": ("xa", "y"),
    "version": (4, "v4"),
    "facts": {"loss": 0.5, "net": {"depth": 2}, "shape": [1, 2], "nan": math.nan, "a.b": "dots"},
}


def passes(document: object) -> bool:
    """Whether the record passes a filter document."""
    return matches(parse(json.dumps(document), FIELDS), RECORD)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, True),
        (None, True),
        ({"name": "b"}, True),
        ({"name": "a"}, False),
        ({"name": "b", "size": 4}, False),
        ({"name": {"$eq": "b"}, "size": {"$ne": 4}}, True),
        ({"size": {"$gt": 3}}, False),
        ({"size": {"$gte": 3, "$lt": 4}}, True),
        ({"size": {"$lte": 2}}, False),
        ({"size": {"$gt": "a"}}, False),
        ({"name": {"$gt": "a"}}, True),
        ({"name": {"$in": ["a", "b"]}}, True),
        ({"name": {"$nin": ["a", "b"]}}, False),
        ({"name": {"$regex": "^b"}}, True),
        ({"note": {"$regex": "."}}, False),
        ({"name": {"$contains": "b"}}, True),
        ({"tags": {"$contains": "z"}}, False),
        ({"tags": {"$contains": "x"}}, True),
        ({"tags": "y"}, True),
        ({"tags": "x"}, False),
        ({"tags": {"$ne": "y"}}, False),
        ({"tags": {"$nin": ["x", "z"]}}, True),
        ({"version": 4}, True),
        ({"version": "v4"}, True),
        ({"version": {"$gt": 3}}, True),
        ({"version": {"$gt": "v5"}}, False),
        ({"facts.loss": {"$lt": 1}}, True),
        ({"facts.loss": {"$lt": "x"}}, False),
        ({"facts.loss": {"$gt": "x"}}, False),
        ({"facts.net.depth": 2}, True),
        ({"facts.net": {"$exists": True}}, True),
        ({"facts.net": None}, False),
        ({"facts.shape": [1, 2]}, True),
        ({"facts.shape": 1}, False),
        ({"facts.nan": {"$exists": True}}, True),
        ({"facts.nan": {"$lt": 1}}, False),
        ({"facts.a.b": "dots"}, True),
        ({"facts.nope": {"$ne": 1}}, True),
        ({"facts.nope": {"$in": [None, 1]}}, True),
        ({"facts.net.depth.deeper": 1}, False),
        ({"note": {"$ne": None}}, False),
        ({"note": {"$ne": "b"}}, True),
        ({"note": {"$in": ["b"]}}, False),
        ({"note": {"$in": ["b", None]}}, True),
        ({"name": 3}, False),
        ({"size": "3"}, True),
        ({"size": {"$in": [3, "4"]}}, True),
        ({"size": {"$ne": "b"}}, True),
        ({"note": None}, True),
        ({"note": {"$exists": False}}, True),
        ({"name": {"$exists": False}}, False),
        ({"created_at": {"$gte": "1970-01-02"}}, True),
        ({"created_at": {"$gt": "1970-01-02T00:00:00Z"}}, False),
        ({"created_at": "1970-01-02T00:00:00+00:00"}, True),
        ({"name": {"$not": {"$eq": "b"}}}, False),
        ({"$not": {"name": "a"}}, True),
        ({"$and": [{"name": "b"}, {"size": 4}]}, False),
        ({"$or": [{"name": "a"}, {"size": 3}]}, True),
        ({"$or": []}, False),
        ({"$and": []}, True),
        ({"$nor": [{"name": "b"}]}, False),
    ],
)
def test_a_filter_means_what_mongo_means_by_it(document: Any, expected: bool) -> None:
    assert passes(document) is expected


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([1], "must be an object"),
        ([], "must be an object"),
        ({"nope": 1}, "things cannot be filtered by 'nope'.*\n.*facts, name, note"),
        ({"name.first": 1}, "'name.first'"),
        ({"$nope": []}, r"'\$nope'"),
        ({"name": {"$nope": 1}}, r"name: unknown filter operator '\$nope'"),
        ({"name": {"$in": "b"}}, r"name: \$in and \$nin take a list, got 'b'"),
        ({"name": ["b"]}, "name: cannot compare with"),
        ({"facts.net": {"depth": 2}}, "facts.net: cannot compare with"),
        ({"$or": {}}, r"\$or takes a list"),
        ({"name": {"$regex": "("}}, r"name: \$regex '\(' is not a regular expression"),
        ({"name": {"$regex": 1}}, r"name: \$regex takes text"),
        ({"size": {"$contains": "1"}}, r"size: \$contains looks into text, and this is a number"),
        ({"created_at": {"$gt": "yesterday"}}, "created_at: 'yesterday' is not a time"),
        # The second part is wrong, and must be said so although the first decides.
        ({"name": "a", "nope": 1}, "nope"),
        ({"$or": [{"name": "b"}, {"nope": 1}]}, "nope"),
    ],
)
def test_a_wrong_filter_is_refused_and_never_guessed(document: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse(json.dumps(document), FIELDS)


@pytest.mark.parametrize("text", ["{", "nope", '{"name": "b"'])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="filters are not JSON"):
        parse(text, FIELDS)


@pytest.mark.parametrize("text", [None, "", "{}", "null", '{"$and": [{}, {}]}'])
def test_no_filter_is_everything(text: str | None) -> None:
    assert parse(text, FIELDS) == EVERYTHING


@pytest.mark.parametrize("around", ["$not", "$and"])
def test_a_filter_nested_without_end_is_refused(around: str) -> None:
    document: Any = {"name": "b"}
    for _ in range(filters.DEEPEST):
        document = {around: document if around == "$not" else [document]}
    assert passes(document)
    with pytest.raises(BadInput, match="deeper than 32"):
        passes({"$not": document})


def test_a_field_s_not_is_nested_as_little() -> None:
    test: Any = {"$eq": "b"}
    for _ in range(100):
        test = {"$not": test}
    with pytest.raises(BadInput, match="deeper than 32"):
        passes({"name": test})


def test_a_filter_of_too_many_tests_is_refused_and_a_long_list_is_not() -> None:
    names = [f"n{i}" for i in range(filters.MOST_TESTS + 1)]
    with pytest.raises(BadInput, match=r"2001 tests.*\n.*\$in"):
        passes({"$or": [{"name": name} for name in names]})
    assert not passes({"name": {"$in": names}})


@pytest.mark.parametrize("pattern", ["(?=(a+)+)b", "x" * 301, "(a{90}){90}", "(" * 120])
def test_a_pattern_that_may_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(BadInput, match=r"name: .*\$regex"):
        passes({"name": {"$regex": pattern}})


@pytest.mark.parametrize("pattern", ["^b$", "(b|c)?", ".*b.*", "(?i)B", "(b+)+$", "^(?!.*a).*$"])
def test_any_other_pattern_is_taken(pattern: str) -> None:
    assert passes({"name": {"$regex": pattern}})


filters_of = st.recursive(
    st.builds(
        lambda field, op, value: {field: {op: value}},
        st.sampled_from(["name", "size"]),
        st.sampled_from(["$eq", "$ne", "$lt", "$gte"]),
        st.one_of(st.integers(0, 5), st.sampled_from("abc")),
    ),
    lambda inner: st.builds(
        lambda op, parts: {op: parts},
        st.sampled_from(["$and", "$or", "$nor"]),
        st.lists(inner, max_size=3),
    ),
    max_leaves=6,
)


@given(filters_of, filters_of)
def test_de_morgan_holds(one: Any, other: Any) -> None:
    neither = passes({"$nor": [one, other]})
    both_not = passes({"$and": [{"$not": one}, {"$not": other}]})
    assert neither is both_not
