"""JSON read and written in small steps, so that no large text stops the other threads. Pure.

Python's own reader and writer are C functions that let no other thread run until they are done: 64
MB take 0.4 to 2 s, and every heartbeat waits. Here each step takes a few milliseconds at most. It
costs about 1 microsecond a value more, so that only large texts come here.
"""

import codecs
import json
import re
from json.decoder import JSONArray, JSONObject, scanstring  # type: ignore[attr-defined]
from json.scanner import NUMBER_RE
from typing import Any

from housing_sweep.errors import BadInput

MOST_VALUES = 1_000_000
"""Values in one JSON text: each takes about 100 bytes of memory, whatever it takes as text."""

DEEPEST = 200
"""Levels of nesting that are read; Python's own stack ends near 1,000."""

STEP = 2**15
"""Characters that are read at once, in 1 ms at most."""

MANY_VALUES = 20_000
"""More than these are written one by one; C writes as many in 5 ms."""

_WORDS: dict[str, object] = {
    "null": None,
    "true": True,
    "false": False,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_WORD = re.compile("|".join(_WORDS))
_HIGH, _LOW, _PLAIN = r"\\u[dD][89aAbB]\w\w", r"\\u[dD][c-fC-F]\w\w", r"\\u(?![dD][89aAbB])\w{4}"
_ALONE = rf"{_HIGH}(?=[^\\]|\\[^u]|\\u(?:[^dD]|[dD][^c-fC-F]))"
_WHOLE = re.compile(rf'(?:[^"\\]++|{_HIGH}{_LOW}|{_ALONE}|{_PLAIN}|\\[^u])*+')
"""As much of a string as can be cut off without cutting an escape in two."""
_LONGEST_ESCAPE = 12
_SHORT = 1000
"""Most strings end sooner: looked at first."""


def read(text: str) -> Any:
    """Return what JSON text holds; bare NaN and Infinity are floats.

    Raises:
        BadInput: it holds more than `MOST_VALUES`, or is nested deeper than `DEEPEST`.
        ValueError: it is not JSON.
    """
    reader = _Reader()
    begin = _after_space(text, 0)
    try:
        content, end = reader.scan(text, begin)
    except StopIteration as stop:
        raise json.JSONDecodeError("Expecting value", text, stop.value) from None
    if (end := _after_space(text, end)) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return content


def decode(data: bytes) -> str:
    """Return bytes as text.

    Raises:
        UnicodeDecodeError: they are not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    pieces = [decoder.decode(data[at : at + STEP]) for at in range(0, len(data), STEP)]
    return "".join([*pieces, decoder.decode(b"", final=True)])


def write(content: object, **how: Any) -> str:
    """Return what `json.dumps` does, with its keywords."""
    if not is_large(content):
        return json.dumps(content, **how)
    return "".join(json.JSONEncoder(**how).iterencode(content))


def is_large(content: object) -> bool:
    """Return whether JSON content has more than `MANY_VALUES`; counting ends soon after."""
    count, todo = 0, [content]
    while todo and count <= MANY_VALUES:
        item = todo.pop()
        count += 1
        if isinstance(item, dict | list | tuple):
            count += len(item)
            if count <= MANY_VALUES:
                parts = item.values() if isinstance(item, dict) else item
                todo += [part for part in parts if isinstance(part, dict | list | tuple)]
    return count > MANY_VALUES


def _after_space(text: str, at: int) -> int:
    space = re.compile(r"[ \t\n\r]{0,65536}")
    while (match := space.match(text, at)) is not None and match.end() > at:
        at = match.end()
    return at


class _Reader:
    """Reads one text, counting what it holds and how deep it is."""

    def __init__(self) -> None:
        self._values = self._depth = 0
        self._names: dict[str, str] = {}

    def scan(self, text: str, at: int) -> tuple[Any, int]:
        """Return the value that begins here and where it ends; StopIteration where none does."""
        self._values += 1
        if self._values > MOST_VALUES:
            raise BadInput(
                f"JSON with more than {MOST_VALUES} values is too much at once",
                fix="send less in one request, or log large data as a file or artifact",
            )
        match text[at : at + 1]:
            case '"':
                return _string(text, at + 1)
            case "{":
                return self._inside(
                    lambda: JSONObject((text, at + 1), True, self.scan, None, None, self._names)
                )
            case "[":
                return self._inside(lambda: JSONArray((text, at + 1), self.scan))
        if (number := NUMBER_RE.match(text, at)) is not None:
            whole, fraction, power = number.groups()
            spelled = number.group()
            return (float(spelled) if fraction or power else int(whole)), number.end()
        if (word := _WORD.match(text, at)) is not None:
            return _WORDS[word.group()], word.end()
        raise StopIteration(at)

    def _inside(self, parts: Any) -> tuple[Any, int]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadInput(f"JSON nested deeper than {DEEPEST}")
        content: tuple[Any, int] = parts()
        self._depth -= 1
        return content


def _string(text: str, at: int) -> tuple[str, int]:
    """Return the string that begins here and where it ends, lone surrogates as `?`."""
    pieces = []
    while (end := _end_of_piece(text, at)) is not None:
        piece, _ = scanstring(text[at:end] + '"', 0, True)
        pieces.append(piece)
        at = end
    last, after = scanstring(text, at, True)
    return _storable("".join([*pieces, last]) if pieces else last), after


def _end_of_piece(text: str, at: int) -> int | None:
    """Return where to cut a string that does not end within a step; None if it does."""
    for step in (_SHORT, STEP):
        if len(text) - at <= step:
            return None
        whole = _WHOLE.match(text, at, at + step)
        end = whole.end() if whole else at
        if end < at + step - _LONGEST_ESCAPE:  # it ends here, or holds what is no escape
            return None
    return end


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
