"""Golden conversations: kept, compared, and said again to a server."""

import base64
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).parent
KEPT = ("content-type", "content-encoding", "content-range", "user-agent", "x-wandb-username")
"""Headers that a server may look at; the key is everybody's own."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Attributes:
        method: of HTTP.
        path: with its query.
        headers: of the request.
        body: of the request.
        status: of the answer.
        answer: its body.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    answer: bytes


def path_of(version: str) -> Path:
    """Return where the conversation of a version of the SDK is kept."""
    return HERE / f"{version}.json.gz"


def versions() -> list[str]:
    """Return the versions of the SDK that were recorded."""
    return sorted(path.name.removesuffix(".json.gz") for path in HERE.glob("*.json.gz"))


def write(version: str, exchanges: list[Exchange]) -> Path:
    """Keep a conversation; equal ones give equal bytes."""
    documents = [
        {
            **asdict(exchange),
            "headers": {k: v for k, v in exchange.headers.items() if k.lower() in KEPT},
            "body": _text(exchange.body),
            "answer": _text(exchange.answer),
        }
        for exchange in exchanges
    ]
    content = json.dumps(documents, indent=0, sort_keys=True).encode()
    path_of(version).write_bytes(gzip.compress(content, 9, mtime=0))
    return path_of(version)


def read(version: str) -> list[Exchange]:
    """Return the conversation of a version."""
    documents: list[dict[str, Any]] = json.loads(gzip.decompress(path_of(version).read_bytes()))
    return [
        Exchange(**{**one, "body": _bytes(one["body"]), "answer": _bytes(one["answer"])})
        for one in documents
    ]


def _text(body: bytes) -> str | dict[str, str]:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _bytes(text: str | dict[str, str]) -> bytes:
    return text.encode() if isinstance(text, str) else base64.b64decode(text["base64"])


def user_of(exchanges: list[Exchange]) -> str:
    """Return the name of the user whose key was used."""
    names = re.findall(rb'"entity":"([^"]+)"', b"".join(one.answer for one in exchanges))
    return str(names[0].decode())


def spoken(exchanges: list[Exchange]) -> set[str]:
    """Return what a version says, one line each: routes, and the words of GraphQL operations."""
    lines = set()
    for exchange in exchanges:
        route = re.sub(r"[^/]*\d[^/]*|(?<=/files/).*", "*", urlsplit(exchange.path).path)
        if route != "/graphql":
            lines.add(f"{exchange.method} {route}")
            continue
        query = " ".join(json.loads(exchange.body)["query"].split())
        operation = (re.findall(r"(?:query|mutation)\s+(\w+)", query) or ["anonymous"])[0]
        lines |= {f"{operation}: {word}" for word in re.findall(r"\w+", query)}
    return lines


class Names:
    """What a server calls the things that another one called otherwise: ids, URLs, versions."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, old: object, new: object) -> None:
        """Compare two answers; equal places, other ids."""
        if isinstance(old, dict) and isinstance(new, dict):
            for key in old.keys() & new.keys():
                self.learn(old[key], new[key])
        elif isinstance(old, list) and isinstance(new, list):
            for one, two in zip(old, new, strict=False):
                self.learn(one, two)
        elif isinstance(old, str) and isinstance(new, str) and _is_name(old) and old != new:
            old, new = (re.sub(r"^https?://[^/]+", "", text) for text in (old, new))
            self._names[old] = new

    def translate(self, text: str) -> str:
        """Return a text with the names that the new server gave."""
        for old in sorted(self._names, key=len, reverse=True):
            text = text.replace(old, self._names[old])
        return text


def _is_name(text: str) -> bool:
    """Whether it may name a thing: a word is what the server always says, such as a state."""
    return len(text) >= 6 and bool(re.search(r"[\d=/?]", text)) and " " not in text


def differences(old: object, new: object, where: str = "") -> Iterator[str]:
    """Yield where two answers differ in shape: keys, kinds, lengths, words; ids may be others."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key not in new or key not in old:
                yield f"{where}.{key} is only in the {'old' if key in old else 'new'} answer"
            else:
                yield from differences(old[key], new[key], f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{where} has {len(new)} items, not {len(old)}"
        for number, (one, two) in enumerate(zip(old, new, strict=False)):
            yield from differences(one, two, f"{where}[{number}]")
    elif isinstance(old, int | float) and isinstance(new, int | float):
        return
    elif type(old) is not type(new) or (old != new and not (isinstance(old, str) and _varies(old))):
        yield f"{where} is {new!r}, not {old!r}"


def _varies(text: str) -> bool:
    """Whether a text may be another at another time: a name, or JSON with times in it."""
    return _is_name(text) or text[:1] in ("{", "[")
