"""Whether a model built again is the model that was recorded; and if not, what may be the cause."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.verification import SCORES, library_differences

BITS = ("split_fingerprint", "predictions_sha256", "model_sha256")
"""Facts that must be equal to the last bit."""


class Outcome(Enum):
    """What building it again showed."""

    IDENTICAL = "identical"
    ENVIRONMENT = "environment differs"  # other libraries than recorded
    CODE = "code differs"  # the same libraries, but not the code that was recorded
    MISMATCH = "mismatch"  # same data, code and libraries, another result: the record is wrong


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: what was recorded, and what came out now."""

    name: str
    recorded: object
    rebuilt: object

    @property
    def same(self) -> bool:
        """Whether they are equal, scores to the last bit too."""
        return self.recorded == self.rebuilt


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A model built again, beside its record.

    Attributes:
        model: name of the artifact.
        lines: the facts compared.
        libraries: those whose version differs: `numpy 2.4.0, here 2.3.1`.
        code: where the code came from, in words.
        same_code: whether the modules that decide the result are those recorded.
    """

    model: str
    lines: tuple[Line, ...]
    libraries: tuple[str, ...]
    code: str
    same_code: bool

    @property
    def outcome(self) -> Outcome:
        """Return what building it again showed; differing causes count only if bits differ."""
        if all(line.same for line in self.lines):
            return Outcome.IDENTICAL
        if self.libraries:
            return Outcome.ENVIRONMENT
        return Outcome.MISMATCH if self.same_code else Outcome.CODE

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "model": self.model,
            "outcome": self.outcome.value,
            "facts": [
                {"name": one.name, "recorded": one.recorded, "found": one.rebuilt, "same": one.same}
                for one in self.lines
            ],
            "libraries": list(self.libraries),
            "code": self.code,
            "same_code": self.same_code,
        }


def compare(model: str, recorded: ModelFacts, rebuilt: ModelFacts, code: str) -> Reproduction:
    """Return a reproduction from two `model.json`: the recorded one and the new one."""
    return Reproduction(
        model=model,
        lines=tuple(_lines(recorded, rebuilt)),
        libraries=library_differences(recorded.libraries, rebuilt.libraries),
        code=code,
        same_code=recorded.code_sha256 == rebuilt.code_sha256,
    )


def _lines(recorded: ModelFacts, rebuilt: ModelFacts) -> Iterator[Line]:
    for name in SCORES:
        if name in recorded.scores:
            yield Line(name, recorded.scores[name], rebuilt.scores.get(name))
    for name in BITS:
        yield Line(name, getattr(recorded, name), getattr(rebuilt, name))
