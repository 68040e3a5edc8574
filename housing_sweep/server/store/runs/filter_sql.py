"""Filters of runs as SQL conditions on the table `runs r`. Pure.

What the operators mean is said in `rules/filters.py`, which reads the same filters in memory.
Source of the fields: wandb/apis/public/api.py, docstring of `Api.runs`.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from housing_sweep.errors import BadInput
from housing_sweep.server.rules.filters import (
    EVERYTHING,
    All,
    Any,
    Field,
    Filter,
    Kind,
    Not,
    Operand,
    Test,
    all_of,
)
from housing_sweep.server.store.runs.values import shorten


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


EVERY_RUN = Where("1")
NO_RUN = Where("0")

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


def field_of(name: str) -> Field:
    """Return what a name in a filter of runs means.

    Raises:
        BadInput: no such field; one that is like it is named.
    """
    if (keys := value_keys(name)) is not None:
        return Field(keys[0], Kind.VALUE, keys[1])
    if (plain := column(name)) is None:
        raise unknown_field(name)
    return Field(plain, Kind.TIME if plain in TIMES else _NUMBERS.get(plain, Kind.TEXT))


_NUMBERS = dict.fromkeys(("duration", "history_line_count"), Kind.NUMBER)


def in_sweep(name: str) -> Filter:
    """Return the filter for the runs of one sweep."""
    return Test(field_of("sweep"), "$eq", name)


def where(filters: Filter) -> Where:
    """Return the condition that a filter stands for."""
    match filters:
        case All(parts):
            return _all([where(part) for part in parts])
        case Any(parts):
            return _any([where(part) for part in parts])
        case Not(part):
            return _not(where(part))
        case Test(field, operator, operand):
            if field.kind is Kind.VALUE:
                return _on_values(field.name, field.keys, operator, operand)
            if field.name == "tags":
                return _on_tags(operator, operand)
            return _on_column(field, operator, operand)


def split_sweep(filters: Filter) -> tuple[str | None, Filter]:
    """Return the one sweep that a filter restricts to, if it plainly does, and the rest of it."""
    match filters:
        case Test(Field("sweep", Kind.TEXT), "$eq", str(name)):
            return name, EVERYTHING
        case All(parts):
            for i, part in enumerate(parts):
                sweep, rest = split_sweep(part)
                if sweep is not None:
                    return sweep, all_of([*parts[:i], rest, *parts[i + 1 :]])
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


def _on_column(field: Field, operator: str, operand: Operand) -> Where:
    sql, name = COLUMNS[field.name], field.name
    match operator:
        case "$exists":
            return Where(f"{sql} IS {'NOT ' if operand else ''}NULL")
        case "$regex":
            return Where(f"{sql} REGEXP ?", (operand,))
        case "$contains":
            return Where(f"instr({sql}, ?) > 0", (operand,))
        case "$in":
            numbers, texts = _by_kind(operand)
            listed = texts if field.kind is Kind.TEXT else numbers
            return _plainly(name, f"{sql} IN {_LISTED}", _json(listed))
    if isinstance(operand, str) and field.kind is not Kind.TEXT:
        return NO_RUN
    return _plainly(name, f"{sql} {COMPARISONS[operator]} ?", operand)


_LISTED = "(SELECT value FROM json_each(?))"
"""One condition however long the list: a chain of ORs would exceed SQLite's depth at 1,000."""


def _by_kind(operand: Operand) -> tuple[list[float], list[str]]:
    assert isinstance(operand, tuple)
    numbers = [float(item) for item in operand if not isinstance(item, str)]
    return numbers, [item for item in operand if isinstance(item, str)]


def _json(items: Sequence[float] | Sequence[str]) -> str:
    """Return a list for `_LISTED`; SQLite reads infinity as a number too large."""
    text = json.dumps(items)
    infinite = any(isinstance(item, float) and math.isinf(item) for item in items)
    return text.replace("Infinity", "9e999") if infinite else text


