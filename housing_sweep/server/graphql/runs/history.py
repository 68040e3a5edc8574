"""What a run logged, on the wire: history, samples of it, system events, console lines."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.rules.json_text import loads, loads_object, spelled
from housing_sweep.server.store.runs import history
from housing_sweep.server.store.runs.runs import Run

DEFAULT_SAMPLES = 500
MAX_SAMPLES = 100_000


def run_history(
    source: Run,
    info: Info,
    minStep: int | None = None,
    maxStep: int | None = None,
    samples: int | None = None,
) -> list[str]:
    """Return history lines: samples of all, or those of a range of steps (end excluded).

    A range no wider than `samples` comes whole, whatever the lines: `scan_history` pages that way.
    """
    db, most = info.context.db, _samples(samples)
    if minStep is None and maxStep is None:
        return [_in_order(line) for line in history.sampled(db, source.id, most)]
    lines = list(history.lines(db, source.id, min_step=minStep, max_step=maxStep))
    if maxStep is not None and maxStep - (minStep or 0) <= most:
        return lines
    return spread(lines, most)


def _in_order(line: str) -> str:
    """Return a history line with its keys in order.

    The SDK writes them in any; `Runs.histories(format="polars")` joins the tables of several runs,
    whose columns come in the order of their first lines.
    """
    try:
        row = loads(line)
    except BadInput:
        return line
    return json.dumps(row, sort_keys=True, ensure_ascii=False) if isinstance(row, dict) else line


def run_events(source: Run, info: Info, samples: int | None = None) -> list[str]:
    """Return system-metric lines, evenly sampled."""
    return spread(history.events(info.context.db, source.id), _samples(samples))


def _samples(samples: int | None) -> int:
    return DEFAULT_SAMPLES if samples is None else max(0, min(samples, MAX_SAMPLES))


def sampled_history(source: Run, info: Info, specs: list[str]) -> list[list[dict[str, Any]]]:
    """Return, for each `{keys, samples, minStep, maxStep}`, rows that have all the keys."""
    return [_sample(source, info, loads_object(text)) for text in specs]


def _sample(source: Run, info: Info, spec: dict[str, Any]) -> list[dict[str, Any]]:
    keys = spec.get("keys") or []
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise BadInput(f"`keys` of a history spec must be names, got {keys!r}")
    first, last, samples = (_count(spec, name) for name in ("minStep", "maxStep", "samples"))
    rows = _rows(source, info, first, None if last is None else last + 1)
    if keys:
        chosen = [{k: row[k] for k in keys} for row in rows if all(k in row for k in keys)]
    else:
        chosen = list(rows)
    return [spelled(row) for row in spread(chosen, _samples(samples))]


def _count(spec: dict[str, Any], name: str) -> int | None:
    value = spec.get(name)
    if value is None or (isinstance(value, int | float) and math.isfinite(value)):
        return None if value is None else int(value)
    raise BadInput(f"`{name}` of a history spec must be a whole number, got {value!r}")


def _rows(
    source: Run, info: Info, first: int | None = None, end: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield history rows flattened, `first <= _step < end`; lines that are no objects are left."""
    for line in history.lines(info.context.db, source.id, min_step=first, max_step=end):
        try:
            row = loads(line)
        except BadInput:
            continue
        if isinstance(row, dict):
            yield dict(flatten(row))


def spread(rows: list[Any], samples: int) -> list[Any]:
    """Return at most `samples` rows, evenly spread, first and last among them."""
    return [rows[i] for i in history.spread(len(rows), samples)]


def flatten(row: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return (dotted key, value) pairs; media objects (with `_type`) stay whole."""
    pairs: list[tuple[str, Any]] = []
    for name, item in row.items():
        if isinstance(item, dict) and "_type" not in item:
            pairs += flatten(item, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", item))
    return pairs


def parquet_history(source: Run, info: Info, liveKeys: list[str]) -> dict[str, Any]:
    """Return no parquet files: everything is read live, from the first step on."""
    first = history.first_step(info.context.db, source.id)
    return {"parquetUrls": [], "liveData": [] if first is None else [{"_step": first}]}


def history_keys(source: Run, info: Info) -> dict[str, Any]:
    """Return every key ever logged, with the types of its values and its last value."""
    types: dict[str, Counter[str]] = {}
    last: dict[str, Any] = {}
    rising: dict[str, bool] = {}
    for row in _rows(source, info):
        for key, value in row.items():
            types.setdefault(key, Counter())[_type_name(value)] += 1
            if _is_number(value):
                rising[key] = rising.get(key, True) and not (
                    _is_number(last.get(key)) and value < last[key]
                )
            last[key] = value
    keys = {
        key: {
            "typeCounts": [{"type": t, "count": n} for t, n in counts.items()],
            "monotonic": rising.get(key, False),
            "previousValue": spelled(last[key]),
        }
        for key, counts in types.items()
    }
    step = history.last_step(info.context.db, source.id)
    return {"keys": keys, "lastStep": -1 if step is None else step, "sets": []}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _type_name(value: object) -> str:
    if isinstance(value, bool | str) or value is None:
        return "string" if isinstance(value, str) else "nil" if value is None else "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list):
        return "array"
    return str(value.get("_type", "map")) if isinstance(value, dict) else "other"


def history_tail(source: Run, info: Info) -> str:
    """Return the last history line, in a JSON list of JSON texts: what resuming reads."""
    return json.dumps(history.tail(info.context.db, "history", source.id))


def events_tail(source: Run, info: Info) -> str:
    """Return the last system-metrics line, as `historyTail`."""
    return json.dumps(history.tail(info.context.db, "events", source.id))


def log_lines(
    source: Run,
    info: Info,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    useImprovedPagination: bool | None = None,
) -> relay.Connection:
    """Return console lines, from the start or the last ones."""
    size = relay.page_size(last if last is not None else first)
    start = relay.offset_of(after)
    if last is not None:
        start = max(start, source.log_lines - size)
    lines = history.log(info.context.db, source.id, after=start - 1, limit=size + 1)
    edges = [
        relay.Edge(console_line(number, text), relay.to_cursor(number + 1))
        for number, text in lines
    ]
    return relay.connection(edges, size)


def console_line(number: int, text: str) -> dict[str, Any]:
    """Return one console line: structured JSON, or `[ERROR ]timestamp text`."""
    if text.startswith("{"):
        try:
            entry = loads_object(text)
        except BadInput:
            entry = {}
        if isinstance(entry.get("content"), str):
            named = {name: entry.get(key) for name, key in _STRUCTURED.items()}
            known = {name: value for name, value in named.items() if isinstance(value, str)}
            return {"number": number, **known}
    level, rest = ("error", text[6:]) if text.startswith("ERROR ") else ("info", text)
    timestamp, space, line = rest.partition(" ")
    if not (space and timestamp[:2] == "20" and "T" in timestamp):
        timestamp, line = "", rest
    return {"number": number, "timestamp": timestamp or None, "level": level, "line": line}


_STRUCTURED = {"timestamp": "ts", "level": "level", "label": "label", "line": "content"}


RESOLVERS: Resolvers = {
    "Run": {
        "history": run_history,
        "events": run_events,
        "sampledHistory": sampled_history,
        "parquetHistory": parquet_history,
        "historyKeys": history_keys,
        "historyTail": history_tail,
        "eventsTail": events_tail,
        "logLines": log_lines,
    }
}
