"""A Mongo-style filter on one record in memory, for lists that are short by nature. Pure.

Runs are filtered in SQL (`store/run_filters.py`); registries and members are few.
Source of the operators: wandb/_filters/operators.py.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from housing_sweep.errors import BadInput

Record = Mapping[str, object]

_ORDERED: dict[str, Callable[[int], bool]] = {
    "$lt": lambda sign: sign < 0,
    "$lte": lambda sign: sign <= 0,
    "$gt": lambda sign: sign > 0,
    "$gte": lambda sign: sign >= 0,
}


def matches(filters: object, record: Record, depth: int = 0) -> bool:
    """Return whether a record fulfils a filter document.

    Times are seconds since the epoch in the record and ISO 8601 text in the filter.

    Raises:
        BadInput: an unknown field or operator, or an operand of the wrong kind; it is named.
    """
    if not filters:
        return True
    if not isinstance(filters, Mapping) or depth > 32:
        raise BadInput(f"filters must be an object, got {filters!r}")
    return all([_clause(str(name), item, record, depth) for name, item in filters.items()])


def _clause(name: str, item: object, record: Record, depth: int) -> bool:
    if name in ("$and", "$or", "$nor"):
        if not isinstance(item, list):
            raise BadInput(f"{name} takes a list, got {item!r}")
        found = [matches(part, record, depth + 1) for part in item]
        return {"$and": all(found), "$or": any(found), "$nor": not any(found)}[name]
    if name == "$not":
        return not matches(item, record, depth + 1)
    head, _, path = name.partition(".")
    if path and head in record:
        return _test(_below(record[head], path), item, depth)
    if name not in record:
        raise BadInput(f"cannot filter by {name!r}", fix=f"use one of {', '.join(sorted(record))}")
    return _test(record[name], item, depth)


def _below(held: object, path: str) -> object:
    """Return what a dotted path means inside nested objects, or None."""
    for name in path.split("."):
        if not isinstance(held, Mapping):
            return None
        held = held.get(name)
    return held


def _test(held: object, wanted: object, depth: int) -> bool:
    if isinstance(wanted, Mapping) and any(str(key).startswith("$") for key in wanted):
        return all([_operator(str(op), held, value, depth) for op, value in wanted.items()])
    return _equal(held, wanted)


def _operator(operator: str, held: object, value: object, depth: int) -> bool:
    if operator in _ORDERED:
        sign = _compare(held, value)
        return sign is not None and _ORDERED[operator](sign)
    match operator:
        case "$eq":
            return _equal(held, value)
        case "$ne":
            return not _equal(held, value)
        case "$in" | "$nin":
            if not isinstance(value, list):
                raise BadInput(f"{operator} takes a list, got {value!r}")
            return any(_equal(held, item) for item in value) is (operator == "$in")
        case "$exists":
            return (held is not None) is bool(value)
        case "$regex":
            return held is not None and _pattern(value).search(str(held)) is not None
        case "$contains":
            return str(value) in (held if isinstance(held, str | list) else str(held))
        case "$not" if depth < 32:
            return not _test(held, value, depth + 1)
    raise BadInput(f"unknown filter operator {operator!r}")


def _equal(held: object, wanted: object) -> bool:
    if isinstance(held, list) and not isinstance(wanted, list):
        return wanted in held
    if isinstance(held, float) and isinstance(wanted, str):
        return held == _seconds(wanted)
    return held == wanted


def _compare(held: object, wanted: object) -> int | None:
    """Return the sign of `held - wanted`, or None where the two have no order.

    A list stands for the names of one thing: the first that can be compared counts.
    """
    if isinstance(held, list):
        signs = (_compare(one, wanted) for one in held)
        return next((sign for sign in signs if sign is not None), None)
    if isinstance(held, float) and isinstance(wanted, str):
        wanted = _seconds(wanted)
    if isinstance(held, int | float) and isinstance(wanted, int | float):
        return (held > wanted) - (held < wanted)
    if isinstance(held, str) and isinstance(wanted, str):
        return (held > wanted) - (held < wanted)
    return None


def _seconds(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is not a time", fix="write it like 2026-11-23T10:00:00Z"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _pattern(value: object) -> re.Pattern[str]:
    try:
        return re.compile(str(value))
    except re.error as error:
        raise BadInput(f"$regex {value!r} is not a regular expression: {error}") from None
