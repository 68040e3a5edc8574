"""Scalars beyond GraphQL's own. JSONString stays the text it is: it may hold bare NaN."""

import datetime
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema
from graphql.language import ValueNode, print_ast
from graphql.utilities import value_from_ast_untyped


def iso(seconds: float) -> str:
    """Return a time as W&B spells it: UTC, milliseconds, `Z`."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _date_time(value: Any) -> str:
    return iso(value) if isinstance(value, int | float) else str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"expected JSON text in a string, got {value!r}")
    return value


def _untyped(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    return value_from_ast_untyped(node, variables)


def _int64(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise GraphQLError(f"expected a whole number, got {value!r}")
    return int(value)


def _int64_literal(node: ValueNode, _variables: dict[str, Any] | None = None) -> int:
    return _int64(print_ast(node).strip('"'))


def install(schema: GraphQLSchema) -> None:
    """Give the schema's scalars their meaning."""
    same = {"serialize": lambda value: value, "parse_value": lambda value: value}
    _set(schema, "JSONString", serialize=lambda value: value, parse_value=_text)
    _set(schema, "JSON", parse_literal=_untyped, **same)
    _set(schema, "Duration", parse_literal=_untyped, **same)
    _set(schema, "DateTime", serialize=_date_time, parse_value=lambda value: value)
    _set(schema, "Int64", serialize=int, parse_value=_int64, parse_literal=_int64_literal)


def _set(schema: GraphQLSchema, name: str, **functions: Any) -> None:
    scalar = schema.type_map[name]
    assert isinstance(scalar, GraphQLScalarType)
    for role, function in functions.items():
        setattr(scalar, role, function)
