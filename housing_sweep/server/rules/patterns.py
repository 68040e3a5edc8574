r"""Regular expressions of strangers: found in a text in time that grows with the text. Pure.

Python's matcher tries one way after the other and cannot be interrupted: `(a+)+$` takes 2**n steps
for n letters, `.*.*.*x` n**4. Here all ways are followed at once: the pattern becomes an automaton
whose states are sets of places in it, made as a text needs them (Thompson 1968, CACM 11, 419-422).
What no automaton can do (lookarounds, references to groups, atomic groups) is left to Python's
matcher, where pattern and text are so small that its steps are few.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from housing_sweep.errors import BadInput

LONGEST_PATTERN = 300
"""Characters of a regular expression."""

MOST_PLACES = 1000
"""Places in a pattern after `x{30}` became thirty of them."""

MOST_STEPS = 5_000_000
"""Places that one text may visit beyond what was seen before; about a second."""

MOST_KEPT = 20_000
"""Transitions that one automaton remembers, about 2 MB."""

LONGEST_BACKTRACKED = 1000
"""Characters that Python's matcher may look at: two repeats take n**2 steps."""

MOST_BRANCHES = 8
"""Ways that alternatives may multiply to in a pattern that Python's matcher gets."""

_FINAL_NEWLINE, _END = "\n$", ""
"""What is read last, so that `$` knows: a newline that ends the text, and the end itself."""


def check_pattern(pattern: str) -> None:
    """Refuse what is no regular expression, or one that would cost too much.

    Raises:
        BadInput: with the reason; `what` reads on after the name of a field.
    """
    compiled(pattern)


def found_in(pattern: str, text: str) -> bool:
    """Return whether a pattern is found anywhere in a text, as `re.search` would.

    Raises:
        BadInput: the pattern is refused, or this text needs too many steps.
    """
    return compiled(pattern)(text)