INDEXED = frozenset(
    {"name", "display_name", "state", "group", "job_type", "created_at", "heartbeat_at"}
)
"""Columns that an index serves, within a project."""


def _plainly(name: str, sql: str, value: object) -> Where:
    narrow = (Narrow("r", sql, (value,)),) if name in INDEXED else ()
    return Where(sql, (value,), narrow)


def _on_tags(operator: str, operand: Operand) -> Where:
    match operator:
        case "$exists":
            return Where(f"r.tags {'<>' if operand else '='} '[]'")
        case "$regex":
            return _tagged("t.name REGEXP ?", operand, narrow=False)
        case "$contains":
            return _tagged("instr(t.name, ?) > 0", operand, narrow=False)
        case "$in":
            return _tagged(f"t.name IN {_LISTED}", _json(_by_kind(operand)[1]), narrow=True)
    return _tagged(f"t.name {COMPARISONS[operator]} ?", operand, narrow=True)


def _tagged(test: str, value: object, *, narrow: bool) -> Where:
    return Where(
        f"EXISTS (SELECT 1 FROM run_tags t WHERE t.run_id = r.id AND {test})",
        (value,),
        (Narrow("t", test, (value,)),) if narrow else (),
    )


def _on_values(scope: str, keys: Sequence[str], operator: str, operand: Operand) -> Where:
    match operator:
        case "$exists":
            there = _has_value(scope, keys)
            return there if operand else _not(there)
        case "$regex":
            return _on_keys(scope, keys, "v.text REGEXP ?", (operand,), narrow=False)
        case "$contains":
            return _on_keys(scope, keys, "instr(v.text, ?) > 0", (operand,), narrow=False)
        case "$in":
            return _in_values(scope, keys, operand)
    test = f"{COMPARISONS[operator]} ?"
    if isinstance(operand, str):
        of_text = f"v.number IS NULL AND v.text {test}"
        return _on_keys(scope, keys, of_text, (shorten(operand),))
    return _on_keys(scope, keys, f"v.number {test}", (operand,))


def _in_values(scope: str, keys: Sequence[str], operand: Operand) -> Where:
    numbers, texts = _by_kind(operand)
    parts = []
    if numbers or not texts:
        parts.append(_on_keys(scope, keys, f"v.number IN {_LISTED}", (_json(numbers),)))
    if texts:
        listed = _json([shorten(text) for text in texts])
        of_text = f"v.number IS NULL AND v.text IN {_LISTED}"
        parts.append(_on_keys(scope, keys, of_text, (listed,)))
    return _any(parts)


def _on_keys(
    scope: str,
    keys: Sequence[str],
    test: str,
    values: tuple[object, ...] = (),
    *,
    narrow: bool = True,
) -> Where:
    marks = ", ".join("?" * len(keys))
    one_of = Narrow("v", f"v.scope = ? AND v.key IN ({marks}) AND {test}", (scope, *keys, *values))
    one = narrow and len(keys) == 1
    sql = f"{_VALUE_OF_RUN} AND {one_of.sql})"
    return Where(sql, one_of.values, (one_of,) if narrow else (), one)


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


def _all(parts: Sequence[Where]) -> Where:
    if len(parts) == 1:
        return parts[0]
    joined = _joined(parts, " AND ", EVERY_RUN)
    return replace(joined, narrow=tuple(one for part in parts for one in part.narrow))


def _any(parts: Sequence[Where]) -> Where:
    return _joined(parts, " OR ", NO_RUN)


def _joined(parts: Sequence[Where], word: str, empty: Where) -> Where:
    """Return a balanced tree of conditions: SQLite takes no deeper one than 1,000."""
    if len(parts) < 2:
        return parts[0] if parts else empty
    half = len(parts) // 2
    left, right = (_joined(side, word, empty) for side in (parts[:half], parts[half:]))
    return Where(f"({left.sql}{word}{right.sql})", left.values + right.values)


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
