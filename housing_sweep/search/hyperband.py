"""Hyperband by W&B's rule: a trial that reaches a band goes on if it is among the best there.

An iteration is one logged value of the sweep's metric. Bands are `min_iter * eta**k`, or, counted
from the end, `max_iter / eta**k` for k = 1..s. Of the trials that reached a band the best 1/eta go
on; the others are stopped, as soon as that is known, until they reach their next band.

Source: wandb's sweep configuration reference, `early_terminate`; Li et al. (2018), JMLR 18(185).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from housing_sweep.errors import SpecError
from housing_sweep.search.score import finite

FIX = "use `type: hyperband` with `min_iter` (and `eta`), or with `max_iter` and `s` (and `eta`)"
DEFAULT_ETA = 3.0


@dataclass(frozen=True, slots=True)
class Bands:
    """Where trials are compared, and how many go on.

    Attributes:
        fixed: the bands, when they are counted from `max_iter`; empty otherwise.
        first: the first band, when they are counted from `min_iter`.
        eta: of the trials that reach a band, 1/eta go on.
        strict: judge a trial by its best value when it reached the band, not by its best since.
    """

    fixed: tuple[int, ...] = ()
    first: int = 1
    eta: float = DEFAULT_ETA
    strict: bool = False

    @classmethod
    def of(cls, early_terminate: Mapping[str, object] | None) -> "Bands | None":
        """Return the bands of a spec's `early_terminate`, or None when trials run to their end.

        Raises:
            SpecError: a value is missing or impossible; all are named.
        """
        if not early_terminate or early_terminate.get("type") == "custom":
            return None  # custom: a `wandb.controller` decides
        problems: list[str] = []
        if early_terminate.get("type") != "hyperband":
            problems.append(f"early_terminate.type: {early_terminate.get('type')!r} is unknown")
        eta = _number(early_terminate, "eta", problems, default=DEFAULT_ETA, above=1.0)
        strict = bool(early_terminate.get("strict", False))
        if "max_iter" in early_terminate:
            last = _number(early_terminate, "max_iter", problems, above=0.0)
            steps = int(_number(early_terminate, "s", problems, default=1.0, above=0.0))
            powers = {int(last / eta**k) for k in range(1, min(steps, 64) + 1)} - {0}
            bands = cls(tuple(sorted(powers)), eta=eta, strict=strict)
        else:
            first = _number(early_terminate, "min_iter", problems, above=0.0)
            bands = cls(first=max(1, int(first)), eta=eta, strict=strict)
        if problems:
            raise SpecError("; ".join(problems), fix=FIX)
        return bands

    def reached(self, iterations: int) -> tuple[int, ...]:
        """Return the bands that a trial has reached after so many iterations, lowest first."""
        if self.fixed:
            return tuple(band for band in self.fixed if band <= iterations)
        bands: list[int] = []
        band = float(self.first)
        while band <= iterations:
            bands.append(int(band))
            band *= self.eta
        return tuple(dict.fromkeys(bands))

    def goes_on(self, better: int, reached: int) -> bool:
        """Return whether a trial goes on.

        Args:
            better: trials that were better than this one when they reached the band.
            reached: trials that reached the band, this one among them.
        """
        return better < max(1, ceil(reached / self.eta))


def _number(
    raw: Mapping[str, object],
    name: str,
    problems: list[str],
    *,
    default: float | None = None,
    above: float,
) -> float:
    value = raw.get(name, default)
    number = finite(value)
    if number is None or number <= above:
        problems.append(f"early_terminate.{name}: {value!r} is not a number above {above:g}")
        return above + 1
    return number
