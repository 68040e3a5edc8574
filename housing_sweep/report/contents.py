"""What a report is made of; `pipeline/report` reads it from a backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Target:
    """What the models predict, and how people speak of it.

    Attributes:
        name: what charts call it: price.
        unit: what it is counted in: USD.
        scale: how many of them one is.
        words: the unit in a sentence, longer: euros of 2020.
        note: a sentence that its charts need, or "".
        strong_error: from which a chart has the strongest colour; None: by the errors it shows.
        stand_in: what made-up data says nothing about, or "".
    """

    name: str
    unit: str = ""
    scale: float = 1.0
    words: str = ""
    note: str = ""
    strong_error: float | None = None
    stand_in: str = ""

    @property
    def axis(self) -> str:
        """The unit as the table has it: `1,000 EUR`."""
        return self.unit if self.scale == 1 else f"{self.scale:,.0f} {self.unit}"

    def spell(self, value: float, sign: str = "") -> str:
        """Return a value in the unit without its scale: `51,234 USD`."""
        return f"{self.number(value, sign)} {self.words_or_unit(short=True)}".strip()

    def number(self, value: float, sign: str = "") -> str:
        """Return the number of `spell` alone, whole where it is large."""
        scaled = value * self.scale
        whole = max(self.scale, abs(scaled)) >= LARGE
        return f"{scaled:{sign},.0f}" if whole else f"{scaled:{sign},.4g}"

    def words_or_unit(self, *, short: bool = False) -> str:
        """Return what follows a number."""
        return self.unit if short or not self.words else self.words


LARGE = 1000.0
"""Of a scale, or a figure: beyond it nobody reads decimals."""


@dataclass(frozen=True, slots=True)
class Land:
    """The outline that a map is drawn on: closed, (latitude, longitude), and places to name."""

    name: str
    outline: Sequence[tuple[float, float]]
    towns: Sequence[tuple[str, float, float]] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows lie: (n,) degrees, and the land around them, if it is known."""

    latitude: Floats
    longitude: Floats
    land: Land | None = None


@dataclass(frozen=True, slots=True)
class ReportedTrial:
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
class ReportedPromotion:
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
    """What the best model predicts on its validation rows, in the target's unit; shaped (n,).

    Attributes:
        actual, predicted: shaped (n,).
        target: what they are.
        place: where the rows lie, or None.
    """

    actual: Floats
    predicted: Floats
    target: Target
    place: Place | None = None


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
        source: csv, synthetic or another one of the problem's, or "".
        url: the sweep's page, or "".
        target: what the models predict, or None where the dataset does not tell.
    """

    sweep: str
    title: str
    method: str
    state: str
    metric: str
    maximize: bool
    trials: Sequence[ReportedTrial]
    curves: Sequence[Curve] = ()
    promotion: ReportedPromotion | None = None
    errors: Errors | None = None
    no_errors: str = ""
    made_at: str = ""
    dataset: str = ""
    source: str = ""
    url: str = ""
    target: Target | None = None

    @property
    def scored(self) -> list[ReportedTrial]:
        """Finished trials with a score, best first; equal scores in order of creation."""
        trials = [t for t in self.trials if t.score is not None and t.state == "finished"]
        sign = -1.0 if self.maximize else 1.0
        return sorted(trials, key=lambda t: (sign * (t.score or 0.0), t.number))

    @property
    def best(self) -> ReportedTrial | None:
        """The trial with the best score."""
        return next(iter(self.scored), None)

    @property
    def winner(self) -> ReportedTrial | None:
        """The promoted trial; without an applied promotion the best."""
        if self.promotion is not None and self.promotion.applied:
            for trial in self.trials:
                if trial.id == self.promotion.winner:
                    return trial
        return self.best

    @property
    def is_error(self) -> bool:
        """Whether the score is an error in the target's unit."""
        return self.metric.endswith(("rmse", "mae"))

    @property
    def varied(self) -> list[str]:
        """Names of the parameters that differ among the trials, as the sweep orders them."""
        names: dict[str, set[str]] = {}
        for trial in self.trials:
            for name, value in trial.params.items():
                names.setdefault(name, set()).add(repr(value))
        return [name for name, values in names.items() if len(values) > 1]
