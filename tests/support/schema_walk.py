"""A walk through the schema: every field that returns an object, asked as this or that user.

From each root it goes on through every object that it is given, one object at a time, until no
field gives one that it has not seen. What came from where is kept, for a test to judge.
"""

import base64
import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

from housing_sweep.server.graphql import decisions
from housing_sweep.server.store.failures import as_ours
from tests.support.inprocess import House

Composite = GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType

IDENTITY = {
    "File": "id name",
    "Member": "id username",
    "ClientIDMapping": "serverID",
    "Tag": "name",
}
"""What tells objects of a type apart, where it is no `id`."""


@dataclass(frozen=True, slots=True)
class Step:
    """From an object to the next: the field as it is asked, and which of its answers is meant."""

    text: str
    pages: bool
    index: int
    kind: str


@dataclass
class Seen:
    """What one user was given.

    Attributes:
        by_field: `Type.field` -> the objects it gave, as `Type:name`; empty if it was asked only.
        open: the objects that said more than their names.
        objects: all objects, with what was read of each.
        bugs: errors that are none of ours.
    """

    by_field: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    open: set[str] = field(default_factory=set)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    bugs: list[str] = field(default_factory=list)

    def of(self, kind: str) -> set[str]:
        """Return what the objects of one type that said more than their names are called."""
        return {name.partition(":")[2] for name in self.open if name.startswith(f"{kind}:")}


