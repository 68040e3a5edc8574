"""YAML of strangers, read to plain values of bounded size: text, numbers, lists, mappings.

Aliases make a short text a large one: nine levels of nine `*a` are 400 million values, of which
each reader of the spec would look at every one.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from housing_sweep.errors import SpecError

LONGEST_TEXT = 2**19
"""Characters of a sweep spec; one with 10,000 values to choose from has 200,000."""

MOST_VALUES = 50_000
"""Values of a spec, those of an anchor as often as it is used."""

DEEPEST = 50
"""Levels of a spec."""

LARGEST = 2**63
"""Whole numbers end here, as those of a database and of numpy do."""

FIX = "correct the sweep YAML; the reference is W&B's page on sweep configuration"


def read_yaml(text: str) -> Mapping[str, Any]:
    """Return the mapping that a YAML text holds.

    Raises:
        SpecError: it is not YAML, not a mapping, too large, or holds what JSON cannot say.
    """
    if len(text) > LONGEST_TEXT:
        raise SpecError(
            f"the sweep spec has {len(text)} characters, {LONGEST_TEXT} are allowed", fix=FIX
        )
    try:
        content = yaml.load(text, Loader=_BoundedLoader)  # noqa: S506  it is a SafeLoader
    except RecursionError:
        raise SpecError("the sweep spec is nested too deeply", fix=FIX) from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        # A scalar that is not what its tag says ends in any of these: `!!int ""`, `2020-99-99`.
        raise SpecError(f"the sweep spec is not YAML: {error}", fix=FIX) from None
    if not isinstance(content, Mapping):
        raise SpecError(f"the sweep spec is not a mapping but {content!r:.80}", fix=FIX)
    _check(content, "")
    return content


class _BoundedLoader(yaml.SafeLoader):
    """Counts values while they are composed, before an object is made of them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._values = self._depth = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node; that of an alias counts as large as what it stands for."""
        before, is_alias = self._values, self.check_event(yaml.AliasEvent)
        self._depth += 1
        if self._depth > DEEPEST:
            raise SpecError(f"the sweep spec is nested deeper than {DEEPEST}", fix=FIX)
        node = super().compose_node(parent, index)
        self._depth -= 1
        # An alias within its own anchor has no size yet.
        self._values += self._sizes.get(id(node), MOST_VALUES) if is_alias else 1
        if self._values > MOST_VALUES:
            raise SpecError(
                f"the sweep spec has more than {MOST_VALUES} values, its aliases spelled out",
                fix=FIX,
            )
        if not is_alias:
            self._sizes[id(node)] = self._values - before
        return node


def _check(value: object, path: str) -> None:
    """Refuse what JSON, the database or UTF-8 cannot say."""
    match value:
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str | int | float | bool | None):
                    raise _odd(path, key)
                _check(key, path)
                _check(item, f"{path}.{key!s:.80}" if path else f"{key!s:.80}")
        case list():
            for item in value:
                _check(item, path)
        case str():
            if any("\ud800" <= letter <= "\udfff" for letter in value if letter > "\x7f"):
                raise SpecError(f"{path}: {value!a:.80} holds half a character", fix=FIX)
        case int() if not -LARGEST <= value < LARGEST:
            raise SpecError(f"{path}: a whole number beyond 64 bits", fix=FIX)
        case None | bool() | int() | float():
            pass
        case _:
            raise _odd(path, value)


def _odd(path: str, value: object) -> SpecError:
    return SpecError(
        f"{path or 'the spec'}: {value!r:.80} is neither text nor a number; a date needs quotes",
        fix=FIX,
    )
