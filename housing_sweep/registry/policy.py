"""What a challenger must show against the champion before it may take an alias."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import Enum

from housing_sweep.errors import BadInput

FEWEST_ROWS = 100
"""Test rows that neither model has seen; with fewer a comparison says nothing."""

FEWEST_UNITS = 10
"""Cells on the hard split; a bootstrap of fewer knows too little of how they differ."""


class Require(Enum):
    """How much better a challenger must be; the values are those of `--require`."""

    BETTER = "better"  # the whole interval of the difference is below zero
    NONINFERIOR = "noninferior"  # it is below the margin
    NONE = "none"  # compared and recorded, but never refused


class Guard(Enum):
    """Where else a challenger must not be worse; the values are those of `--guard`."""

    HARD = "hard"  # on the hard split: no worse, or the interval is below the guard's margin
    NONE = "none"  # measured and recorded where asked, but never refused


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule and a guard; margins are in the target's unit, None is the problem's own."""

    require: Require = Require.BETTER
    margin: float | None = None
    guard: Guard = Guard.HARD

    @classmethod
    def parse(
        cls,
        require: str,
        margin: float | None,
        guard: str | None = None,
        *,
        hard_measured: bool = True,
    ) -> "Policy":
        """Return the policy that options name.

        Args:
            require: better, noninferior or none.
            margin: of noninferior.
            guard: hard or none. None: hard, unless nothing is required or measured there.
            hard_measured: whether both models are fitted on the hard split, too.

        Raises:
            BadInput: a margin that is not above zero, or belongs to no rule; a guard over what is
                not measured.
        """
        rule = Require(require)
        if guard is None:
            watched = hard_measured and rule is not Require.NONE
            kind = Guard.HARD if watched else Guard.NONE
        else:
            kind = Guard(guard)
        if kind is Guard.HARD and not hard_measured:
            raise BadInput(
                "--guard hard judges what --no-spatial does not measure",
                fix="leave one of them out",
            )
        if margin is not None and rule is not Require.NONINFERIOR:
            raise BadInput(
                f"--margin {margin:g} has no meaning with --require {require}",
                fix="use --require noninferior with it, or leave it out",
            )
        if margin is not None and not 0 < margin < math.inf:
            raise BadInput(f"--margin {margin:g} is not above 0", fix="e.g. --margin 0.005")
        return cls(rule, margin, kind)

    def bound(self, margin: float) -> float:
        """Return what the upper end of the interval must stay below.

        Args:
            margin: the problem's own.
        """
        if self.require is not Require.NONINFERIOR:
            return 0.0
        return margin if self.margin is None else self.margin


