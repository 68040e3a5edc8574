"""The columns of California housing, with units and ranges; and the check that a table has them.

Source: R. K. Pace and R. Barry, Sparse Spatial Autoregressions, Statistics and Probability Letters
33 (1997) 291-297; column definitions as in scikit-learn's `fetch_california_housing`.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from housing_sweep.errors import DataError

MOST_PROBLEMS = 20
"""A hopeless file names this many problems and counts the rest."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its unit, and the closed range a value must lie in."""

    name: str
    unit: str
    low: float
    high: float
    meaning: str


COLUMNS = (
    Column("MedInc", "10,000 USD", 0, 50, "median income in the block group"),
    Column("HouseAge", "years", 0, 150, "median house age in the block group"),
    Column("AveRooms", "rooms", 0, 1000, "average number of rooms per household"),
    Column("AveBedrms", "rooms", 0, 1000, "average number of bedrooms per household"),
    Column("Population", "people", 0, 1_000_000, "block group population"),
    Column("AveOccup", "people", 0, 10_000, "average number of household members"),
    Column("Latitude", "degrees", 32, 43, "block group latitude"),
    Column("Longitude", "degrees", -125, -114, "block group longitude"),
)
TARGET_COLUMN = Column("MedHouseVal", "100,000 USD", 0, 50, "median house value, capped at 5.00001")
TARGET = TARGET_COLUMN.name
FEATURES = tuple(column.name for column in COLUMNS)
ALL_COLUMNS = (*COLUMNS, TARGET_COLUMN)

STATLIB = (
    "longitude",
    "latitude",
    "housing_median_age",
    "total_rooms",
    "total_bedrooms",
    "population",
    "households",
    "median_income",
    "median_house_value",
)
"""The raw columns that scikit-learn derives its own from."""


def read_csv(path: Path) -> pd.DataFrame:
    """Return the table a CSV file holds: scikit-learn's 8 columns and `MedHouseVal`.

    Raises:
        DataError: the file cannot be read, or is not California housing; every bad column, row
            and value is named.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}", fix="name a CSV file with --csv") from None
    return parse_csv(text, str(path))


def parse_csv(text: str, name: str) -> pd.DataFrame:
    """Return the table a CSV text holds; `name` is what errors call it.

    Raises:
        DataError: it is not California housing; every bad column, row and value is named.
    """
    header, rows = _read_lines(text, name)
    wanted = _wanted(header)
    _raise([*_header_problems(header, wanted), *_length_problems(header, rows)], name)
    raw = pd.DataFrame(list(rows.values()), index=pd.Index(rows), columns=header, dtype=str)
    numbers = raw[list(wanted)].apply(pd.to_numeric, errors="coerce").astype("float64")
    frame = _derive(numbers) if wanted == STATLIB else numbers
    frame = frame[[column.name for column in ALL_COLUMNS]]
    outside = _range_problems(
        frame, ALL_COLUMNS, place="line", nan=False
    )  # text is a NaN here, named already
    _raise([*_text_problems(raw, numbers), *outside], name)
    return check_frame(frame.reset_index(drop=True), name)


def check_frame(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the table if every value is a number in its column's range.

    Raises:
        DataError: naming every bad column, row and value.
    """
    missing = [c.name for c in ALL_COLUMNS if c.name not in frame.columns]
    _raise([f"column {column} is missing" for column in missing], name)
    _raise(list(_range_problems(frame, ALL_COLUMNS, place="row")), name)
    return frame


