"""The answer's bytes."""

import json
import math

from graphql import ExecutionResult, GraphQLError

from housing_sweep.server.graphql.encode import encode


def test_an_answer_without_errors_says_nothing_of_them() -> None:
    assert encode(ExecutionResult({"a": [1]})) == b'{"data":{"a":[1]}}'


def test_nan_and_infinity_stay_bare_as_wandb_core_reads_them() -> None:
    assert (
        encode(ExecutionResult({"a": [math.nan, -math.inf]})) == b'{"data":{"a":[NaN,-Infinity]}}'
    )


def test_text_is_utf8_and_not_escaped() -> None:
    assert "Zürich 😀".encode() in encode(ExecutionResult({"a": "Zürich 😀"}))


def test_an_error_tells_its_message_and_where_and_no_more() -> None:
    errors = [GraphQLError("bad", path=["run", 0]), GraphQLError("worse")]
    assert json.loads(encode(ExecutionResult(None, errors))) == {
        "data": None,
        "errors": [{"message": "bad", "path": ["run", 0]}, {"message": "worse", "path": []}],
    }