@lru_cache(maxsize=128)
def compiled(pattern: str) -> Callable[[str], bool]:
    """Return the test that a pattern stands for.

    Raises:
        BadInput: it is no regular expression, or too costly.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise BadInput(
            f"a $regex of {len(pattern)} characters is too long, {LONGEST_PATTERN} are allowed"
        )
    try:
        tree = _parser.parse(pattern)
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadInput(f"$regex {pattern!r} is not a regular expression: {error}") from None
    _bound(pattern, tree)
    if _needs_backtracking(tree):
        _check_backtracked(pattern, tree)
        return lambda text: re.search(pattern, text[:LONGEST_BACKTRACKED]) is not None
    return _Automaton(tree).found_in


def _bound(pattern: str, tree: object) -> None:
    if _size(tree) > MOST_PLACES:
        raise BadInput(
            f"$regex {pattern!r} repeats too much: spelled out it has more than {MOST_PLACES} parts"
        )


def _size(tree: object) -> int:
    """Return how many places a pattern has, with every counted repeat spelled out."""
    total = 0
    for operation, argument in tree:  # type: ignore[attr-defined]
        if operation in _REPEATS:
            least, most, part = argument
            times = max(least, 1) if most is _constants.MAXREPEAT else max(most, 1)
            total += min(times * (_size(part) + 1), MOST_PLACES + 1)
        else:
            total += 1 + sum(_size(part) for part in _parts(argument))
    return total


_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_BEYOND_AUTOMATA = (
    *(_constants.ASSERT, _constants.ASSERT_NOT, _constants.GROUPREF),
    *(_constants.GROUPREF_EXISTS, _constants.ATOMIC_GROUP, _constants.POSSESSIVE_REPEAT),
)


def _parts(argument: object) -> Iterator[Sequence[tuple[object, object]]]:
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for item in argument:
            yield from _parts(item)


def _nodes(tree: object) -> Iterator[tuple[object, object]]:
    for node in tree:  # type: ignore[attr-defined]
        yield node
        for part in _parts(node[1]):
            yield from _nodes(part)


def _needs_backtracking(tree: object) -> bool:
    return any(operation in _BEYOND_AUTOMATA for operation, _ in _nodes(tree))


def _check_backtracked(pattern: str, tree: Sequence[tuple[object, object]]) -> None:
    branches = 1
    for operation, argument in _nodes(tree):
        if operation is _constants.BRANCH:
            branches *= len(argument[1])  # type: ignore[index]
    repeats = len(
        [
            argument
            for operation, argument in _nodes(tree)
            if operation in _REPEATS and argument[0] != argument[1]  # type: ignore[index]
        ]
    )
    many_lines = tree.state.flags & re.MULTILINE  # type: ignore[attr-defined]
    begins = list(tree)[:1] == [(_constants.AT, _constants.AT_BEGINNING)] and not many_lines
    if (
        repeats > (2 if begins else 1)
        or branches > MOST_BRANCHES
        or _has_choice_in_a_repeat(tree, repeated=False)
    ):
        raise BadInput(
            f"$regex {pattern!r} has a lookaround or a reference together with repeats or"
            " alternatives, which may take for ever",
            fix="do without (?=...), (?!...), (?<...) and \\1, or use $not with a plain $regex",
        )


def _has_choice_in_a_repeat(tree: object, *, repeated: bool) -> bool:
    """Return whether something that is repeated can be matched in more ways than one."""
    for operation, argument in tree:  # type: ignore[attr-defined]
        choice = operation in (_constants.BRANCH, _constants.GROUPREF_EXISTS)
        again = repeated
        if operation in _REPEATS:
            least, most, _ = argument
            choice = least != most
            again = repeated or most > 1
        if repeated and choice:
            return True
        if any(_has_choice_in_a_repeat(part, repeated=again) for part in _parts(argument)):
            return True
    return False


@dataclass(slots=True)
class _Spot:
    """One spot in a pattern: it reads a character, asks for a condition, or leads on.

    Attributes:
        reads: whether a character is taken here.
        asks: whether (before, after) allow to go on without reading.
        onward: the places behind it.
    """

    reads: Callable[[str], bool] | None = None
    asks: Callable[[str, str], bool] | None = None
    onward: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _State:
    """Everywhere that a text may have led to so far.

    Attributes:
        places: where, before conditions were asked.
        before: the character read last; "" at the beginning.
        next: character -> state after it.
    """

    places: frozenset[int]
    before: str
    next: dict[str, "_State"] = field(default_factory=dict)


_FOUND = _State(frozenset(), "")


class _Automaton:
    """A pattern as places, and the states that texts needed so far."""

    def __init__(self, tree: object) -> None:
        self._places = [_Spot()]  # the first is the end of the pattern
        flags: int = tree.state.flags  # type: ignore[attr-defined]
        self._word = _reader(_WORD, flags)
        self._start = self._all(tree, flags, 0)
        self._states: dict[tuple[frozenset[int], str], _State] = {}
        self._kept = 0

    def found_in(self, text: str) -> bool:
        """Return whether the pattern is found in a text."""
        last = _FINAL_NEWLINE if text[-1:] == "\n" else text[-1:]
        state = self._state(frozenset({self._start}), "")
        steps = 0
        for symbols in (text[:-1], (last, _END) if last else (_END,)):
            for symbol in symbols:
                try:
                    state = state.next[symbol]
                except KeyError:
                    steps += len(state.places) + 1
                    if steps > MOST_STEPS:
                        raise BadInput(
                            "a $regex takes too long on one of the texts", fix="use a simpler one"
                        ) from None
                    state = self._follow(state, symbol)
                if state is _FOUND:
                    return True
        return False

    def _follow(self, state: _State, symbol: str) -> _State:
        """Return the state after a symbol, and remember it."""
        if self._kept >= MOST_KEPT:
            self._states, self._kept = {}, 0
            state.next.clear()
        reached = self._reached(state.places, state.before, symbol)
        after = _FOUND
        if 0 not in reached:
            letter = symbol[:1]
            onward = {self._start}
            for number in reached:
                spot = self._places[number]
                if spot.reads is not None and letter and spot.reads(letter):
                    onward.update(spot.onward)
            after = self._state(frozenset(onward), self._alike(letter))
        state.next[symbol] = after
        self._kept += 1
        return after

    def _state(self, places: frozenset[int], before: str) -> _State:
        state = self._states.get((places, before))
        if state is None:
            state = self._states[places, before] = _State(places, before)
        return state

    def _alike(self, letter: str) -> str:
        """Return a character that no condition can tell from this one: fewer states."""
        if letter == "\n" or letter > "\x7f":
            return letter
        return "a" if self._word(letter) else " "

    def _reached(self, places: frozenset[int], before: str, after: str) -> set[int]:
        """Return where one may be without reading, between two symbols."""
        reached, todo = set(places), list(places)
        while todo:
            spot = self._places[todo.pop()]
            if spot.reads is not None or (spot.asks and not spot.asks(before, after)):
                continue
            for number in spot.onward:
                if number not in reached:
                    reached.add(number)
                    todo.append(number)
        return reached

    def _spot(self, *onward: int, **what: Any) -> int:
        self._places.append(_Spot(onward=list(onward), **what))
        return len(self._places) - 1

    def _all(self, tree: Any, flags: int, onward: int) -> int:
        """Add what reads a sequence and leads on; return where it begins."""
        for operation, argument in reversed(list(tree)):
            onward = self._one(operation, argument, flags, onward)
        return onward

    def _one(self, operation: object, argument: Any, flags: int, onward: int) -> int:
        if operation is _constants.SUBPATTERN:
            _, more, less, part = argument
            return self._all(part, _combined(flags, more, less), onward)
        if operation is _constants.BRANCH:
            return self._spot(*(self._all(part, flags, onward) for part in argument[1]))
        if operation in _REPEATS:
            least, most, part = argument
            return self._repeat(least, most, part, flags, onward)
        if operation is _constants.AT:
            return self._spot(onward, asks=_condition(argument, flags))
        return self._spot(onward, reads=_reader((operation, argument), flags))

    def _repeat(self, least: int, most: int, part: Any, flags: int, onward: int) -> int:
        if most is _constants.MAXREPEAT:
            again = self._spot(onward)
            self._places[again].onward.append(self._all(part, flags, again))
            begin = again
        else:
            begin = onward
            for _ in range(most - least):
                begin = self._spot(onward, self._all(part, flags, begin))
        for _ in range(least):
            begin = self._all(part, flags, begin)
        return begin


def _combined(flags: int, more: int, less: int) -> int:
    kinds = re.ASCII | re.UNICODE | re.LOCALE
    if more & kinds:
        flags &= ~kinds
    return (flags | more) & ~less


_WORD = (_constants.IN, [(_constants.CATEGORY, _constants.CATEGORY_WORD)])


def _reader(node: tuple[object, object], flags: int) -> Callable[[str], bool]:
    """Return whether a character is read by a node of one character, as Python's matcher says."""
    state = _parser.State()
    state.flags = flags
    match = _compiler.compile(_parser.SubPattern(state, [node])).match
    return lambda letter: match(letter) is not None


def _condition(kind: object, flags: int) -> Callable[[str, str], bool]:
    """Return whether (what is before, what comes) fulfil an anchor."""
    word = _reader(_WORD, flags)
    lines = bool(flags & re.MULTILINE)

    def differ(before: str, after: str) -> bool:
        return (before != "" and word(before)) != (after != "" and word(after[:1]))

    conditions: dict[object, Callable[[str, str], bool]] = {
        _constants.AT_BEGINNING: lambda before, _: before == "" or (lines and before == "\n"),
        _constants.AT_BEGINNING_STRING: lambda before, _: before == "",
        _constants.AT_END: lambda _, after: (
            after in (_END, _FINAL_NEWLINE) or (lines and after == "\n")
        ),
        _constants.AT_END_STRING: lambda _, after: after == _END,
        _constants.AT_BOUNDARY: differ,
        # As in Python below 3.14, where an empty text has no spot that is no boundary.
        _constants.AT_NON_BOUNDARY: lambda before, after: (
            not differ(before, after) and (before, after) != ("", _END)
        ),
    }
    return conditions[kind]
