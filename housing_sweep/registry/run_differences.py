"""What differs between runs: code, data, config, environment, metrics."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ASPECTS = ("code", "data", "config", "environment", "metrics")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as its record tells it.

    Attributes:
        path: entity/project/id.
        name: what people see.
        state: finished, failed, ...
        aspects: aspect -> name -> value; a value that is not recorded is left out.
    """

    path: str
    name: str
    state: str
    aspects: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing, and its value in each run; None where it is not recorded."""

    name: str
    values: tuple[object, ...]

    @property
    def differs(self) -> bool:
        """Whether some two runs disagree; NaN agrees with NaN."""
        return any(not _same(self.values[0], value) for value in self.values[1:])

    @property
    def change(self) -> float | None:
        """The last value minus the first, where both are finite numbers."""
        first, last = self.values[0], self.values[-1]
        if not (_is_number(first) and _is_number(last)):
            return None
        return float(str(last)) - float(str(first))


@dataclass(frozen=True, slots=True)
class Difference:
    """Several runs side by side.

    Attributes:
        runs: in the order asked for.
        rows: aspect -> everything recorded in some run, sorted by name.
    """

    runs: tuple[RunRecord, ...]
    rows: Mapping[str, tuple[Row, ...]]

    def differing(self, aspect: str) -> tuple[Row, ...]:
        """Return an aspect's rows that are not the same in all runs."""
        return tuple(row for row in self.rows[aspect] if row.differs)

    @property
    def verdict(self) -> str:
        """Return in one sentence which aspects differ."""
        inputs = [aspect for aspect in ASPECTS[:-1] if self.differing(aspect)]
        results = bool(self.differing("metrics"))
        if not inputs:
            return (
                "same code, data, config and environment, yet other metrics"
                if results
                else "nothing that is recorded differs"
            )
        said = ", ".join(inputs[:-1]) + (" and " if len(inputs) > 1 else "") + inputs[-1]
        return (
            f"{said} differ"
            + ("" if len(inputs) > 1 else "s")
            + ("" if results else "; the metrics do not")
        )

    def as_json(self) -> dict[str, object]:
        """Return it for programs: everything, and per row whether it differs."""
        return {
            "verdict": self.verdict,
            "runs": [{"path": r.path, "name": r.name, "state": r.state} for r in self.runs],
            **{
                aspect: [
                    {"name": row.name, "values": list(row.values), "differs": row.differs}
                    for row in self.rows[aspect]
                ]
                for aspect in ASPECTS
            },
        }


def diff(runs: Sequence[RunRecord]) -> Difference:
    """Return runs side by side.

    Raises:
        ValueError: there are fewer than two.
    """
    if len(runs) < 2:
        raise ValueError("need two runs or more")
    rows = {}
    for aspect in ASPECTS:
        values = [run.aspects.get(aspect, {}) for run in runs]
        names = sorted({name for one in values for name in one})
        rows[aspect] = tuple(Row(name, tuple(one.get(name) for one in values)) for name in names)
    return Difference(tuple(runs), rows)


def _same(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    # 1 and 1.0 are one value in a config: JSON does not tell them apart; True and 1 are two.
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
