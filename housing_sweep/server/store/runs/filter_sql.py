"""W&B's run filters (a Mongo subset) as SQL conditions on the table `runs r`. Pure.

A value that is null counts as missing; NaN counts as there, but is less and greater than nothing.
Source of the operators and fields: wandb/apis/public/api.py, docstring of `Api.runs`.
"""

import datetime
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from housing_sweep.errors import BadInput
from housing_sweep.server.store.runs.values import scalar, shorten


@dataclass(frozen=True, slots=True)
class Narrow:
    """A condition that an index serves: the runs it holds for can be looked up.

    Attributes:
        table: where its rows are: `v` (`run_values`), `t` (`run_tags`) or `r` (`runs`).
    """

    table: str
    sql: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """An SQL condition and its values.

    Attributes:
        narrow: conditions that every run it holds for meets, too.
        is_one_value: whether it is about one value of each run, and `narrow` says the same.
    """

    sql: str
    values: tuple[object, ...] = ()
    narrow: tuple[Narrow, ...] = ()
    is_one_value: bool = False


EVERYTHING = Where("1")
NOTHING = Where("0")

COLUMNS = {
    "name": "r.name",
    "display_name": "coalesce(r.display_name, r.name)",
    "state": "r.state",
    "sweep": "(SELECT s.name FROM sweeps s WHERE s.id = r.sweep_id)",
    "entity": (
        "(SELECT e.name FROM projects p JOIN entities e ON e.id = p.entity_id"
        " WHERE p.id = r.project_id)"
    ),
    "username": "(SELECT u.name FROM users u WHERE u.id = r.user_id)",
    "group": "r.group_name",
    "job_type": "r.job_type",
    "host": "r.host",
    "description": "r.description",
    "notes": "r.notes",
    "commit": "r.commit_sha",
    "created_at": "r.created_at",
    "heartbeat_at": "r.heartbeat_at",
    "updated_at": "r.updated_at",
    "duration": "(coalesce(r.finished_at, r.heartbeat_at, r.created_at) - r.created_at)",
    "history_line_count": "r.history_lines",
    "tags": "r.tags",
}
"""Filter field, in snake_case, -> SQL expression."""