def check_features(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the eight feature columns, in order, of a table to predict on.

    Raises:
        DataError: one is missing, or holds something that is not a number.
    """
    missing = [f"column {column} is missing" for column in FEATURES if column not in frame.columns]
    _raise(missing, name)
    return frame[list(FEATURES)].astype("float64")


def read_features(path: Path) -> pd.DataFrame:
    """Return the eight feature columns of a CSV file to predict on; other columns are left out.

    Raises:
        DataError: the file cannot be read, lacks a column, or holds a value outside its range;
            every bad column, line and value is named.
    """
    name = str(path)
    try:
        header, rows = _read_lines(path.read_text("utf-8-sig"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}", fix="name a CSV file with --csv") from None
    raw_columns = tuple(column for column in STATLIB if column != "median_house_value")
    wanted = max((FEATURES, raw_columns), key=lambda names: len(set(names) & set(header)))
    missing = [f"column {column} is missing" for column in wanted if column not in header]
    doubled = [f"column {n} is there twice" for n in wanted if header.count(n) > 1]
    _raise([*missing, *doubled, *_length_problems(header, rows)], name, target=False)
    raw = pd.DataFrame(list(rows.values()), index=pd.Index(rows), columns=header, dtype=str)
    numbers = raw[list(wanted)].apply(pd.to_numeric, errors="coerce").astype("float64")
    frame = _derive(numbers) if wanted == raw_columns else numbers
    frame = frame[list(FEATURES)]
    outside = _range_problems(frame, COLUMNS, place="line", nan=False)
    _raise([*_text_problems(raw, numbers), *outside], name, target=False)
    return frame.reset_index(drop=True)


def _read_lines(text: str, name: str) -> tuple[list[str], dict[int, list[str]]]:
    """Return the header, and the filled rows below it by their line number.

    Raises:
        DataError: it is not CSV.
    """
    lines = csv.reader(io.StringIO(text), skipinitialspace=True)
    try:
        header = [column.strip() for column in next(lines, [])]
        return header, dict((lines.line_num, row) for row in lines if row)
    except csv.Error as error:
        what = f"{name} is not CSV: line {lines.line_num}: {error}"
        raise DataError(what, fix="name a CSV file with --csv") from None


def _wanted(header: list[str]) -> tuple[str, ...]:
    sklearn = tuple(column.name for column in ALL_COLUMNS)
    return max((sklearn, STATLIB), key=lambda names: len(set(names) & set(header)))


def _header_problems(header: list[str], wanted: tuple[str, ...]) -> Iterator[str]:
    if not header:
        yield "the file is empty"
        return
    for column, times in Counter(header).items():
        if times > 1:
            yield f"column {column} appears {times} times in the header"
    for column in wanted:
        if column not in header:
            yield f"column {column} is missing"


def _length_problems(header: list[str], rows: dict[int, list[str]]) -> Iterator[str]:
    for number, row in rows.items():
        if len(row) != len(header):
            yield f"line {number} has {len(row)} values instead of {len(header)}"
    if header and not rows:
        yield "there are no rows below the header"


def _text_problems(raw: pd.DataFrame, numbers: pd.DataFrame) -> Iterator[str]:
    for column in numbers.columns:
        for row in numbers.index[numbers[column].isna()]:
            value = raw[column][row]
            shown = "nothing" if value.strip() == "" else repr(value)
            yield f"line {row}, column {column}: {shown} is not a number"


def _range_problems(
    frame: pd.DataFrame, columns: Iterable[Column], *, place: str, nan: bool = True
) -> Iterator[str]:
    """Name each value outside its range by its row's label; `nan=False` passes NaN over."""
    for column in columns:
        values = frame[column.name]
        bad = ~values.between(column.low, column.high)  # NaN and infinities are not between
        for row in frame.index[bad]:
            value = float(values[row])
            if math.isnan(value):
                if nan:
                    yield f"{place} {row}, column {column.name}: NaN is not a number"
            else:
                yield (
                    f"{place} {row}, column {column.name}: {value:g} is outside"
                    f" {column.low:g} to {column.high:g} {column.unit}"
                )


def _derive(raw: pd.DataFrame) -> pd.DataFrame:
    """Return scikit-learn's columns from StatLib's.

    Source: sklearn/datasets/_california_housing.py.
    """
    households = raw["households"]
    derived = pd.DataFrame(
        {
            "MedInc": raw["median_income"],
            "HouseAge": raw["housing_median_age"],
            "AveRooms": raw["total_rooms"] / households,
            "AveBedrms": raw["total_bedrooms"] / households,
            "Population": raw["population"],
            "AveOccup": raw["population"] / households,
            "Latitude": raw["latitude"],
            "Longitude": raw["longitude"],
        }
    )
    if "median_house_value" in raw:
        derived[TARGET] = raw["median_house_value"] / 100_000.0
    return derived


def _raise(problems: list[str], name: str, *, target: bool = True) -> None:
    if not problems:
        return
    shown = problems[:MOST_PROBLEMS]
    more = len(problems) - len(shown)
    listing = "".join(f"\n  - {problem}" for problem in shown)
    rest = f"\n  - and {more} more" if more else ""
    raise DataError(
        f"{name} is not California housing data:{listing}{rest}",
        fix=f"give the columns {', '.join(STATLIB[: 9 if target else 8])};"
        f" or {', '.join([*FEATURES, TARGET][: 9 if target else 8])}",
    )
