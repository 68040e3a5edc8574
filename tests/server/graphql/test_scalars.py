"""Scalars beyond GraphQL's own: how a time is spelled, and what a whole number or a text is."""

from typing import Any

import pytest
from graphql import GraphQLError, build_schema, graphql_sync

from housing_sweep.server.graphql import scalars

SCHEMA = build_schema(
    "scalar JSONString scalar JSON scalar Duration scalar DateTime scalar Int64"
    " type Query { number(x: Int64): Int64 text(x: JSONString): JSONString json: JSON"
    " moment: DateTime }"
)
scalars.install(SCHEMA)


def answer(query: str, root: object = None, **variables: object) -> Any:
    """Return the one value that a query asks for, or raise its error."""
    result = graphql_sync(SCHEMA, query, root, variable_values=variables)
    if result.errors:
        raise result.errors[0]
    assert result.data is not None
    return next(iter(result.data.values()))


def echo(_info: object, x: object = None) -> object:
    """Return what came in."""
    return x


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "1970-01-01T00:00:00.000Z"), (1_790_000_000.1239, "2026-09-21T14:13:20.123Z")],
)
def test_a_time_is_utc_in_milliseconds(seconds: float, expected: str) -> None:
    assert scalars.iso(seconds) == expected
    assert answer("{ moment }", {"moment": seconds}) == expected


def test_a_time_that_is_text_already_stays_as_it_is() -> None:
    assert answer("{ moment }", {"moment": "2026-01-01"}) == "2026-01-01"


@pytest.mark.parametrize("value", [2**40, str(2**40)])
def test_a_whole_number_may_be_larger_than_graphqls(value: object) -> None:
    assert answer("query($x: Int64) { number(x: $x) }", {"number": echo}, x=value) == 2**40


@pytest.mark.parametrize(
    "value", [True, "many", [1], float("nan"), float("inf"), 2**63, -(2**63) - 1, "9" * 5000]
)
def test_anything_else_is_no_whole_number(value: object) -> None:
    with pytest.raises(GraphQLError):
        answer("query($x: Int64) { number(x: $x) }", {"number": echo}, x=value)


def test_json_text_stays_the_text_it_is() -> None:
    text = '{"a": NaN, "b":  1}'
    assert answer("query($x: JSONString) { text(x: $x) }", {"text": echo}, x=text) == text
    with pytest.raises(GraphQLError, match="expected JSON text"):
        answer("query($x: JSONString) { text(x: $x) }", {"text": echo}, x={"a": 1})


def test_json_is_whatever_it_is() -> None:
    assert answer("{ json }", {"json": {"a": [1, None]}}) == {"a": [1, None]}
