"""Mongo-style filters: a document is read once, and means the same in memory and in SQL. Pure.

`parse` refuses what cannot be understood and turns the rest into four cases. `matches` reads them
against a record in memory, for lists that are short by nature; `store/runs/filter_sql.py` turns
them into SQL, for runs. What both hold to:

- A field has no value, one, or several (tags); a test holds if one of its values passes. `$ne`,
  `$nin` and `$not` are the opposite, so they hold for what has no value.
- Numbers compare with numbers, text with text; a number and a text are neither equal nor in order.
- A value that is null counts as missing. NaN is there, but is text: the three letters.

Source of the operators: wandb/_filters/operators.py.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from operator import ge, gt, le, lt
from typing import ClassVar

from housing_sweep.errors import BadInput
from housing_sweep.server.rules import json_steps
from housing_sweep.server.rules.json_text import loads
from housing_sweep.server.rules.patterns import check_pattern, found_in

DEEPEST = 32
"""Levels of `$and`, `$or`, `$nor` and `$not`."""

MOST_TESTS = 2000
"""Tests in one filter; a list of names belongs into one `$in`, which may be of any length."""

ORDERED: Mapping[str, Callable[..., bool]] = {
    "$lt": lt,
    "$lte": le,
    "$gt": gt,
    "$gte": ge,
}
OPERATORS = ("$eq", "$ne", *ORDERED, "$in", "$nin", "$exists", "$regex", "$contains", "$not")

Scalar = float | str
"""What is compared; truth values are 1 and 0, lists are their JSON."""

Operand = Scalar | bool | tuple[Scalar, ...]


class Kind(Enum):
    """What a field holds, and so what a test's operand becomes."""

    TEXT = "text"  # a number is compared as the text that spells it
    NUMBER = "number"  # a text that spells a number is one
    TIME = "time"  # seconds since the epoch; operands may be ISO 8601
    VALUE = "value"  # anything that JSON can say; operands stay as they are


@dataclass(frozen=True, slots=True)
class Field:
    """What a test looks at.

    Attributes:
        name: of the record's field, in the record's spelling.
        kind: what it holds.
        keys: dotted paths below it, any of which may hold the value; none is the field itself.
    """

    name: str
    kind: Kind
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    """Every part must hold; without parts it holds for everything."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One part must hold; without parts it holds for nothing."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class Test:
    """One of the field's values must pass.

    Attributes:
        field: where the values are.
        operator: `$eq`, `$lt`, `$lte`, `$gt`, `$gte`, `$in`, `$exists`, `$regex` or `$contains`.
        operand: of the field's kind; of `$in` a tuple, of `$exists` a truth value.
    """

    __test__: ClassVar[bool] = False  # not one of pytest's

    field: Field
    operator: str
    operand: Operand


Filter = All | Any | Not | Test
Fields = Callable[[str], Field]
"""The field that a name in a filter means; raises BadInput for one that nobody knows."""

Record = Mapping[str, object]
"""Field -> value; None is missing, a tuple is several values."""

EVERYTHING = All(())
NOTHING = Any(())


def fields_of(things: str, kinds: Mapping[str, Kind]) -> Fields:
    """Return the fields that things may be filtered by; below a VALUE, dotted paths are fine."""

    def field_of(name: str) -> Field:
        head, _, path = name.partition(".")
        if name in kinds:
            return Field(name, kinds[name])
        if path and kinds.get(head) is Kind.VALUE:
            return Field(head, Kind.VALUE, (path,))
        known = ", ".join(sorted(kinds))
        raise BadInput(f"{things} cannot be filtered by {name!r}", fix=f"use one of {known}")

    return field_of


def parse(document: str | None, fields: Fields) -> Filter:
    """Return what a filter document, as JSON text, stands for; none is everything.

    Raises:
        BadInput: it is not JSON, too deep or too long; or a field, an operator or an operand is
            not understood, or a pattern is too costly: it is named.
    """
    if not document:
        return EVERYTHING
    try:
        content = loads(document)
    except BadInput as error:
        raise BadInput(f"filters are {error.what}") from None
    filters = _document(content, fields, 0)
    if (number := sum(1 for _ in _tests_in(filters))) > MOST_TESTS:
        raise BadInput(
            f"a filter of {number} tests is too long, {MOST_TESTS} are allowed",
            fix="ask for many values of one field with one $in",
        )
    return filters


def all_of(parts: Iterable[Filter]) -> Filter:
    """Return what holds where every part does."""
    kept = tuple(part for part in parts if part != EVERYTHING)
    return kept[0] if len(kept) == 1 else All(kept)


def any_of(parts: Iterable[Filter]) -> Filter:
    """Return what holds where one of the parts does."""
    kept = tuple(part for part in parts if part != NOTHING)
    return kept[0] if len(kept) == 1 else Any(kept)


def matches(filters: Filter, record: Record) -> bool:
    """Return whether a record fulfils a filter."""
    match filters:
        case All(parts):
            return all(matches(part, record) for part in parts)
        case Any(parts):
            return any(matches(part, record) for part in parts)
        case Not(part):
            return not matches(part, record)
        case Test(field, "$exists", operand):
            return any(True for _ in _values(field, record)) is operand
        case Test(field, name, operand):
            return any(_passes(value, name, operand) for value in _scalars(field, record))


def scalar(value: object) -> Scalar | None:
    """Return what a value is compared as; None for null.

    A list with very many values (`json_steps.MANY_VALUES`) is compared by its length alone.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return _number(value)
    if json_steps.is_large(value):
        return f"{len(value)} items" if isinstance(value, list | dict) else "many items"
    return json.dumps(value, sort_keys=True)


