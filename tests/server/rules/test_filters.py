"""Mongo-style filters on records in memory."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.server.rules.filters import matches

RECORD = {"name": "b", "size": 3, "created_at": 86400.0, "note": None, "tags": ["x", "y"]}


@pytest.mark.parametrize(
    ("filters", "wanted"),
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
        ({"tags": "x"}, True),
        ({"tags": ["x", "y"]}, True),
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
def test_a_filter_means_what_mongo_means_by_it(filters: Any, wanted: bool) -> None:
    assert matches(filters, RECORD) is wanted


@pytest.mark.parametrize(
    "filters",
    [
        [1],
        {"nope": 1},
        {"$nope": []},
        {"name": {"$nope": 1}},
        {"name": {"$in": "b"}},
        {"$or": {}},
        {"name": {"$regex": "("}},
        {"created_at": {"$gt": "yesterday"}},
        # The second part is wrong, and must be said so although the first decides.
        {"name": "a", "nope": 1},
        {"$or": [{"name": "b"}, {"nope": 1}]},
    ],
)
def test_a_wrong_filter_is_refused_and_never_guessed(filters: Any) -> None:
    with pytest.raises(BadInput):
        matches(filters, RECORD)


def test_a_filter_nested_without_end_is_refused() -> None:
    filters: Any = {"name": "b"}
    for _ in range(100):
        filters = {"$not": filters}
    with pytest.raises(BadInput):
        matches(filters, RECORD)


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
    neither = matches({"$nor": [one, other]}, RECORD)
    both_not = matches({"$and": [{"$not": one}, {"$not": other}]}, RECORD)
    assert neither is both_not
