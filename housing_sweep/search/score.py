"""What trials are ranked by: which value of a summary is the score, and which way is good.

One function reads a score (`Score.read`), one knows a direction (`score_of`): promotions, pruning,
reports, lists, pages and the scheduler all ask here. A score has no default direction; who cannot
say which way is good may not rank.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from housing_sweep.errors import BadInput

VAL_RMSE = "val_rmse"
"""What a trial of ours is ranked by where neither a person nor the sweep says."""


class Goal(Enum):
    """Whether a small or a large score is good; the values are those of a sweep's YAML."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


_OF_REGRESSION = {"rmse": Goal.MINIMIZE, "mae": Goal.MINIMIZE, "r2": Goal.MAXIMIZE}
KNOWN: Mapping[str, Goal] = {
    **{f"{part}_{n}": g for part in ("val", "train", "test") for n, g in _OF_REGRESSION.items()},
    "fit_seconds": Goal.MINIMIZE,
    "model_bytes": Goal.MINIMIZE,
}
"""Scores that every trial of a regression has, and which way each is good."""


def finite(value: object) -> float | None:
    """Return a value as a finite number, or None.

    W&B's summary spells NaN and infinities as texts; JSON has whole numbers beyond any double.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True, slots=True)
class Score:
    """A metric with its direction.

    Attributes:
        name: key in a run's summary.
        goal: whether a small or a large value is good.
    """

    name: str
    goal: Goal

    @property
    def maximize(self) -> bool:
        """Whether a large value is good."""
        return self.goal is Goal.MAXIMIZE

    @property
    def keys(self) -> tuple[str, ...]:
        """Summary keys that may hold the score, best first.

        `define_metric(name, summary="min")` makes a summary hold `{name: {"min": x}}`. A mean is
        no score: it ranks a trial by its worst steps, too.
        """
        best = "max" if self.maximize else "min"
        return (self.name, *(f"{self.name}.{rule}" for rule in (best, "best", "last")))

    @property
    def order(self) -> str:
        """The sign that puts the best first in an order of W&B's: "+" or "-"."""
        return "-" if self.maximize else "+"

    def read(self, summary: Mapping[str, object]) -> float | None:
        """Return the finite number under the first key that the summary has, or None."""
        return finite(self.raw(summary))

    def raw(self, summary: Mapping[str, object]) -> object:
        """Return what the first key that the summary has holds, number or not; None without one."""
        values = (look_up(summary, key) for key in self.keys)
        return next((value for value in values if value is not None), None)

    def why_unscored(self, summary: Mapping[str, object]) -> str:
        """Return why a summary has no such score, or ""."""
        value = self.raw(summary)
        if value is None:
            kept = summary.get(self.name)
            if isinstance(kept, Mapping) and kept:
                return f"{self.name} is kept as its {' and '.join(map(str, kept))} only"
            return f"no {self.name} in its summary"
        if finite(value) is None:
            return f"{self.name} is {_short(value)}, not a finite number"
        return ""

    def loss(self, value: float) -> float:
        """Return what is smaller for a better value."""
        return -value if self.maximize else value

    def better(self, value: float, other: float) -> bool:
        """Return whether a value is better than another."""
        return self.loss(value) < self.loss(other)

    def best(self, values: Iterable[float]) -> float | None:
        """Return the best of finite values, or None of none."""
        return min(values, key=self.loss, default=None)


def look_up(summary: Mapping[str, object], key: str) -> object:
    """Return what a summary or a history line holds under a key; None if it has none.

    Nested values have dotted keys (`name.rule`, `a.b.c`). A mapping is no value by itself.
    """
    if key in summary:
        value = summary[key]
        return None if isinstance(value, Mapping) else value
    for dot in re.finditer(r"\.", key):
        inner = summary.get(key[: dot.start()])
        if isinstance(inner, Mapping):
            value = look_up(inner, key[dot.end() :])
            if value is not None:
                return value
    return None


def known_goal(name: str) -> Goal | None:
    """Return the direction of a score that every regression has, whatever its sweep says."""
    return KNOWN.get(name)


def score_of(
    objectives: Mapping[str, Goal], name: str | None = None, goal: Goal | None = None
) -> Score:
    """Return what a sweep's trials are ranked by.

    The direction comes from `goal`, else from the sweep's objective of that name, else from what
    is known of the score.

    Args:
        objectives: of the sweep, name -> goal; one, several, or none.
        name: the metric asked for; None takes the only objective, or val_rmse if there is none.
        goal: the direction asked for.

    Raises:
        BadInput: several objectives and no name; nothing says which way is good.
    """
    if name is None and len(objectives) > 1:
        raise BadInput(
            f"the sweep has several objectives: {', '.join(objectives)}",
            fix=f"name the one that decides: --metric {next(iter(objectives))}",
        )
    name = name or next(iter(objectives), VAL_RMSE)
    way = goal or objectives.get(name) or known_goal(name)
    if way is None:
        named = dict.fromkeys([*objectives, *KNOWN])
        raise BadInput(
            f"nothing says whether a low or a high {name} is good",
            fix=f"add --goal minimize or --goal maximize; known are {', '.join(named)}",
        )
    return Score(name, way)


def metric_names(summaries: Iterable[Mapping[str, object]]) -> tuple[str, ...]:
    """Return the names under which summaries hold a finite number, sorted; W&B's own left out."""
    names = {
        name
        for summary in summaries
        for name, value in summary.items()
        if not name.startswith("_") and any(finite(part) is not None for part in _parts(value))
    }
    return tuple(sorted(names))


def unknown_metric(name: str, names: Sequence[str]) -> BadInput:
    """Return the error of a metric that no finished trial has, naming those that they have."""
    near = get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    if not names:
        return BadInput(f"no finished trial has {name}, nor any other metric")
    return BadInput(
        f"no finished trial has a finite {name}",
        fix=f"{hint}they have {', '.join(names)}",
    )


def _parts(value: object) -> Iterable[object]:
    """Return the values of a summary's rules (`{"min": x}`), or the value alone."""
    if isinstance(value, Mapping) and set(value) <= {"min", "max", "best", "last"}:
        return value.values()
    return (value,)


_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
"""How the SDK writes, in JSON, what JSON has no number for."""


def _short(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "a whole number beyond any double"
    text = str(value)
    if isinstance(value, str) and value not in _NO_NUMBERS:
        text = repr(value)  # '0.01' looks like a finite number without its quotes
    return text if len(text) <= 40 else f"{text[:39]}…"
