"""The indexed scalars of a run's config and summary: what filters and orders look at."""

import math
import sqlite3
from collections.abc import Iterator, Mapping

Scalar = tuple[float | None, str | None]
"""(number, text): a number or boolean, or a string; NaN and null are (None, None)."""

LONGEST_TEXT = 512
"""Longer strings are not indexed: nobody filters by them, and they would fill the index."""


def flatten(content: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yield every scalar with its dotted key; lists and media objects are left out."""
    for name, item in content.items():
        key = f"{prefix}{name}"
        if isinstance(item, Mapping):
            yield from flatten(item, f"{key}.")
        elif isinstance(item, bool | int | float):
            yield key, (None if _not_a_number(item) else float(item), None)
        elif item is None:
            yield key, (None, None)
        elif isinstance(item, str) and len(item) <= LONGEST_TEXT:
            yield key, (None, item)


def _not_a_number(item: bool | int | float) -> bool:
    return isinstance(item, float) and math.isnan(item)


def replace(
    db: sqlite3.Connection,
    run_id: int,
    project_id: int,
    sweep_id: int | None,
    scope: str,
    content: Mapping[str, object],
) -> None:
    """Make the stored scalars of one scope equal to `content`; only what changed is written."""
    wanted = dict(flatten(content))
    held = {
        key: (number, text)
        for key, number, text in db.execute(
            "SELECT key, number, text FROM run_values WHERE run_id = ? AND scope = ?",
            (run_id, scope),
        )
    }
    gone = [(run_id, scope, key) for key in held.keys() - wanted.keys()]
    changed = [
        (run_id, scope, key, project_id, sweep_id, *scalar)
        for key, scalar in wanted.items()
        if key not in held or held[key] != scalar
    ]
    db.executemany("DELETE FROM run_values WHERE run_id = ? AND scope = ? AND key = ?", gone)
    db.executemany("INSERT OR REPLACE INTO run_values VALUES (?, ?, ?, ?, ?, ?, ?)", changed)
