"""What a challenger must show against the champion before it may take an alias."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum

from housing_sweep.errors import BadInput

DEFAULT_MARGIN = 0.005
"""In 100,000 USD: 500 USD of RMSE, about one standard error of a difference on 4,128 rows."""

FEWEST_ROWS = 100
"""Test rows that neither model has seen; with fewer a comparison says nothing."""


class Require(Enum):
    """How much better a challenger must be; the values are those of `--require`."""

    BETTER = "better"  # the whole interval of the RMSE difference is below zero
    NONINFERIOR = "noninferior"  # it is below the margin
    NONE = "none"  # compared and recorded, but never refused


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule and its margin, in 100,000 USD."""

    require: Require = Require.BETTER
    margin: float = 0.0

    @classmethod
    def parse(cls, require: str, margin: float | None) -> "Policy":
        """Return the policy that options name.

        Raises:
            BadInput: a margin that is negative or belongs to no rule.
        """
        rule = Require(require)
        if rule is not Require.NONINFERIOR:
            if margin is not None:
                raise BadInput(
                    f"--margin {margin:g} has no meaning with --require {require}",
                    fix="use --require noninferior with it, or leave it out",
                )
            return cls(rule)
        margin = DEFAULT_MARGIN if margin is None else margin
        if not 0 < margin < 1:
            raise BadInput(f"--margin {margin:g} is outside 0 to 1", fix="e.g. --margin 0.005")
        return cls(rule, margin)


@dataclass(frozen=True, slots=True)
class Figures:
    """One model on the test rows of a comparison; errors in 100,000 USD.

    Attributes:
        name: of the model.
        rmse, mae, r2: on the rows.
        by_region, by_decile: lists of {name, rows, rmse, bias}.
        latency_ms: one row, median.
        rows_per_second: when many are predicted at once.
        bytes: size of `model.joblib`.
        spatial_rmse: test RMSE of the same config where whole regions are held out.
    """

    name: str
    rmse: float
    mae: float
    r2: float
    by_region: tuple[Mapping[str, object], ...] = ()
    by_decile: tuple[Mapping[str, object], ...] = ()
    latency_ms: float | None = None
    rows_per_second: float | None = None
    bytes: int | None = None
    spatial_rmse: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A challenger against the champion (or, the first time, a baseline) on rows new to both.

    Attributes:
        challenger, champion: their figures.
        rows: test rows compared on.
        low, difference, high: RMSE of challenger less champion, with its 95 % interval.
        mean_rmse: of the mean training price on the same rows, for scale.
        first: whether nothing held the alias, and the champion is the baseline.
    """

    challenger: Figures
    champion: Figures
    rows: int
    low: float
    difference: float
    high: float
    mean_rmse: float
    first: bool = False

    def as_json(self) -> dict[str, object]:
        """Return it for records and programs."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class NoComparison:
    """Why two models could not be compared."""

    reason: str
    challenger: Figures | None = field(default=None)

    def as_json(self) -> dict[str, object]:
        """Return it for records and programs."""
        return asdict(self)


def judge(policy: Policy, compared: Comparison | NoComparison) -> tuple[bool, str]:
    """Return whether a challenger has earned the alias, and the sentence that says why."""
    rule = f"--require {policy.require.value}"
    if isinstance(compared, NoComparison):
        if policy.require is Require.NONE:
            return True, f"not compared: {compared.reason}"
        return False, f"{compared.reason}; {rule} needs a comparison"
    one, other = compared.challenger, compared.champion
    told = (
        f"test RMSE {one.rmse:.4f} against {other.rmse:.4f} of {other.name}"
        f" on {compared.rows} rows: {compared.difference:+.4f}"
        f" (95 % interval {compared.low:+.4f} to {compared.high:+.4f})"
    )
    if policy.require is Require.NONE:
        return True, told
    if compared.rows < FEWEST_ROWS:
        return False, f"only {compared.rows} test rows are new to both models; {rule} needs 100"
    bound = policy.margin if policy.require is Require.NONINFERIOR else 0.0
    if compared.high < bound:
        return True, told
    return False, f"{told}, not below {bound:g} as {rule} wants"
