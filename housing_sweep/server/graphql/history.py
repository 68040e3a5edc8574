"""What a run logged, on the wire: history, samples of it, system events, console lines."""

import json
import math
from collections import Counter
from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql import relay
from housing_sweep.server.graphql.relay import Info, Resolvers
from housing_sweep.server.store import history
from housing_sweep.server.store.runs import Run

DEFAULT_SAMPLES = 500


def run_history(
    source: Run,
    info: Info,
    minStep: int | None = None,
    maxStep: int | None = None,
    samples: int | None = None,
) -> list[str]:
    """Return history lines: a range of steps (end excluded) whole, or samples of all."""
    db = info.context.db
    if minStep is not None or maxStep is not None:
        return history.history(db, source.id, min_step=minStep, max_step=maxStep, limit=samples)
    return history.sampled(db, source.id, samples or DEFAULT_SAMPLES)


def run_events(source: Run, info: Info, samples: int | None = None) -> list[str]:
    """Return system-metric lines, evenly sampled."""
    lines = history.events(info.context.db, source.id)
    return spread(lines, samples or DEFAULT_SAMPLES)


def sampled_history(source: Run, info: Info, specs: list[str]) -> list[list[dict[str, Any]]]:
    """Return, for each `{keys, samples, minStep, maxStep}`, rows that have all the keys."""
    return [_sample(source, info, _spec(text)) for text in specs]


def _spec(text: str) -> dict[str, Any]:
    try:
        spec = json.loads(text)
    except ValueError as error:
        raise BadInput(f"history spec is not JSON: {error}") from None
    return spec if isinstance(spec, dict) else {}


def _sample(source: Run, info: Info, spec: dict[str, Any]) -> list[dict[str, Any]]:
    keys = spec.get("keys") or []
    last = spec.get("maxStep")
    lines = history.history(
        info.context.db,
        source.id,
        min_step=spec.get("minStep"),
        max_step=None if last is None else int(last) + 1,
    )
    rows = (json.loads(line) for line in lines)
    flat = (dict(flatten(row)) for row in rows if isinstance(row, dict))
    if keys:
        chosen = [{k: row[k] for k in keys} for row in flat if all(k in row for k in keys)]
    else:
        chosen = list(flat)
    return spread(chosen, spec.get("samples") or DEFAULT_SAMPLES)


def spread(rows: list[Any], samples: int) -> list[Any]:
    """Return at most `samples` rows, evenly spread, first and last among them."""
    if len(rows) <= samples:
        return rows
    last = len(rows) - 1
    wanted = sorted({round(i * last / max(1, samples - 1)) for i in range(samples)})
    return [rows[i] for i in wanted]


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
    for line in history.history(info.context.db, source.id):
        row = json.loads(line)
        for key, value in flatten(row) if isinstance(row, dict) else ():
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
            "previousValue": _spelled(last[key]),
        }
        for key, counts in types.items()
    }
    step = history.last_step(info.context.db, source.id)
    return {"keys": keys, "lastStep": -1 if step is None else step, "sets": []}


def _spelled(value: Any) -> Any:
    """Return a value that JSON has: a bare NaN makes the SDK's core drop the whole answer."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


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
            held = json.loads(text)
            return {
                "number": number,
                "timestamp": held.get("ts"),
                "level": held.get("level"),
                "label": held.get("label"),
                "line": held.get("content", ""),
            }
        except ValueError:
            pass
    level, rest = ("error", text[6:]) if text.startswith("ERROR ") else ("info", text)
    timestamp, space, line = rest.partition(" ")
    if not (space and timestamp[:2] == "20" and "T" in timestamp):
        timestamp, line = "", rest
    return {"number": number, "timestamp": timestamp or None, "level": level, "line": line}


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
