"""Scalars beyond GraphQL's own. JSONString stays the text it is: it may hold bare NaN."""

import datetime
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema


def iso(seconds: float) -> str:
    """Return a time as W&B spells it: UTC, milliseconds, `Z`."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _date_time(value: Any) -> str:
    return iso(value) if isinstance(value, int | float) else str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"expected JSON text in a string, got {value!r:.80}")
    return value


def _int64(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise GraphQLError(f"expected a whole number, got {value!r:.80}")
    try:
        number = int(value)
    except (ValueError, OverflowError):
        raise GraphQLError(f"expected a whole number, got {value!r:.80}") from None
    if not -BEYOND <= number < BEYOND:
        raise GraphQLError("expected a whole number of 64 bits")
    return number


BEYOND = 2**63
"""Whole numbers of 64 bits, which SQLite's are, end here."""


def _same(value: Any) -> Any:
    return value


_MEANING: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "JSONString": (_same, _text),
    "JSON": (_same, _same),
    "Duration": (_same, _same),
    "DateTime": (_date_time, _same),
    "Int64": (_int64, _int64),
}
"""Scalar -> (what goes out, what comes in)."""


def install(schema: GraphQLSchema) -> None:
    """Give the schema's scalars their meaning."""
    for name, (out, into) in _MEANING.items():
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        scalar.coerce_output_value = out
        scalar.coerce_input_value = into