def _number(value: bool | int | float) -> Scalar:
    try:
        number = float(value)
    except OverflowError:  # an integer beyond every float
        return math.inf if value > 0 else -math.inf
    return "NaN" if math.isnan(number) else number


def _document(content: object, fields: Fields, depth: int) -> Filter:
    if content is None or content == {}:
        return EVERYTHING
    if not isinstance(content, dict):
        raise BadInput(f"filters must be an object, got {content!r:.80}")
    if depth > DEEPEST:
        raise BadInput(f"filters are nested deeper than {DEEPEST}")
    return all_of([_clause(name, item, fields, depth) for name, item in content.items()])


def _clause(name: str, item: object, fields: Fields, depth: int) -> Filter:
    if name in ("$and", "$or", "$nor"):
        if not isinstance(item, list):
            raise BadInput(f"{name} takes a list, got {item!r:.80}")
        parts = [_document(part, fields, depth + 1) for part in item]
        if name == "$and":
            return all_of(parts)
        return any_of(parts) if name == "$or" else Not(any_of(parts))
    if name == "$not":
        return Not(_document(item, fields, depth + 1))
    if name.startswith("$"):
        raise BadInput(
            f"unknown filter operator {name!r}", fix="use one of $and, $or, $nor, $not, or a field"
        )
    return _tests(name, fields(name), item, depth)


def _tests(name: str, field: Field, item: object, depth: int) -> Filter:
    """Return the tests of one field: of `{"$gt": 1, "$lt": 2}`, or of a plain value."""
    if depth > DEEPEST:
        raise BadInput(f"filters are nested deeper than {DEEPEST}")
    if isinstance(item, dict) and any(key.startswith("$") for key in item):
        return all_of([_test(name, field, key, value, depth) for key, value in item.items()])
    return _test(name, field, "$eq", item, depth)


