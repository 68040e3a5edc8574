"""What one problem adds of its own, found by name through entry points.

A package registers its `Extras` in its `pyproject.toml`. Data never names code: `schema.json` names
a problem, and only what is installed here answers to that name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol

from housing_sweep.errors import DataError
from housing_sweep.tabular.problem import Problem

if TYPE_CHECKING:
    import pandas as pd

    from housing_sweep.tabular.arrays import Floats, Rows
    from housing_sweep.tabular.prior import Prior

GROUP = "housing_sweep.problems"


class FeatureSet(Protocol):
    """One feature set, fitted on training rows; picklable."""

    @property
    def names(self) -> list[str]:
        """The columns of the matrix, in order."""

    def fit_transform(self, frame: "pd.DataFrame", y: "Floats", fold: "Rows") -> "Floats":
        """Learn from training rows and return their matrix, shaped (n, len(names)).

        A row's own target must not reach its features: what is learnt from targets is looked up
        for each fold from the others.

        Args:
            frame: the training rows' inputs.
            y: (n,) their targets.
            fold: (n,) the number of each row's fold, see `features.folds`.
        """

    def transform(self, frame: "pd.DataFrame") -> "Floats":
        """Return the matrix of rows that were not trained on, shaped (n, len(names))."""

    def prior(self, matrix: "Floats") -> "Prior | None":
        """Return what it expects of the rows of a matrix by itself, or None: the estimator decides.

        Asked of rows that were not trained on only.
        """


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """A checked table, and where it came from.

    Attributes:
        problem: what it is about.
        frame: its inputs and its target.
        source: csv, or one of the problem's own; synthetic is a stand-in, and everybody says so.
        origin: for people: the file, the download, the seed.
        tried: what `auto` tried before, and why each failed.
    """

    problem: Problem
    frame: "pd.DataFrame"
    source: str
    origin: str
    tried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """Other columns that a CSV may have, and how those of the problem follow from them.

    Attributes:
        columns: its inputs.
        target: its target.
        derive: a table of them, with or without the target, to one of ours.
    """

    columns: tuple[str, ...]
    target: str
    derive: "Callable[[pd.DataFrame], pd.DataFrame]"


@dataclass(frozen=True, slots=True)
class Outline:
    """A land on a map: its closed outline, and places to name, as (latitude, longitude)."""

    name: str
    line: Sequence[tuple[float, float]]
    towns: Sequence[tuple[str, float, float]] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """How people speak of it; what is "" is said in general words.

    Attributes:
        data: the table: `X is not ...`.
        target: the target: price.
        unit: of the target, longer than in the table: euros of 2020.
        about_target: a sentence that its charts need.
        stand_in: what made-up data says nothing about.
    """

    data: str = ""
    target: str = ""
    unit: str = ""
    about_target: str = ""
    stand_in: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What is added to a problem. Everything heavy is imported when it is called.

    Attributes:
        problem: whose they are.
        package: name of the package whose modules decide a trial's result too, or "".
        schema_version: of `schema.json`; the one problem that was there before others writes 1.
        feature_sets: name -> makes an unfitted one; `raw` is there without.
        slices: name -> the names of its parts in order, and each row's.
        sources: name -> loads the table, in the order in which `auto` tries them.
        layouts: other columns that a CSV may have.
        outline: of the land where the places lie, or None.
        words: how people speak of it.
        defaults: of a trial's config, where the general ones do not suit.
        strong_error: from which a chart has the strongest colour; None: by the errors it shows.
        types: returns the dataclasses that its feature sets are made of, all that `model.skops` may
            hold of them (`model_file`). Their fields are what their annotations say; what else must
            be true of them, such as equal lengths, a `__post_init__` tells with a ValueError.
    """

    problem: Problem
    package: str = ""
    schema_version: int = 2
    feature_sets: Mapping[str, Callable[[], FeatureSet]] = field(default_factory=dict)
    slices: "Mapping[str, Callable[[pd.DataFrame], tuple[Sequence[str], Sequence[str]]]]" = field(
        default_factory=dict
    )
    sources: Mapping[str, Callable[[], LoadedTable]] = field(default_factory=dict)
    layouts: tuple[Layout, ...] = ()
    outline: Callable[[], Outline] | None = None
    words: Words = field(default_factory=Words)
    defaults: Mapping[str, object] = field(default_factory=dict)
    strong_error: float | None = None
    types: Callable[[], Sequence[type]] = tuple

    @property
    def data(self) -> str:
        """What the table is called."""
        return self.words.data or f"{self.problem.name} data"


@cache
def registered() -> Mapping[str, Extras]:
    """Return the extras of every problem that is installed here, by its name."""
    extras = {entry.name: entry.load() for entry in entry_points(group=GROUP)}
    for name, one in extras.items():
        if not isinstance(one, Extras) or one.problem.name != name:
            raise ValueError(f"entry point {name} of {GROUP} is not the Extras of that problem")
    return extras


def extras_of(problem: Problem) -> Extras:
    """Return what a problem adds: of one that nobody registered, nothing.

    Raises:
        DataError: it bears the name of a registered problem and has another table.
    """
    extras = registered().get(problem.name)
    if extras is None:
        return Extras(problem=problem)
    if not extras.problem.same_table(problem):
        raise DataError(
            f"{problem.name} is the name of a problem with other columns",
            fix="publish the table under another name",
        )
    return extras


def registered_problem(name: str) -> Problem:
    """Return an installed problem by name.

    Raises:
        DataError: none is registered under it.
    """
    extras = registered().get(name)
    if extras is None:
        raise DataError(
            f"no problem {name!r} is installed here (there are: {', '.join(registered())})",
            fix="install housing-sweep again: problems are registered when it is installed",
        )
    return extras.problem


def first_problem() -> Problem:
    """Return the problem whose `schema.json` is version 1 and does not name it.

    Raises:
        DataError: it is not installed here.
    """
    for extras in registered().values():
        if extras.schema_version == 1:
            return extras.problem
    raise DataError(
        "a schema.json of version 1 names no problem, and none that writes it is installed here",
        fix="install housing-sweep again: problems are registered when it is installed",
    )


def source_names(problem: Problem) -> tuple[str, ...]:
    """Return where a problem's table may come from, as `--source` names it."""
    return ("auto", "csv", *extras_of(problem).sources)
