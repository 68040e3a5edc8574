"""JSON as wandb-core writes it, read so that SQLite can store and a strict reader can parse it."""

import json
import math
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.server.rules import json_steps
from housing_sweep.server.rules.json_steps import DEEPEST

READ_AT_ONCE = 2**19
"""Longer texts are read in steps: Python's own reader lets nobody else run for 30 ms as it is."""


_of_thread = threading.local()


@contextmanager
def read_before(texts: Iterable[str]) -> Iterator[None]:
    """Read long texts now; in this block `loads` knows them. They must not be changed.

    For who is about to hold the lock that everybody waits for. Those that are no JSON are left to
    who needs them.
    """
    known = {}
    for text in texts:
        if len(text) > READ_AT_ONCE:
            with suppress(BadInput, ValueError, RecursionError):
                known[text] = json_steps.read(text)
    _of_thread.known = known
    try:
        yield
    finally:
        _of_thread.known = {}


def loads(text: str) -> Any:
    r"""Return what JSON text holds; bare NaN and Infinity are floats.

    Lone surrogates (`"\ud800"`, legal JSON but not UTF-8) become `?`.

    Raises:
        BadInput: it is not JSON, nested too deeply to be read, or holds too much.
    """
    try:
        if len(text) > READ_AT_ONCE:
            known = getattr(_of_thread, "known", {})
            return known[text] if text in known else json_steps.read(text)
        content = json.loads(text)
        if "\\ud" in text or "\\uD" in text:
            content = json.loads(storable(json.dumps(content, ensure_ascii=False)))
    except ValueError as error:
        raise BadInput(f"not JSON: {error}: {text[:80]!r}") from None
    except RecursionError:
        content = None
    if text.count("{") + text.count("[") > DEEPEST and (content is None or _too_deep(content)):
        raise BadInput(f"nested deeper than {DEEPEST}: {text[:80]!r}")
    return content


def _too_deep(content: Any) -> bool:
    level = [content]
    for _ in range(DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return any(isinstance(item, dict | list) for item in level)


def loads_object(text: str) -> dict[str, Any]:
    """Return a JSON object's content.

    Raises:
        BadInput: it is not a JSON object.
    """
    content = loads(text)
    if not isinstance(content, dict):
        raise BadInput(f"expected a JSON object, got {text[:80]!r}")
    return content


def storable(text: str) -> str:
    """Return text that UTF-8 can spell: lone surrogates become `?`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def spelled(value: Any) -> Any:
    """Return a value that strict JSON has: NaN and infinities become words, as on W&B.

    A bare NaN in an inline JSON value makes wandb-core drop the whole answer.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: spelled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spelled(item) for item in value]
    return value
