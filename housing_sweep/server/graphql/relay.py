"""Relay's conventions, shared by every noun: ids, connections, cursors."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLResolveInfo

from housing_sweep.errors import BadInput
from housing_sweep.server.services.context import Context

Info = GraphQLResolveInfo[Context]
"""What a resolver gets beside its source: `info.context` is the request's `Context`."""

Resolvers = Mapping[str, Mapping[str, Callable[..., Any]]]
"""`{type: {field: resolver}}`, what every noun's file exports as `RESOLVERS`."""

_BEYOND_ROWS = 2**63
"""SQLite's integers end here."""

MAX_PAGE = 10_000
DEFAULT_PAGE = 100


def to_id(kind: str, number: int | str) -> str:
    """Return an opaque id: standard base64, because wandb-core decodes artifact ids.

    `Project`, `User` and `Entity` ids must decode to `Kind:<int>` (the client parses them).
    """
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def from_id(kind: str | tuple[str, ...], opaque: str) -> int:
    """Return the number inside an id of one of the given kinds.

    Raises:
        BadInput: it is not such an id.
    """
    kinds = (kind,) if isinstance(kind, str) else kind
    try:
        name, _, number = base64.b64decode(opaque, validate=True).decode().partition(":")
        if name in kinds and abs(int(number)) < _BEYOND_ROWS:
            return int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise BadInput(f"{opaque!r} is not the id of a {' or '.join(kinds)}")


@dataclass(frozen=True, slots=True)
class Edge:
    """One row and the cursor that continues after it."""

    node: Any
    cursor: str


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where the next page starts; equal to the last edge's cursor."""

    end_cursor: str | None
    has_next_page: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """One page of rows. `total_count` counts all pages, where the caller knows it."""

    edges: list[Edge]
    page_info: PageInfo
    total_count: int | None = None


def page_size(first: int | None) -> int:
    """Return how many rows a page holds, bounded."""
    return max(0, min(DEFAULT_PAGE if first is None else first, MAX_PAGE))


def connection(edges: Sequence[Edge], first: int, total_count: int | None = None) -> Connection:
    """Return the first `first` of `edges`, of which the caller read one more than it needs."""
    page = list(edges[:first])
    end = page[-1].cursor if page else None
    return Connection(page, PageInfo(end, len(edges) > first), total_count)


def offset_page(
    rows: Sequence[object], after: str | None, first: int | None, total: int | None = None
) -> Connection:
    """Return a page of rows that are all in memory (few by nature); cursors are positions."""
    start, size = offset_of(after), page_size(first)
    edges = [Edge(row, to_cursor(start + i + 1)) for i, row in enumerate(rows[start:][: size + 1])]
    return connection(edges, size, len(rows) if total is None else total)


def tag(name: str) -> dict[str, str]:
    """Return a tag's node."""
    return {"id": to_id("Tag", name), "name": name}


def to_cursor(position: int) -> str:
    """Return the cursor of a position."""
    return base64.b64encode(f"at:{position}".encode()).decode()


def offset_of(cursor: str | None) -> int:
    """Return the position a cursor stands for; none is the beginning.

    Raises:
        BadInput: the cursor is not one of ours.
    """
    return from_id("at", cursor) if cursor else 0
