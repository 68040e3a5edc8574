"""What one query may cost: how large its text is, how far its fragments multiply, what it answers.

A text is refused before it is validated, whose time grows with the square of the fields that lie
side by side. An execution ends at its first step beyond the budget: what a page holds, and how
long a search takes, no text tells.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from graphql import DocumentNode, Executor, FragmentDefinitionNode, GraphQLError, SelectionSetNode
from graphql.language import FieldNode, FragmentSpreadNode, Visitor, visit

from housing_sweep.errors import BadInput
from housing_sweep.server.store.db import Connection

LONGEST_QUERY = 256 * 2**10
"""Characters of one query's text. The SDK's longest has 6,000; data comes in variables."""

MOST_TOKENS = 20_000
"""Words and signs of one text, for who writes data into it."""

MOST_FIELDS = 1000
"""Fields of one text, those of a fragment as often as it is used. The SDK's largest has 150."""

DEEPEST_FIELDS = 30
"""Levels of fields within fields; the SDK's deepest has 12, a full introspection 14."""

MOST_RESOLVED = 1_000_000
"""Fields of one answer, 5 to 10 s of work: 10,000 runs, the largest page, with 100 fields each."""

LONGEST_ANSWER = 128 * 2**20
"""Characters in one answer."""

LONGEST_SECONDS = 30.0
"""What a query may take; the SDK waits 20 s."""

_STEPS_BETWEEN_LOOKS = 50_000
"""SQLite's steps between two looks at the clock, about 1 ms."""

_COST_OF_ERROR = 500
"""Fields that one error counts as: an answer has 2,000 of them at most."""

_FIX = "ask for less at once: fewer fields, fewer aliases, smaller pages"


def check_document(document: DocumentNode) -> None:
    """Refuse a text that asks for too much.

    Raises:
        GraphQLError: it has too many fields, or too many levels of them.
    """
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    measure = _Measure(fragments)
    fields = 0
    for definition in document.definitions:
        selections = getattr(definition, "selection_set", None)
        if selections is not None:
            fields += measure.of(selections)[0]
    if fields > MOST_FIELDS:
        raise GraphQLError(
            f"the query has {fields} fields with those of its fragments, {MOST_FIELDS} are"
            f" allowed\n  fix: {_FIX}"
        )


class _Measure:
    """How many fields a selection has and how deep they go, fragments spelled out."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, tuple[int, int]] = {}

    def of(self, selections: SelectionSetNode, depth: int = 0) -> tuple[int, int]:
        """Return (fields, levels below).

        Raises:
            GraphQLError: the levels are too many.
        """
        if depth > DEEPEST_FIELDS:
            raise _too_deep()
        fields = levels = 0
        for selection in selections.selections:
            inner = getattr(selection, "selection_set", None)
            if isinstance(selection, FragmentSpreadNode):
                more, below = self._fragment(selection.name.value, depth)
            elif isinstance(selection, FieldNode):
                more, below = self.of(inner, depth + 1) if inner is not None else (0, 0)
                more, below = more + 1, below + 1
            else:
                more, below = self.of(inner, depth + 1) if inner is not None else (0, 0)
            fields, levels = fields + more, max(levels, below)
        if levels > DEEPEST_FIELDS:
            raise _too_deep()
        return fields, levels

    def _fragment(self, name: str, depth: int) -> tuple[int, int]:
        if name not in self._known:
            self._known[name] = (0, 0)  # one that contains itself is refused by validation
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._known[name] = self.of(fragment.selection_set, depth + 1)
        return self._known[name]


def _too_deep() -> GraphQLError:
    return GraphQLError(f"the query is nested deeper than {DEEPEST_FIELDS} levels\n  fix: {_FIX}")


class Exhausted(BaseException):
    """The budget is used up. No `Exception`: the executor would go on with the next field."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.error = BadInput(what, fix=_FIX)


@dataclass(slots=True)
class Budget:
    """What one execution has left.

    Attributes:
        ends_at: monotonic time in seconds.
    """

    ends_at: float
    fields: int = MOST_RESOLVED
    characters: int = LONGEST_ANSWER

    @classmethod
    def new(cls) -> "Budget":
        """Return a whole budget that begins now."""
        return cls(time.monotonic() + LONGEST_SECONDS)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.ends_at

    def take(self, fields: int) -> None:
        """Count fields, before they are resolved."""
        self.fields -= fields
        if self.fields < 0:
            raise Exhausted(f"this query answers with more than {MOST_RESOLVED} fields")
        if self.is_over:
            raise Exhausted(f"this query takes longer than {LONGEST_SECONDS:g} s")

    def take_text(self, characters: int) -> None:
        """Count characters of the answer."""
        self.characters -= characters
        if self.characters < 0:
            raise Exhausted(f"this query answers with more than {LONGEST_ANSWER} characters")

    @contextmanager
    def bounding(self, db: Connection) -> Iterator[None]:
        """End SQLite's work in this block, too, when the time is up."""
        db.set_progress_handler(lambda: self.is_over, _STEPS_BETWEEN_LOOKS)
        try:
            yield
        finally:
            db.set_progress_handler(None, 0)


class BoundedExecutor(Executor[Any]):
    """Counts what it resolves against the budget that the context's cache holds."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._budget: Budget = self.context_value.cache[Budget]

    def execute_fields(self, parent_type: Any, source_value: Any, path: Any, *rest: Any) -> Any:
        """Resolve the fields of one object."""
        self._budget.take(len(rest[0]))
        return super().execute_fields(parent_type, source_value, path, *rest)

    def handle_field_error(self, *args: Any) -> None:
        """Record that a field failed, which costs as much as many that do not."""
        self._budget.take(_COST_OF_ERROR)
        super().handle_field_error(*args)

    def complete_leaf_value(self, return_type: Any, result: Any) -> Any:  # type: ignore[override]
        """Return a scalar as it goes out."""
        value = super().complete_leaf_value(return_type, result)
        if isinstance(value, str | dict | list):
            self._budget.take_text(len(value))
        return value


class CompiledTexts:
    """What was compiled of each text, the least recently used forgotten first.

    Args:
        compile: text -> (what came of it, how many nodes it has).
        most_bytes: of memory, about; a node takes `NODE_BYTES`.
    """

    NODE_BYTES = 600

    def __init__(self, compile: Callable[[str], tuple[Any, int]], most_bytes: int) -> None:
        self._compile, self._most = compile, most_bytes
        self._known: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()
        self.bytes = 0

    def get(self, text: str) -> Any:
        """Return what a text compiles to."""
        with self._lock:
            if text in self._known:
                self._known.move_to_end(text)
                return self._known[text][0]
        outcome, nodes = self._compile(text)
        size = len(text) + nodes * self.NODE_BYTES
        with self._lock:
            if size <= self._most // 8 and text not in self._known:
                self._known[text] = outcome, size
                self.bytes += size
                while self.bytes > self._most:
                    _, (_, dropped) = self._known.popitem(last=False)
                    self.bytes -= dropped
        return outcome

    def __len__(self) -> int:
        return len(self._known)


def nodes_of(document: DocumentNode) -> int:
    """Return how many nodes a document has."""
    counter = _Counter()
    visit(document, counter)
    return counter.nodes


class _Counter(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.nodes = 0

    def enter(self, *_: object) -> None:
        self.nodes += 1
