"""What was found in a promotion's data, as its record tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class DataFinding:
    """One thing that is wrong with a table, with its figures.

    Attributes:
        kind: duplicates_across_parts, gives_target_away ...
        sentence: for people.
        refused: whether the policy of the data refuses it; else it is a warning.
        column: that it is about, or "".
        figures: such as rows and their share.
    """

    kind: str
    sentence: str
    refused: bool
    column: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> Self:
        """Return the finding that a child process tells of."""
        figures = document.get("figures")
        return cls(
            kind=str(document.get("kind")),
            sentence=str(document.get("sentence")),
            refused=document.get("severity") == "refused",
            column=str(document.get("column") or ""),
            figures=figures if isinstance(figures, Mapping) else {},
        )

    def as_json(self) -> dict[str, object]:
        """Return it for records and programs."""
        return {
            "kind": self.kind,
            "column": self.column,
            "sentence": self.sentence,
            "refused": self.refused,
            "figures": dict(self.figures),
        }


Findings = tuple[DataFinding, ...]
