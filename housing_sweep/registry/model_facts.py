"""What a model's record says of it: `model.json`, and the metadata of its artifact.

Parsed once, where the bytes come in. Somebody else may have written them, so nothing is believed of
their shape: every field that is missing or of another kind is named, and keys that a later version
added are kept.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from housing_sweep.errors import Refused

_SHA256 = re.compile("[0-9a-f]{64}")

DEEPEST = 20
"""Levels that a config or an unknown key may be nested; ours have two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """How a model was made, and the hashes that tell whether it still is that model.

    Attributes:
        config: the trial's, complete.
        features: names of the columns that the model sees.
        split_fingerprint: of the rows it was trained and validated on.
        best_iteration: how many iterations were kept.
        scores: on the validation rows; empty for a refit, which has seen them.
        dataset: entity/project/name:version.
        dataset_digest: of that version's manifest.
        dataset_sha256: of its table.
        dataset_source: csv, synthetic, or another one of the problem's.
        libraries: name -> version of those that decide the result, Python among them.
        model_sha256: of `model.joblib`.
        model_bytes: size of it.
        predictions_sha256: of what it predicted for the validation rows.
        code_sha256: of the modules that decide the result.
        problem: what its table is about, as `schema.json` says it.
        interval90: half the width of its prediction interval, in the target's unit; None where that
            is not known.
        refit_of: name of the model artifact whose config was fitted again for it, or "".
        rebuilt_of: name of the model artifact that was built again elsewhere, giving it, or "".
        skops_sha256: of `model.skops`, or "" where there is none.
        cpu: what decides about the last bits in a processor, or "" where that is not known.
        more: keys that this version does not know.
    """

    config: Mapping[str, object]
    features: tuple[str, ...]
    split_fingerprint: str
    best_iteration: int
    scores: Mapping[str, float]
    dataset: str
    dataset_digest: str
    dataset_sha256: str
    dataset_source: str
    libraries: Mapping[str, str]
    model_sha256: str
    model_bytes: int
    predictions_sha256: str
    code_sha256: str
    problem: Mapping[str, object]
    interval90: float | None = None
    refit_of: str = ""
    rebuilt_of: str = ""
    skops_sha256: str = ""
    cpu: str = ""
    more: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: object, where: str) -> Self:
        """Return what `model.json`, an artifact's metadata or a child's answer says.

        Args:
            document: parsed JSON.
            where: what it is, for the message: "model.json".

        Raises:
            Refused: naming every field that is missing or of another kind.
        """
        if not isinstance(document, Mapping):
            raise Refused(f"{where} holds no facts: not a model of housing-sweep")
        given = {str(name): value for name, value in document.items()}
        problems: list[str] = []
        values: dict[str, Any] = {}
        for name, (kind, reader) in _READERS.items():
            if name not in given and name in _OPTIONAL:
                continue
            try:
                values[name] = reader(given.pop(name))
            except KeyError:
                problems.append(f"{name} is missing")
            except (TypeError, ValueError, OverflowError):
                problems.append(f"{name} is not {kind}")
        problems += [f"{name} is nested too deep" for name, value in given.items() if _deep(value)]
        if problems:
            raise Refused(
                f"{where} is not what a trial of housing-sweep writes: {'; '.join(problems)}",
                fix="name another model",
            )
        return cls(**values, more=given)

    def document(self) -> dict[str, object]:
        """Return it as it stands in `model.json`; parsed again, it is the same."""
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        more = known.pop("more")
        for name in ("refit_of", "rebuilt_of", "skops_sha256", "cpu"):
            if not known[name]:
                del known[name]
        plain = {
            "config": dict(self.config),
            "problem": dict(self.problem),
            "features": list(self.features),
            "scores": dict(self.scores),
            "libraries": dict(self.libraries),
        }
        return {**more, **known, **plain}


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A dataset version: entity/project/name:version, digest of its manifest, where from."""

    name: str
    digest: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What a dataset artifact's metadata says; a foreign one says little or nothing.

    Attributes:
        sha256: of its table, or "".
        source: csv, synthetic, or another one of the problem's; or "".
        rows: how many, or None.
    """

    sha256: str = ""
    source: str = ""
    rows: int | None = None

    @classmethod
    def parse(cls, metadata: Mapping[str, object]) -> Self:
        """Return the facts; what is missing or of another kind counts as not recorded."""
        sha256, source, rows = (metadata.get(name) for name in ("sha256", "source", "rows"))
        return cls(
            sha256 if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else "",
            source if isinstance(source, str) else "",
            rows if isinstance(rows, int) and not isinstance(rows, bool) else None,
        )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _optional_text(value: object) -> str:
    return "" if value is None or value == "" else _text(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise TypeError
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _optional_number(value: object) -> float | None:
    return None if value is None else _number(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple(_text(item) for item in value)


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping) or _deep(value):
        raise TypeError
    return {str(name): item for name, item in value.items()}


def _numbers(value: object) -> Mapping[str, float]:
    return {name: _number(item) for name, item in _mapping(value).items()}


def _versions(value: object) -> Mapping[str, str]:
    return {name: _text(item) for name, item in _mapping(value).items()}


def _deep(value: object) -> bool:
    """Return whether something is nested deeper than any record of ours; never recurses."""
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [inner for item in level for inner in _inner(item)]
        if not level:
            return False
    return True


def _inner(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value


_OPTIONAL = ("interval90", "refit_of", "rebuilt_of", "skops_sha256", "cpu")
_READERS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "config": ("a mapping", _mapping),
    "features": ("a list of names", _texts),
    "split_fingerprint": ("a text", _text),
    "best_iteration": ("a whole number", _count),
    "scores": ("a mapping of finite numbers", _numbers),
    "dataset": ("a text", _text),
    "dataset_digest": ("a text", _text),
    "dataset_sha256": ("a text", _text),
    "dataset_source": ("a text", _text),
    "libraries": ("a mapping of versions", _versions),
    "model_sha256": ("a text", _text),
    "model_bytes": ("a whole number", _count),
    "predictions_sha256": ("a text", _text),
    "code_sha256": ("a text", _text),
    "problem": ("a mapping", _mapping),
    "interval90": ("a finite number", _optional_number),
    "refit_of": ("a text", _optional_text),
    "rebuilt_of": ("a text", _optional_text),
    "skops_sha256": ("a text", _optional_text),
    "cpu": ("a text", _optional_text),
}