ALIASES = {"sweep_name": "sweep", "user": "username", "run_id": "name", "group_name": "group"}
TIMES = frozenset({"created_at", "heartbeat_at", "updated_at"})
NEVER_NULL = frozenset({"name", "display_name", "state", "created_at", "updated_at", "duration"})
SCOPES = {
    **dict.fromkeys(("summary_metrics", "summaryMetrics", "summary"), "summary"),
    "config": "config",
}
COMPARISONS = {"$eq": "=", "$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">="}
OPERATORS = (*COMPARISONS, "$ne", "$in", "$nin", "$exists", "$regex", "$not")
DEEPEST = 32


def compile_filters(filters: object, depth: int = 0) -> Where:
    """Return the condition that a filter document stands for.

    Raises:
        BadInput: an unknown field or operator, or a value of the wrong kind; it is named.
    """
    if filters in (None, {}):
        return EVERYTHING
    if not isinstance(filters, Mapping) or depth > DEEPEST:
        raise BadInput(f"filters must be an object, got {filters!r}")
    return _all([_clause(str(name), item, depth) for name, item in filters.items()])


def split_sweep(filters: object) -> tuple[str | None, object]:
    """Return the one sweep that a filter restricts to, if it plainly does, and the rest of it."""
    if not isinstance(filters, Mapping):
        return None, filters
    if isinstance(name := filters.get("sweep"), str):
        return name, {key: item for key, item in filters.items() if key != "sweep"}
    held = filters.get("$and")
    parts = held if isinstance(held, list) else []
    for i, part in enumerate(parts):
        name, rest = split_sweep(part)
        if name is not None:
            others = [*parts[:i], rest, *parts[i + 1 :]]
            return name, {**filters, "$and": [other for other in others if other != {}]}
    return None, filters


def value_keys(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return (scope, candidate keys) of `summary_metrics.x`, `config.x` or `config.x.value`."""
    prefix, dot, key = name.partition(".")
    if not dot or prefix not in SCOPES:
        return None
    scope = SCOPES[prefix]
    if scope == "config" and key.endswith(".value"):
        return scope, (key, key.removesuffix(".value"))
    if scope == "config" and ".value." in key:
        return scope, (key, key.replace(".value.", ".", 1))
    return scope, (key,)


def column(name: str) -> str | None:
    """Return the snake_case name of a plain field, or None if there is no such."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    snake = ALIASES.get(snake, snake)
    return snake if snake in COLUMNS else None


def sort_key(name: str) -> str:
    """Return the SQL expression that orders runs by a plain field; an index serves the times."""
    if name == "heartbeat_at":
        return "coalesce(r.heartbeat_at, r.created_at)"
    return COLUMNS[name] if name in NEVER_NULL else f"coalesce({COLUMNS[name]}, '')"


def unknown_field(name: str) -> BadInput:
    """Return the error for a field nobody knows."""
    near = get_close_matches(name, [*COLUMNS, "summary_metrics.KEY", "config.KEY"], n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else "see the docstring of wandb.apis.public.Runs"
    return BadInput(f"runs cannot be filtered or ordered by {name!r}", fix=hint)


def _clause(name: str, item: object, depth: int) -> Where:
    if name in ("$and", "$or", "$nor"):
        if not isinstance(item, list):
            raise BadInput(f"{name} takes a list, got {item!r}")
        parts = [compile_filters(part, depth + 1) for part in item]
        if name == "$and":
            return _all(parts)
        either = _any(parts)
        return either if name == "$or" else _not(either)
    if name == "$not":
        return _not(compile_filters(item, depth + 1))
    if depth > DEEPEST:
        raise BadInput(f"filters are nested deeper than {DEEPEST}")
    if name.startswith("$"):
        raise BadInput(f"unknown filter operator {name!r}", fix=f"use one of {OPERATORS}")
    if isinstance(item, Mapping) and any(str(key).startswith("$") for key in item):
        return _all([_condition(name, str(op), value, depth) for op, value in item.items()])
    return _condition(name, "$eq", item, depth)


def _condition(name: str, operator: str, value: object, depth: int) -> Where:
    if operator not in OPERATORS:
        raise BadInput(f"unknown filter operator {operator!r}", fix=f"use one of {OPERATORS}")
    if operator in ("$ne", "$nin"):
        return _not(_condition(name, "$eq" if operator == "$ne" else "$in", value, depth))
    if operator == "$not":
        return _not(_clause(name, value, depth + 1))
    if operator == "$in":
        return _in(name, value, depth)
    if (keys := value_keys(name)) is not None:
        return _on_values(*keys, operator, value)
    plain = column(name)
    if plain is None:
        raise unknown_field(name)
    return _on_tags(operator, value) if plain == "tags" else _on_column(plain, operator, value)


def _in(name: str, value: object, depth: int) -> Where:
    """One condition however long the list: a chain of ORs would exceed SQLite's depth at 1,000."""
    if not isinstance(value, list):
        raise BadInput(f"{name}: $in takes a list, got {value!r}")
    keys, plain = value_keys(name), column(name)
    if keys is None and plain is None:
        raise unknown_field(name)
    parts = [_condition(name, "$eq", None, depth)] if None in value else []
    items = [item for item in value if item is not None]
    if keys is not None:
        numbers, texts = _split(items)
        if numbers or not texts:
            parts.append(_on_keys(*keys, f"v.number IN {_LISTED}", (json.dumps(numbers),)))
        if texts:
            test = f"v.number IS NULL AND v.text IN {_LISTED}"
            parts.append(_on_keys(*keys, test, (json.dumps(texts),)))
    elif plain == "tags":
        shown = json.dumps([_plain(name, item) for item in items])
        parts.append(_tagged(f"t.name IN {_LISTED}", shown, narrow=True))
    elif plain is not None:
        shown = json.dumps([_plain(plain, item) for item in items])
        parts.append(_plainly(plain, f"{COLUMNS[plain]} IN {_LISTED}", shown))
    return _any(parts)


_LISTED = "(SELECT value FROM json_each(?))"


def _split(items: Sequence[object]) -> tuple[list[float], list[str]]:
    scalars = [scalar(_comparable(item)) for item in items]
    numbers = [number for number, _ in scalars if number is not None and math.isfinite(number)]
    return numbers, [text for _, text in scalars if text is not None]


def _comparable(value: object) -> object:
    if isinstance(value, Mapping):
        raise BadInput(f"cannot compare a metric or config value with {value!r}")
    return value


def _plain(name: str, value: object) -> str | int | float:
    if name in TIMES:
        return _time(name, value)
    if not isinstance(value, str | int | float) or not _fits(value):
        raise BadInput(f"{name}: cannot compare with {value!r}")
    return value


def _fits(value: str | int | float) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def _on_column(name: str, operator: str, value: object) -> Where:
    sql = COLUMNS[name]
    if operator == "$exists":
        return Where(f"{sql} IS {'NOT ' if value else ''}NULL")
    if operator == "$regex":
        return Where(f"{sql} REGEXP ?", (_pattern(value),))
    if value is None:
        return Where(f"{sql} IS NULL")
    return _plainly(name, f"{sql} {COMPARISONS[operator]} ?", _plain(name, value))


INDEXED = frozenset(
    {"name", "display_name", "state", "group", "job_type", "created_at", "heartbeat_at"}
)
"""Columns that an index serves, within a project."""


def _plainly(name: str, sql: str, value: object) -> Where:
    narrow = (Narrow("r", sql, (value,)),) if name in INDEXED else ()
    return Where(sql, (value,), narrow)


def _tagged(test: str, value: object, *, narrow: bool) -> Where:
    return Where(
        f"EXISTS (SELECT 1 FROM run_tags t WHERE t.run_id = r.id AND {test})",
        (value,),
        (Narrow("t", test, (value,)),) if narrow else (),
    )


def _on_tags(operator: str, value: object) -> Where:
    if operator == "$exists":
        return Where(f"r.tags {'<>' if value else '='} '[]'")
    if value is None:
        return Where("r.tags = '[]'")
    if operator == "$regex":
        return _tagged("t.name REGEXP ?", _pattern(value), narrow=False)
    return _tagged(f"t.name {COMPARISONS[operator]} ?", _plain("tags", value), narrow=True)


def _on_values(scope: str, keys: Sequence[str], operator: str, value: object) -> Where:
    if operator == "$exists" or value is None:
        there = _has_value(scope, keys)
        return there if operator == "$exists" and value else _not(there)
    if operator == "$regex":
        return _on_keys(scope, keys, "v.text REGEXP ?", (_pattern(value),), narrow=False)
    number, text = scalar(_comparable(value))
    if number is not None:
        return _on_keys(scope, keys, f"v.number {COMPARISONS[operator]} ?", (number,))
    shown = text if operator == "$eq" else shorten(str(value))
    return _on_keys(scope, keys, f"v.number IS NULL AND v.text {COMPARISONS[operator]} ?", (shown,))


def _on_keys(
    scope: str,
    keys: Sequence[str],
    test: str,
    values: tuple[object, ...] = (),
    *,
    narrow: bool = True,
) -> Where:
    marks = ", ".join("?" * len(keys))
    held = Narrow("v", f"v.scope = ? AND v.key IN ({marks}) AND {test}", (scope, *keys, *values))
    one = narrow and len(keys) == 1
    return Where(f"{_VALUE_OF_RUN} AND {held.sql})", held.values, (held,) if narrow else (), one)


_VALUE_OF_RUN = "EXISTS (SELECT 1 FROM run_values v WHERE v.run_id = r.id"


def _has_value(scope: str, keys: Sequence[str]) -> Where:
    """A value that is not null, or an object: then only keys below it are stored."""
    there = _on_keys(scope, keys, "(v.number IS NOT NULL OR v.text IS NOT NULL)")
    below = [
        Where(
            f"{_VALUE_OF_RUN} AND v.scope = ? AND v.key > ? AND v.key < ?)",
            (scope, f"{key}.", f"{key}/"),
        )
        for key in keys
    ]
    return _any([there, *below])


def _pattern(value: object) -> str:
    if not isinstance(value, str):
        raise BadInput(f"$regex takes text, got {value!r}")
    try:
        re.compile(value)
    except re.error as error:
        raise BadInput(f"$regex {value!r} is not a regular expression: {error}") from None
    return value


def _time(name: str, value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    try:
        moment = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise BadInput(
            f"{name}: {value!r} is not a time", fix="write it like 2026-11-23T10:00:00Z"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def _all(parts: Sequence[Where]) -> Where:
    if len(parts) == 1:
        return parts[0]
    joined = _joined(parts, " AND ", EVERYTHING)
    return replace(joined, narrow=tuple(found for part in parts for found in part.narrow))


def _any(parts: Sequence[Where]) -> Where:
    return _joined(parts, " OR ", NOTHING)


def _joined(parts: Sequence[Where], word: str, empty: Where) -> Where:
    if len(parts) < 2:
        return parts[0] if parts else empty
    values = tuple(value for part in parts for value in part.values)
    return Where("(" + word.join(part.sql for part in parts) + ")", values)


def _not(part: Where) -> Where:
    return Where(f"NOT coalesce({part.sql}, 0)", part.values)


@dataclass(frozen=True, slots=True)
class Order:
    """What runs are ordered by: a column, or the values of one key."""

    descending: bool
    column: str | None = None
    scope: str = ""
    keys: tuple[str, ...] = field(default=())


def parse_order(text: str | None) -> Order:
    """Return the order that `+summary_metrics.x` or `-created_at` stands for; default ascending.

    The whole text is one field: metric names may hold commas.

    Raises:
        BadInput: no such field.
    """
    text = (text or "+created_at").strip()
    descending, name = text.startswith("-"), text[1:] if text[:1] in ("+", "-") else text
    if (keys := value_keys(name)) is not None:
        return Order(descending, scope=keys[0], keys=keys[1])
    plain = column(name)
    if plain is None:
        raise unknown_field(name)
    return Order(descending, column=plain)
