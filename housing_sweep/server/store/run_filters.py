"""W&B's run filters (a Mongo subset) as SQL conditions on the table `runs r`. Pure.

Source of the operators and fields: wandb/apis/public/runs.py, docstring of `Runs`.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from housing_sweep.errors import BadInput


@dataclass(frozen=True, slots=True)
class Where:
    """An SQL condition and its values."""

    sql: str
    values: tuple[object, ...] = ()


EVERYTHING = Where("1")
NOTHING = Where("0")

COLUMNS = {
    "name": "r.name",
    "display_name": "coalesce(r.display_name, r.name)",
    "state": "r.state",
    "sweep": "(SELECT s.name FROM sweeps s WHERE s.id = r.sweep_id)",
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
SCOPES = {"summary_metrics": "summary", "summary": "summary", "config": "config"}
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


def sweep_name(filters: object) -> str | None:
    """Return the one sweep that a filter restricts to, if it plainly does."""
    if not isinstance(filters, Mapping):
        return None
    if isinstance(name := filters.get("sweep"), str):
        return name
    parts = filters.get("$and")
    found = [sweep_name(part) for part in parts] if isinstance(parts, list) else []
    return next((name for name in found if name), None)


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
    if name.startswith("$"):
        raise BadInput(f"unknown filter operator {name!r}", fix=f"use one of {OPERATORS}")
    if isinstance(item, Mapping) and any(str(key).startswith("$") for key in item):
        return _all([_condition(name, str(op), value) for op, value in item.items()])
    return _condition(name, "$eq", item)


def _condition(name: str, operator: str, value: object) -> Where:
    if operator not in OPERATORS:
        raise BadInput(f"unknown filter operator {operator!r}", fix=f"use one of {OPERATORS}")
    if operator in ("$ne", "$nin"):
        return _not(_condition(name, "$eq" if operator == "$ne" else "$in", value))
    if operator == "$not":
        return _not(_clause(name, value, 0))
    if operator == "$in":
        if not isinstance(value, list):
            raise BadInput(f"{name}: $in takes a list, got {value!r}")
        return _any([_condition(name, "$eq", item) for item in value])
    if (keys := value_keys(name)) is not None:
        return _on_values(*keys, operator, value)
    plain = column(name)
    if plain is None:
        raise unknown_field(name)
    return _on_tags(operator, value) if plain == "tags" else _on_column(plain, operator, value)


def _on_column(name: str, operator: str, value: object) -> Where:
    sql = COLUMNS[name]
    if operator == "$exists":
        return Where(f"{sql} IS {'NOT ' if value else ''}NULL")
    if operator == "$regex":
        return Where(f"{sql} REGEXP ?", (_pattern(value),))
    if value is None:
        return Where(f"{sql} IS NULL")
    if name in TIMES:
        value = _time(name, value)
    if not isinstance(value, str | int | float):
        raise BadInput(f"{name}: cannot compare with {value!r}")
    return Where(f"{sql} {COMPARISONS[operator]} ?", (value,))


def _on_tags(operator: str, value: object) -> Where:
    if operator == "$exists":
        return Where(f"r.tags {'<>' if value else '='} '[]'")
    test = "t.value REGEXP ?" if operator == "$regex" else f"t.value {COMPARISONS[operator]} ?"
    shown = _pattern(value) if operator == "$regex" else value
    return Where(f"EXISTS (SELECT 1 FROM json_each(r.tags) t WHERE {test})", (shown,))


def _on_values(scope: str, keys: Sequence[str], operator: str, value: object) -> Where:
    test, shown = _value_test(operator, value)
    marks = ", ".join("?" * len(keys))
    exists = Where(
        "EXISTS (SELECT 1 FROM run_values v WHERE v.run_id = r.id AND v.scope = ?"
        f" AND v.key IN ({marks}) AND {test})",
        (scope, *keys, *shown),
    )
    missing_matches = (operator == "$exists" and not value) or (operator == "$eq" and value is None)
    return _not(exists) if missing_matches else exists


def _value_test(operator: str, value: object) -> tuple[str, tuple[object, ...]]:
    present = "(v.number IS NOT NULL OR v.text IS NOT NULL)"
    if operator == "$exists" or value is None:
        return present, ()
    if operator == "$regex":
        return "v.text REGEXP ?", (_pattern(value),)
    if isinstance(value, str):
        return f"v.text {COMPARISONS[operator]} ?", (value,)
    if isinstance(value, int | float):
        return f"v.number {COMPARISONS[operator]} ?", (float(value),)
    raise BadInput(f"cannot compare a metric or config value with {value!r}")


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
    return _joined(parts, " AND ", EVERYTHING)


def _any(parts: Sequence[Where]) -> Where:
    return _joined(parts, " OR ", NOTHING)


def _joined(parts: Sequence[Where], word: str, empty: Where) -> Where:
    if not parts:
        return empty
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

    Raises:
        BadInput: no such field.
    """
    text = (text or "+created_at").split(",")[0].strip()
    descending, name = text.startswith("-"), text.lstrip("+-")
    if (keys := value_keys(name)) is not None:
        return Order(descending, scope=keys[0], keys=keys[1])
    plain = column(name)
    if plain is None:
        raise unknown_field(name)
    return Order(descending, column=plain)