def _test(name: str, field: Field, operator: str, value: object, depth: int) -> Filter:
    match operator:
        case "$ne":
            return Not(_test(name, field, "$eq", value, depth))
        case "$nin":
            return Not(_test(name, field, "$in", value, depth))
        case "$not":
            return Not(_tests(name, field, value, depth + 1))
        case "$exists":
            return Test(field, "$exists", bool(value))
        case "$in":
            return _in(name, field, value)
        case "$regex" | "$contains":
            return Test(field, operator, _text(name, field, operator, value))
    if operator not in ("$eq", *ORDERED):
        raise BadInput(
            f"{name}: unknown filter operator {operator!r}",
            fix=f"use one of {', '.join(OPERATORS)}",
        )
    if value is None:
        return Test(field, "$exists", False)
    return Test(field, operator, _operand(name, field.kind, value))


def _in(name: str, field: Field, value: object) -> Filter:
    if not isinstance(value, list):
        raise BadInput(f"{name}: $in and $nin take a list, got {value!r:.80}")
    items = [_operand(name, field.kind, item) for item in value if item is not None]
    among = Test(field, "$in", tuple(items))
    return any_of([Test(field, "$exists", False), among]) if None in value else among


def _operand(name: str, kind: Kind, value: object) -> Scalar:
    """Return what values of this kind are compared with."""
    if isinstance(value, dict) or (isinstance(value, list) and kind is not Kind.VALUE):
        raise BadInput(f"{name}: cannot compare with {value!r:.80}")
    compared = scalar(value)
    if compared is None:
        raise BadInput(f"{name}: cannot compare with null")
    if kind is Kind.TIME and isinstance(value, str):
        return _seconds(name, value)
    if kind is Kind.TEXT and isinstance(value, bool | int | float):
        return str(int(value) if isinstance(value, bool) else value)
    if kind is Kind.NUMBER and isinstance(value, str):
        return _spelled_number(value)
    return compared


def _spelled_number(text: str) -> Scalar:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _seconds(name: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise BadInput(
            f"{name}: {text!r:.80} is not a time", fix="write it like 2026-11-23T10:00:00Z"
        ) from None


def _text(name: str, field: Field, operator: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{name}: {operator} takes text, got {value!r:.80}")
    if field.kind in (Kind.NUMBER, Kind.TIME):
        raise BadInput(f"{name}: {operator} looks into text, and this is a {field.kind.value}")
    if operator == "$regex":
        _check_pattern(name, value)
    return value


def _check_pattern(name: str, pattern: str) -> None:
    try:
        check_pattern(pattern)
    except BadInput as error:
        raise BadInput(f"{name}: {error.what}", fix=error.fix) from None


def _tests_in(filters: Filter) -> Iterator[Test]:
    match filters:
        case All(parts) | Any(parts):
            for part in parts:
                yield from _tests_in(part)
        case Not(part):
            yield from _tests_in(part)
        case Test():
            yield filters


def _values(field: Field, record: Record) -> Iterator[object]:
    """Yield the values of a field, nulls left out."""
    content = record[field.name]
    for item in content if isinstance(content, tuple) else (content,):
        for value in (_below(item, key) for key in field.keys) if field.keys else (item,):
            if value is not None:
                yield value


def _below(content: object, path: str) -> object:
    """Return what a dotted path means inside nested objects, or None; names may hold dots."""
    if not isinstance(content, Mapping):
        return None
    if path in content:
        return content[path]
    dots = (index for index, letter in enumerate(path) if letter == ".")
    values = (_below(content.get(path[:dot]), path[dot + 1 :]) for dot in dots)
    return next((value for value in values if value is not None), None)


def _scalars(field: Field, record: Record) -> Iterator[Scalar]:
    """Yield what can be compared: of an object with content, only what is below it."""
    for value in _values(field, record):
        compared = None if isinstance(value, Mapping) and value else scalar(value)
        if compared is not None:
            yield compared


def _passes(value: Scalar, name: str, operand: Operand) -> bool:
    match name:
        case "$eq":
            return value == operand
        case "$in":
            return isinstance(operand, tuple) and value in operand
        case "$regex":
            return isinstance(value, str) and found_in(str(operand), value)
        case "$contains":
            return isinstance(value, str) and str(operand) in value
    return type(value) is type(operand) and ORDERED[name](value, operand)