@dataclass(frozen=True, slots=True)
class HardSplit:
    """The test RMSE of a config where what is really new is held out.

    Attributes:
        kind: of the split: spatial.
        rmse: in the target's unit.
    """

    kind: str
    rmse: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One model on the test rows of a comparison; errors in the target's unit.

    Attributes:
        name: of the model.
        rmse, mae, r2: on the rows.
        slices: how the rows were parted -> lists of {name, rows, rmse, bias}.
        latency_ms: one row, median.
        rows_per_second: when many are predicted at once.
        bytes: size of `model.joblib`.
        hard: the same config on the hard split, or None.
    """

    name: str
    rmse: float
    mae: float
    r2: float
    slices: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)
    latency_ms: float | None = None
    rows_per_second: float | None = None
    bytes: int | None = None
    hard: HardSplit | None = None

    def score(self, metric: str) -> float:
        """Return rmse or mae."""
        return {"rmse": self.rmse, "mae": self.mae}[metric]

    def as_json(self) -> dict[str, object]:
        """Return it for records: each slice under `by_...`, the hard split also as it was first.

        `spatial_rmse` is what records had when there was one hard split.
        """
        plain = {name: getattr(self, name) for name in _PLAIN}
        slices = {f"by_{kind}": list(parts) for kind, parts in self.slices.items()}
        spatial = self.hard.rmse if self.hard and self.hard.kind == "spatial" else None
        return {
            **plain,
            **slices,
            "slices": list(self.slices),
            "hard_split": asdict(self.hard) if self.hard else None,
            "spatial_rmse": spatial,
        }


_PLAIN = ("name", "rmse", "mae", "r2", "latency_ms", "rows_per_second", "bytes")


@dataclass(frozen=True, slots=True)
class HardComparison:
    """Both configs where what is really new is held out, on the same rows.

    Attributes:
        kind: of the split: spatial.
        challenger, champion: the comparison's metric of each, in the target's unit.
        rows: test rows compared on.
        units: what they belong to: cells. The interval draws these, not rows.
        low, difference, high: challenger less champion, with its 95 % interval.
        margin: the problem's: what may be lost here.
    """

    kind: str
    challenger: float
    champion: float
    rows: int
    units: int
    low: float
    difference: float
    high: float
    margin: float


@dataclass(frozen=True, slots=True)
class SliceDifference:
    """Both models on a part of the rows of a comparison.

    Attributes:
        kind, name: how the rows were parted, and which part: decile, `1: 0.15 to 0.82`.
        rows: of this part.
        low, difference, high: metric of challenger less champion, with an interval that holds for
            all parts together in 95 % of cases.
        worse: whether the challenger is clearly worse here.
    """

    kind: str
    name: str
    rows: int
    low: float
    difference: float
    high: float
    worse: bool = False

    @property
    def label(self) -> str:
        """Return it for people."""
        return f"{self.kind} {self.name}".replace("_", " ")


@dataclass(frozen=True, slots=True)
class WithoutCopies:
    """The same comparison on test rows that have no copy in what the challenger was fitted on.

    Attributes:
        copies: test rows that are left out, their inputs being those of a row that was fitted on.
        challenger, champion: the comparison's metric on the others, in the target's unit.
    """

    copies: int
    challenger: float
    champion: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A challenger against the champion (or, the first time, a baseline) on rows new to both.

    Attributes:
        challenger, champion: their figures.
        rows: test rows compared on.
        low, difference, high: metric of challenger less champion, with its 95 % interval.
        mean_rmse: of the mean training target on the same rows, for scale.
        first: whether nothing held the alias, and the champion is the baseline.
        metric: what is compared, rmse or mae.
        unit: of the target.
        margin: the problem's: a difference that does not matter.
        hard: both where what is really new is held out; None where that was not measured.
        slices: both on parts of the rows.
        note: why the baseline stands in for a champion, or "".
        without_copies: both without the rows that training has, too; None where there are none.
    """

    challenger: Figures
    champion: Figures
    rows: int
    low: float
    difference: float
    high: float
    mean_rmse: float
    first: bool = False
    metric: str = "rmse"
    unit: str = ""
    margin: float = 0.0
    hard: HardComparison | None = None
    slices: Sequence[SliceDifference] = ()
    note: str = ""
    without_copies: WithoutCopies | None = None

    @property
    def worse_slices(self) -> list[SliceDifference]:
        """Where the challenger is clearly worse, the worst first."""
        worse = [part for part in self.slices if part.worse]
        return sorted(worse, key=lambda part: -part.difference)

    def as_json(self) -> dict[str, object]:
        """Return it for records and programs."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            **plain,
            "challenger": self.challenger.as_json(),
            "champion": self.champion.as_json(),
            "hard": asdict(self.hard) if self.hard else None,
            "slices": [asdict(part) for part in self.slices],
            "worse_slices": [part.label for part in self.worse_slices],
            "without_copies": asdict(self.without_copies) if self.without_copies else None,
        }


@dataclass(frozen=True, slots=True)
class NoComparison:
    """Why two models could not be compared."""

    reason: str
    challenger: Figures | None = field(default=None)

    def as_json(self) -> dict[str, object]:
        """Return it for records and programs."""
        challenger = self.challenger.as_json() if self.challenger else None
        return {"reason": self.reason, "challenger": challenger}


def earned(policy: Policy, compared: Comparison | NoComparison) -> tuple[bool, str]:
    """Return whether a challenger has earned the alias, and the sentence that says why."""
    rule = f"--require {policy.require.value}"
    if isinstance(compared, NoComparison):
        if policy.require is Require.NONE:
            return True, f"not compared: {compared.reason}"
        return False, f"{compared.reason}; {rule} needs a comparison"
    one, other = compared.challenger, compared.champion
    metric = compared.metric
    sentence = (
        f"test {metric.upper()} {one.score(metric):.4f} against {other.score(metric):.4f} of"
        f" {other.name} on {compared.rows} rows: {compared.difference:+.4f}"
        f" (95 % interval {compared.low:+.4f} to {compared.high:+.4f}){_worse(compared)}"
        f"{_copied(compared)}{f' ({compared.note})' if compared.note else ''}"
    )
    if policy.require is Require.NONE:
        return True, sentence
    if compared.rows < FEWEST_ROWS:
        return False, f"only {compared.rows} test rows are new to both models; {rule} needs 100"
    bound = policy.bound(compared.margin)
    if compared.high < bound:
        return True, sentence
    return False, f"{sentence}, not below {bound:g} as {rule} wants"


def _copied(compared: Comparison) -> str:
    one = compared.without_copies
    if one is None:
        return ""
    return (
        f"; without the {one.copies} rows that have a copy in training"
        f" {one.challenger:.4f} against {one.champion:.4f}"
    )


def guarded(policy: Policy, compared: Comparison | NoComparison) -> tuple[bool, str] | None:
    """Return whether a challenger is no worse on the hard split, and the sentence that says why.

    It passes if the difference is not above zero, or else all of its interval is below the margin.
    A split holds out few places, so intervals are wide: measured on ten splits, where the interval
    alone decides, a model that is better by 0.056 passes on 7; this way on 9, with 18 of 20 that
    are worse by 0.02 refused either way. None where nothing was measured there.
    """
    if isinstance(compared, NoComparison) or compared.hard is None:
        return None
    hard = compared.hard
    where, units = HARD_WORDS.get(hard.kind, ("on the hard split", "groups"))
    sentence = (
        f"{where} {compared.metric.upper()} {hard.challenger:.4f} against {hard.champion:.4f} on"
        f" {hard.rows} rows of {hard.units} {units}: {hard.difference:+.4f}"
        f" (95 % interval {hard.low:+.4f} to {hard.high:+.4f})"
    )
    if policy.guard is Guard.NONE:
        return True, f"{sentence}, not guarded"
    if hard.units < FEWEST_UNITS:
        return False, f"{sentence}; --guard hard needs {FEWEST_UNITS} {units}"
    if hard.difference <= 0 or hard.high < hard.margin:
        return True, sentence
    return False, f"{sentence}, not below {hard.margin:g} as --guard hard wants"


HARD_WORDS = {"spatial": ("in places never seen", "cells")}
"""Kind of a hard split -> what it holds out, and the units it keeps together."""


def _worse(compared: Comparison) -> str:
    worse = compared.worse_slices
    named = ", ".join(f"{part.label} ({part.difference:+.4f}, {part.rows} rows)" for part in worse)
    return f"; clearly worse in {named}" if worse else ""
