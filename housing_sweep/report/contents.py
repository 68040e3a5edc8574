"""What a report is made of; `pipeline.report` reads it from a backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

USD = 100_000.0
"""A target unit in dollars (of 1990)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of the sweep.

    Attributes:
        number: counted from 1 in order of creation.
        id: the run's id in its project.
        name: what people see.
        state: finished, failed, ...
        created_at: ISO time.
        params: the parameters that the sweep gave it.
        score: between -1e100 and 1e100, or None.
        facts: further summary values that are shown: seconds, bytes, MAE ...
        url: its page, or "".
        error: why it failed, or "".
    """

    number: int
    id: str
    name: str
    state: str
    created_at: str
    params: Mapping[str, object]
    score: float | None
    facts: Mapping[str, float] = field(default_factory=dict)
    url: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """A trial's validation curve: (iteration, score), ascending."""

    trial: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Promotion:
    """The newest promotion of a run of this sweep, as its record says.

    Attributes:
        run: id of the promotion run in its project.
        applied: the alias has moved.
        winner: id of the promoted run in its project.
        target: `registry/collection:alias`.
        version: `registry/collection:vN`, or "" when not applied.
        holder: the version that holds the alias now, or "".
        who: the person who decided.
        when: ISO time.
        record: the whole record, for the section "decision".
        url: its page, or "".
    """

    run: str
    applied: bool
    winner: str
    target: str
    version: str
    holder: str
    who: str
    when: str
    record: Mapping[str, object]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Errors:
    """What the best model predicts on its validation rows, in 100,000 USD; all shaped (n,)."""

    latitude: Floats
    longitude: Floats
    actual: Floats
    predicted: Floats


@dataclass(frozen=True, slots=True)
class Report:
    """A sweep, read whole.

    Attributes:
        sweep: ENTITY/PROJECT/ID.
        title: its display name.
        method: grid, random, bayes ...
        state: running, finished ...
        metric: name of the score.
        maximize: larger is better.
        trials: all, in order of creation.
        curves: of the best trials, best first.
        promotion: of one of its runs, or None.
        errors: of the best model, or None.
        no_errors: why `errors` is None, or "".
        made_at: ISO time of reading.
        dataset: name of the dataset version, or "".
        source: california, csv or synthetic, or "".
        url: the sweep's page, or "".
    """

    sweep: str
    title: str
    method: str
    state: str
    metric: str
    maximize: bool
    trials: Sequence[Trial]
    curves: Sequence[Curve] = ()
    promotion: Promotion | None = None
    errors: Errors | None = None
    no_errors: str = ""
    made_at: str = ""
    dataset: str = ""
    source: str = ""
    url: str = ""

    @property
    def scored(self) -> list[Trial]:
        """Finished trials with a score, best first; equal scores in order of creation."""
        found = [t for t in self.trials if t.score is not None and t.state == "finished"]
        sign = -1.0 if self.maximize else 1.0
        return sorted(found, key=lambda t: (sign * (t.score or 0.0), t.number))

    @property
    def best(self) -> Trial | None:
        """The trial with the best score."""
        return next(iter(self.scored), None)

    @property
    def winner(self) -> Trial | None:
        """The promoted trial; without an applied promotion the best."""
        if self.promotion is not None and self.promotion.applied:
            for trial in self.trials:
                if trial.id == self.promotion.winner:
                    return trial
        return self.best

    @property
    def in_usd(self) -> bool:
        """Whether the score is an error in 100,000 USD."""
        return self.metric.endswith(("rmse", "mae"))

    @property
    def varied(self) -> list[str]:
        """Names of the parameters that differ among the trials, as the sweep orders them."""
        names: dict[str, set[str]] = {}
        for trial in self.trials:
            for name, value in trial.params.items():
                names.setdefault(name, set()).add(repr(value))
        return [name for name, values in names.items() if len(values) > 1]