class Walk:
    """Walks of several users through one house.

    Args:
        house: the server.
        roots: the fields of `Query` as they shall be asked.
        arguments: `Type.field` -> its arguments, each way it shall be asked; a field with required
            ones must be here.
    """

    def __init__(
        self, house: House, roots: list[str], arguments: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.house, self.roots, self.arguments = house, roots, arguments
        self.schema: GraphQLSchema = house.api.schema

    def run(self, who: str) -> Seen:
        """Walk as one user."""
        seen, queue = Seen(), []
        query = self.schema.query_type
        assert query is not None
        expanded: set[object] = set()
        for text in self.roots:
            name = text.partition("(")[0]
            queue += self._ask(who, seen, query, [(text, name)], [])
        while queue:
            key, path = queue.pop(0)
            if key in expanded:
                continue
            expanded.add(key)
            kind = self.schema.type_map[path[-1].kind]
            assert isinstance(kind, GraphQLObjectType)
            queue += self._ask(who, seen, kind, list(self._ways(kind)), path)
        return seen

    def _ways(self, kind: GraphQLObjectType) -> Iterator[tuple[str, str]]:
        """Yield each field of a type that returns an object, as it is asked, with its name."""
        for name, one in kind.fields.items():
            if is_leaf_type(get_named_type(one.type)):
                continue
            needs = [n for n, a in one.args.items() if is_required_argument(a)]
            ways = self.arguments.get(f"{kind.name}.{name}", () if needs else ("",))
            assert ways, f"tell the walk how to ask {kind.name}.{name}({', '.join(needs)})"
            for way in ways:
                yield f"{name}{way}", name

    def _ask(
        self,
        who: str,
        seen: Seen,
        kind: GraphQLObjectType,
        ways: list[tuple[str, str]],
        path: list[Step],
    ) -> list[tuple[object, list[Step]]]:
        """Ask an object for its fields; note what came, and return the ways on."""
        fields = [
            f"a{number}: {text} {self._selection(kind, name)}"
            for number, (text, name) in enumerate(ways)
        ]
        text = " ".join([*(self._leaves(kind) if path else ()), *fields])
        for step in reversed(path):
            inner = f"{{ ... on {step.kind} {{ {text} }} }}"
            text = f"{step.text} {f'{{ edges {{ node {inner} }} }}' if step.pages else inner}"
        result = self.house.api.execute(f"{{ {text} }}", {}, None, self.house.context(who))
        for error in result.errors or ():
            if error.original_error is None or as_ours(error.original_error) is None:
                seen.bugs.append(f"{error.message} at {error.path}: {text[:300]}")
        here: Any = result.data
        for step in path:
            here = _follow(here, step)
        if not isinstance(here, dict):
            return []
        if path:
            self._note(seen, kind, here, ways)
        onward: list[tuple[object, list[Step]]] = []
        for number, (field_text, name) in enumerate(ways):
            label = f"{kind.name}.{name}"
            seen.by_field.setdefault(label, set())
            pages = self._pages(kind, name)
            for index, item in enumerate(_items(here.get(f"a{number}"), pages)):
                if item is None:
                    continue
                told = name_of(item)
                seen.by_field[label].add(told)
                step = Step(field_text, pages, index, item["__typename"])
                key = (told, label if (kind.name, name) in decisions.NAMED else None)
                if decisions.decision_of(item["__typename"]) in ("asked", "part"):
                    onward.append((key, [*path, step]))
        return onward

    def _note(self, seen: Seen, kind: GraphQLObjectType, here: Any, ways: Any) -> None:
        """Keep what was read of an object, and whether it is more than its name."""
        told = name_of({"__typename": kind.name, **here})
        facts = {name: here.get(name) for name in self._leaves(kind)}
        filled = {name for name, value in facts.items() if value not in (None, [], "{}", "")}
        for number, (_, name) in enumerate(ways):
            if any(_items(here.get(f"a{number}"), self._pages(kind, name))):
                filled.add(name)
        seen.objects[told] = {**seen.objects.get(told, {}), **facts}
        if filled - {"__typename"} - decisions.NAMES.get(kind.name, frozenset()):
            seen.open.add(told)

    def _leaves(self, kind: GraphQLObjectType) -> list[str]:
        plain = [
            name
            for name, one in kind.fields.items()
            if is_leaf_type(get_named_type(one.type))
            and not any(is_required_argument(argument) for argument in one.args.values())
        ]
        return [*plain, "__typename"]

    def _pages(self, kind: GraphQLObjectType, name: str) -> bool:
        return str(get_named_type(kind.fields[name].type)).endswith("Connection")

    def _selection(self, kind: GraphQLObjectType, name: str) -> str:
        inner = get_named_type(kind.fields[name].type)
        if self._pages(kind, name):
            assert isinstance(inner, GraphQLObjectType)
            edge = get_named_type(inner.fields["edges"].type)
            assert isinstance(edge, GraphQLObjectType)
            node = get_named_type(edge.fields["node"].type)
            assert isinstance(node, Composite)
            return f"{{ edges {{ node {self._identity(node)} }} }}"
        assert isinstance(inner, Composite)
        return self._identity(inner)

    def _identity(self, kind: Composite) -> str:
        if is_abstract_type(kind):
            members = self.schema.get_possible_types(kind)
            parts = [f"... on {member.name} {self._identity(member)}" for member in members]
            return f"{{ __typename {' '.join(parts)} }}"
        assert isinstance(kind, GraphQLObjectType)
        if kind.name in IDENTITY:
            return f"{{ __typename {IDENTITY[kind.name]} }}"
        if "id" in kind.fields:
            return "{ __typename id }"
        parts = []
        for name, one in kind.fields.items():
            inner = get_named_type(one.type)
            parts.append(
                f"{name} {self._identity(inner)}" if isinstance(inner, Composite) else name
            )
        return f"{{ __typename {' '.join(parts)} }}"


def name_of(item: Mapping[str, Any]) -> str:
    """Return what an object is called in a walk: its type, and its id or what stands for it."""
    names = ("id", "serverID", "username", "name")
    told = str(next((item[n] for n in names if item.get(n)), ""))
    with contextlib.suppress(ValueError):
        kind, _, number = base64.b64decode(told, validate=True).decode().partition(":")
        # Files are of runs, of versions, and the bodies of manifests; each counts on its own.
        told = {"File": "run-", "ArtifactManifestFile": "manifest-"}.get(kind, "") + number
    return f"{item['__typename']}:{told}"


def _items(value: Any, pages: bool) -> list[Any]:
    if value is None:
        return []
    if pages:
        return [edge["node"] for edge in value["edges"]]
    return value if isinstance(value, list) else [value]


def _follow(here: Any, step: Step) -> Any:
    """Return where a step leads in an answer; what is not there (any more) is None."""
    if not isinstance(here, dict):
        return None
    items = _items(here.get(step.text.partition("(")[0]), step.pages)
    return items[step.index] if step.index < len(items) else None
