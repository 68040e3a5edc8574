"""What a table is about, as one frozen value: its columns, target, unit, names and margin.

A `Problem` is the only place that names a column. It is published with the data (`schema.json`) and
with each model (`model.json`), and read from there, so a trial knows no table but its own.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Self, TypeGuard

from housing_sweep.errors import DataError

METRICS = ("rmse", "mae")
"""What promotion may compare; `metrics.METRICS` says how."""

SPLITS = ("random", "spatial")
"""Kinds of split, in the order that seeds them: a new kind goes to the end."""

HARD_MARGINS = 4
"""Margins that count as no loss on the hard split, where the problem does not say.

Measured on ten splits of 20,640 rows, where that is 0.02: the standard error of a difference
is 0.005 to 0.01 between two models of a kind and 0.035 between unlike ones. With 4, models that
lose 0.02 are refused on 18 of 20 splits and equals pass on 14 of 19; with 8, on 15 and 17.
"""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,127}")
_FILE = re.compile(r"[A-Za-z0-9][\w.-]{0,120}\.csv")
_SCALED = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s+(\S.*)")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a figure is counted in: `1,000 EUR` has scale 1,000 and name EUR."""

    scale: float
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the unit that a column's text names; without a number in front its scale is 1."""
        scaled = _SCALED.fullmatch(text.strip())
        if scaled is None:
            return cls(1.0, text.strip())
        return cls(float(scaled[1].replace(",", "")) or 1.0, scaled[2])


@dataclass(frozen=True, slots=True)
class Column:
    """One column of numbers: its unit, and the closed range a value must lie in, where there is."""

    name: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    meaning: str = ""

    def as_document(self) -> dict[str, object]:
        """Return it for JSON; what is not said is left out."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in said.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A table and what is predicted from it.

    Attributes:
        name: of the dataset artifact, the registry collection, and the default project.
        target: the column that is predicted; errors are in its unit.
        columns: the inputs, in order.
        place: names of the columns with latitude and longitude in degrees, or None.
        metric: what promotion compares on the test rows, rmse or mae.
        margin: of that metric: a difference that does not matter, in the target's unit.
        hard_margin: the same on the hard split, or None: see `guard_margin`.
        file: of the CSV in the dataset artifact.
    """

    name: str
    target: Column
    columns: tuple[Column, ...]
    margin: float
    hard_margin: float | None = None
    place: tuple[str, str] | None = None
    metric: str = "rmse"
    file: str = "table.csv"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The inputs and, last, the target: the columns of the CSV."""
        return (*self.columns, self.target)

    @property
    def splits(self) -> tuple[str, ...]:
        """Kinds of split that this table can have."""
        return SPLITS if self.place else SPLITS[:1]

    @property
    def hard_split(self) -> str | None:
        """The split that holds out what is really new, or None if there is none."""
        return "spatial" if self.place else None

    @property
    def guard_margin(self) -> float:
        """What a model may lose on the hard split and still not be worse, in the target's unit."""
        return HARD_MARGINS * self.margin if self.hard_margin is None else self.hard_margin

    @property
    def unit(self) -> Unit:
        """What the target and its errors are counted in."""
        return Unit.parse(self.target.unit)

    def same_table(self, other: Self) -> bool:
        """Whether a model of the other can predict rows of this one."""
        mine = (self.name, self.target.name, self.inputs, self.place)
        return mine == (other.name, other.target.name, other.inputs, other.place)

    def as_document(self) -> dict[str, object]:
        """Return it for JSON, as `parse` reads it."""
        document: dict[str, object] = {
            "name": self.name,
            "file": self.file,
            "target": self.target.as_document(),
            "metric": self.metric,
            "margin": self.margin,
            "columns": [column.as_document() for column in self.columns],
        }
        if self.hard_margin is not None:
            document["hard_margin"] = self.hard_margin
        return {**document, "place": list(self.place)} if self.place else document

    @classmethod
    def parse(cls, document: object, where: str) -> Self:
        """Return the problem that a JSON document tells of; `where` is what errors call it.

        Raises:
            DataError: it tells of none; everything wrong is named, and what this version cannot do.
        """
        wrong = list(_wrong(document))
        if wrong or not isinstance(document, Mapping):
            listing = "".join(f"\n  - {one}" for one in wrong)
            raise DataError(
                f"{where} does not say what its table is about:{listing}",
                fix="publish it again with this version of housing-sweep",
            )
        place = document.get("place")
        return cls(
            name=document["name"],
            target=Column(**document["target"]),
            columns=tuple(Column(**column) for column in document["columns"]),
            margin=document["margin"],
            hard_margin=document.get("hard_margin"),
            place=(place[0], place[1]) if place else None,
            metric=document.get("metric", "rmse"),
            file=document.get("file", "table.csv"),
        )


def _wrong(document: object) -> Iterator[str]:
    if not isinstance(document, Mapping):
        yield "it is not an object"
        return
    for key in document.keys() - {field.name for field in fields(Problem)}:
        yield f"{key}: this version does not know it"
    for key, form in (("name", _NAME), ("file", _FILE)):
        value = document.get(key, "table.csv" if key == "file" else None)
        if not isinstance(value, str) or not form.fullmatch(value):
            yield f"{key}: {value!r} is not a name"
    if document.get("metric", "rmse") not in METRICS:
        yield f"metric: {document['metric']!r} is unknown, use one of {', '.join(METRICS)}"
    for key in ("margin", "hard_margin"):
        margin = document.get(key, 1.0 if key == "hard_margin" else None)
        if not _is_number(margin) or margin <= 0:
            yield f"{key}: {margin!r} is not a number above 0"
    yield from _wrong_columns(document)


def _wrong_columns(document: Mapping[str, object]) -> Iterator[str]:
    columns = document.get("columns")
    if not isinstance(columns, list) or not columns:
        yield "columns: there are none"
        return
    names = []
    for number, column in enumerate([*columns, document.get("target")], start=1):
        label = f"column {number}" if number <= len(columns) else "target"
        yield from _wrong_column(column, label)
        names.append(column.get("name") if isinstance(column, Mapping) else None)
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"column {name}: it is there twice"
    place = document.get("place")
    if place is None:
        return
    if not isinstance(place, list) or len(place) != 2 or any(one not in names for one in place):
        yield f"place: {place!r} does not name two columns"


def _wrong_column(column: object, label: str) -> Iterator[str]:
    if not isinstance(column, Mapping):
        yield f"{label}: it is not an object"
        return
    for key in column.keys() - {field.name for field in fields(Column)}:
        yield f"{label}, {key}: this version does not know it"
    name = column.get("name")
    if not isinstance(name, str) or not name or name != " ".join(name.split()):
        yield f"{label}: {name!r} is not a name"
    for key in ("unit", "meaning"):
        if not isinstance(column.get(key, ""), str):
            yield f"{label}, {key}: {column[key]!r} is not text"
    for key in ("low", "high"):
        if not _is_number(column.get(key, 0)):
            yield f"{label}, {key}: {column[key]!r} is not a number"


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max  # JSON has whole numbers beyond any double
