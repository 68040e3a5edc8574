"""What was found in a promotion's data, as its record tells it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class DataFinding:
    """One thing that is wrong with a table, with its figures.

    Attributes:
        kind: copied_rows, gives_target_away ...
        severity: what the policy makes of it: warning, allowed or refused.
        says: a sentence for people.
        column: that it is about, or "".
        figures: such as rows and their share.
    """

    kind: str
    severity: str
    says: str
    column: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether nothing that used the table is promoted."""
        return self.severity == "refused"

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> Self:
        """Return the finding that a child process tells of."""
        figures = document.get("figures")
        return cls(
            kind=str(document.get("kind")),
            severity=str(document.get("severity")),
            says=str(document.get("says")),
            column=str(document.get("column") or ""),
            figures=figures if isinstance(figures, Mapping) else {},
        )

    def as_json(self) -> dict[str, object]:
        """Return it for records and programs."""
        return {**asdict(self), "figures": dict(self.figures)}


Findings = tuple[DataFinding, ...]
