"""What a challenger must show against the champion before it may take an alias."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import Enum

from housing_sweep.errors import BadInput

FEWEST_ROWS = 100
"""Test rows that neither model has seen; with fewer a comparison says nothing."""


class Require(Enum):
    """How much better a challenger must be; the values are those of `--require`."""

    BETTER = "better"  # the whole interval of the difference is below zero
    NONINFERIOR = "noninferior"  # it is below the margin
    NONE = "none"  # compared and recorded, but never refused


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule and its margin, in the target's unit; None is the problem's own."""

    require: Require = Require.BETTER
    margin: float | None = None

    @classmethod
    def parse(cls, require: str, margin: float | None) -> "Policy":
        """Return the policy that options name.

        Raises:
            BadInput: a margin that is not above zero, or belongs to no rule.
        """
        rule = Require(require)
        if rule is not Require.NONINFERIOR:
            if margin is not None:
                raise BadInput(
                    f"--margin {margin:g} has no meaning with --require {require}",
                    fix="use --require noninferior with it, or leave it out",
                )
            return cls(rule)
        if margin is not None and not 0 < margin < math.inf:
            raise BadInput(f"--margin {margin:g} is not above 0", fix="e.g. --margin 0.005")
        return cls(rule, margin)

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

    def as_json(self) -> dict[str, object]:
        """Return it for records and programs."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        models = {"challenger": self.challenger.as_json(), "champion": self.champion.as_json()}
        return {**plain, **models}


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
        f" (95 % interval {compared.low:+.4f} to {compared.high:+.4f})"
    )
    if policy.require is Require.NONE:
        return True, sentence
    if compared.rows < FEWEST_ROWS:
        return False, f"only {compared.rows} test rows are new to both models; {rule} needs 100"
    bound = policy.bound(compared.margin)
    if compared.high < bound:
        return True, sentence
    return False, f"{sentence}, not below {bound:g} as {rule} wants"
