"""The indexed values of a run's config and summary: what filters and orders look at."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from housing_sweep.server.rules import filters

Scalar = tuple[float | None, str | None]
"""(number, text): a number or boolean; or text, a list as JSON, "NaN"; null is (None, None)."""

LONGEST_TEXT = 512
"""Longer strings are indexed by their beginning and a digest: equal only if wholly equal."""

MOST_KEYS = 5000
"""Values of a run's config, and of its summary, that are indexed: 50 ms of everybody's lock."""

_DIGEST = 64


def flatten(content: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yield every value with its dotted key; an empty object counts as a value."""
    for name, item in content.items():
        key = f"{prefix}{name}"
        if isinstance(item, Mapping) and item:
            yield from flatten(item, f"{key}.")
        else:
            yield key, scalar(item)


def scalar(item: object) -> Scalar:
    """Return what is stored for a value, and what a filter's value must equal to match it."""
    value = filters.scalar(item)
    return (None, shorten(value)) if isinstance(value, str) else (value, None)


def shorten(text: str) -> str:
    """Return the text itself, or its beginning with a digest of the whole."""
    if len(text) <= LONGEST_TEXT:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text[: LONGEST_TEXT - _DIGEST] + digest


def replace(
    db: sqlite3.Connection,
    run_id: int,
    project_id: int,
    sweep_id: int | None,
    scope: str,
    content: Mapping[str, object],
) -> None:
    """Make the stored values of one scope equal to `content`; only what changed is written."""
    entries = dict(islice(flatten(content), MOST_KEYS))
    stored = {
        key: (number, text)
        for key, number, text in db.execute(
            "SELECT key, number, text FROM run_values WHERE run_id = ? AND scope = ?",
            (run_id, scope),
        )
    }
    gone = [(run_id, scope, key) for key in stored.keys() - entries.keys()]
    changed = [
        (run_id, scope, key, project_id, sweep_id, *value)
        for key, value in entries.items()
        if key not in stored or stored[key] != value
    ]
    db.executemany("DELETE FROM run_values WHERE run_id = ? AND scope = ? AND key = ?", gone)
    db.executemany("INSERT OR REPLACE INTO run_values VALUES (?, ?, ?, ?, ?, ?, ?)", changed)


def key_in_use(
    db: sqlite3.Connection, column: str, owner: object, scope: str, keys: Sequence[str]
) -> str:
    """Return the first of some spellings of a key that any run of a project or sweep has."""
    assert column in ("project_id", "sweep_id")
    for key in keys:
        row = db.execute(
            f"SELECT 1 FROM run_values WHERE {column} = ? AND scope = ? AND key = ? LIMIT 1",
            (owner, scope, key),
        ).fetchone()
        if row is not None:
            return key
    return keys[-1]
