"""Tables read and checked: every bad column, line and value is named, in one error."""

import csv
import io
import math
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from housing_sweep.errors import DataError, NotFound
from housing_sweep.tabular.extras import Extras, Layout, LoadedTable, extras_of, source_names
from housing_sweep.tabular.problem import Column, Problem

MOST_PROBLEMS = 20
"""A hopeless file names this many problems and counts the rest."""

CSV_FIX = "name a CSV file with --csv"


def load_table(problem: Problem, source: str = "auto", csv: Path | None = None) -> LoadedTable:
    """Return a problem's table from a source; `auto` tries csv, then the problem's own, in order.

    Args:
        problem: whose.
        source: one of `extras.source_names`.
        csv: the file; default the environment's `HOUSING_SWEEP_CSV`.

    Raises:
        DataError: the file is no such table. `auto` does not skip a bad file: it was meant.
        NotFound: no file was named, or no source is within reach.
    """
    names = source_names(problem)
    if source not in names:
        raise DataError(f"unknown source {source!r}", fix=f"use one of {', '.join(names)}")
    if source != "auto":
        return _load(problem, source, csv)
    tried: list[str] = []
    for name in names[1:]:
        try:
            return replace(_load(problem, name, csv), tried=tuple(tried))
        except NotFound as error:
            tried.append(f"{name}: {error.what}")
    raise NotFound(f"no source of {problem.name}: {'; '.join(tried)}", fix="give --csv PATH")


def _load(problem: Problem, source: str, csv: Path | None) -> LoadedTable:
    if source != "csv":
        return extras_of(problem).sources[source]()
    named = csv or Path(os.environ.get("HOUSING_SWEEP_CSV", ""))
    if str(named) in ("", "."):
        raise NotFound("no CSV was named", fix="give --csv PATH, or set HOUSING_SWEEP_CSV")
    if not named.is_file():
        raise DataError(f"{named} does not exist", fix="name an existing CSV file with --csv")
    return LoadedTable(problem, read_csv(problem, named), "csv", str(named))


def read_csv(problem: Problem, path: Path) -> pd.DataFrame:
    """Return the table a CSV file holds: the problem's columns, the target last.

    Raises:
        DataError: the file cannot be read, or is another table; every bad column, row and value is
            named.
    """
    return parse_csv(problem, _text(path), str(path))


def parse_csv(problem: Problem, text: str, name: str) -> pd.DataFrame:
    """Return the table a CSV text holds; `name` is what errors call it.

    Raises:
        DataError: it is another table; every bad column, row and value is named.
    """
    extras = extras_of(problem)
    header, rows = _read_lines(text, name)
    own = tuple(column.name for column in problem.all_columns)
    layouts = {own: None, **{(*one.columns, one.target): one for one in extras.layouts}}
    expected = _nearest(layouts, header)
    complaints = [*_header_problems(header, expected), *_length_problems(header, rows)]
    _raise(extras, complaints, name)
    frame = _numbers(extras, header, rows, expected, layouts[expected], problem.all_columns, name)
    return check_frame(problem, frame, name)


def read_inputs(problem: Problem, path: Path) -> pd.DataFrame:
    """Return the inputs that a CSV file holds, to predict on; other columns are left out.

    Raises:
        DataError: the file cannot be read, lacks a column, or holds a value outside its range;
            every bad column, line and value is named.
    """
    extras, name = extras_of(problem), str(path)
    header, rows = _read_lines(_text(path), name)
    layouts = {problem.inputs: None, **{one.columns: one for one in extras.layouts}}
    expected = _nearest(layouts, header)
    missing = [f"column {column} is missing" for column in expected if column not in header]
    doubled = [f"column {n} is there twice" for n in expected if header.count(n) > 1]
    complaints = [*missing, *doubled, *_length_problems(header, rows)]
    _raise(extras, complaints, name, target=False)
    return _numbers(extras, header, rows, expected, layouts[expected], problem.columns, name)


def check_frame(problem: Problem, frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the table if every value is a number in its column's range.

    Raises:
        DataError: naming every bad column, row and value.
    """
    columns, extras = problem.all_columns, extras_of(problem)
    missing = [c.name for c in columns if c.name not in frame.columns]
    _raise(extras, [f"column {column} is missing" for column in missing], name)
    _raise(extras, list(_range_problems(frame, columns, label="row")), name)
    return frame


def check_inputs(inputs: Sequence[str], frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the inputs, in order, of a table to predict on.

    Raises:
        DataError: one is missing, or holds something that is not a number.
    """
    missing = [column for column in inputs if column not in frame.columns]
    if missing:
        listing = "".join(f"\n  - column {column} is missing" for column in missing)
        raise DataError(f"{name} lacks inputs:{listing}", fix=f"give {', '.join(inputs)}")
    return frame[list(inputs)].astype("float64")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}", fix=CSV_FIX) from None


def _numbers(
    extras: Extras,
    header: list[str],
    rows: dict[int, list[str]],
    expected: tuple[str, ...],
    layout: Layout | None,
    columns: Sequence[Column],
    name: str,
) -> pd.DataFrame:
    """Return the filled lines as numbers, in the problem's columns; bad ones by their line."""
    raw = pd.DataFrame(list(rows.values()), index=pd.Index(rows), columns=header, dtype=str)
    numbers = raw[list(expected)].apply(pd.to_numeric, errors="coerce").astype("float64")
    frame = numbers if layout is None else layout.derive(numbers)
    frame = frame[[column.name for column in columns]]
    # Text is a NaN here, and named already.
    outside = _range_problems(frame, columns, label="line", nan=False)
    target = columns[-1].name == extras.problem.target.name
    _raise(extras, [*_text_problems(raw, numbers), *outside], name, target=target)
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
        raise DataError(what, fix=CSV_FIX) from None


def _nearest(layouts: Iterable[tuple[str, ...]], header: list[str]) -> tuple[str, ...]:
    """Return the columns of which the header has most; the problem's own in a draw."""
    return max(layouts, key=lambda names: len(set(names) & set(header)))


def _header_problems(header: list[str], expected: tuple[str, ...]) -> Iterator[str]:
    if not header:
        yield "the file is empty"
        return
    for column, times in Counter(header).items():
        if times > 1:
            yield f"column {column} appears {times} times in the header"
    for column in expected:
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
            spelled = "nothing" if value.strip() == "" else repr(value)
            yield f"line {row}, column {column}: {spelled} is not a number"


def _range_problems(
    frame: pd.DataFrame, columns: Iterable[Column], *, label: str, nan: bool = True
) -> Iterator[str]:
    """Name each value outside its range by its row's label; `nan=False` passes NaN over."""
    largest = sys.float_info.max
    for column in columns:
        values = frame[column.name]
        low = -largest if column.low is None else column.low
        high = largest if column.high is None else column.high
        bad = ~values.between(low, high)  # NaN and infinities are not between
        for row in frame.index[bad]:
            value = float(values[row])
            if math.isnan(value):
                if nan:
                    yield f"{label} {row}, column {column.name}: NaN is not a number"
            else:
                yield f"{label} {row}, column {column.name}: {value:g} is {_outside(column)}"


def _outside(column: Column) -> str:
    unit = f" {column.unit}" if column.unit else ""
    if column.low is None and column.high is None:
        return "not finite"
    low = "-infinity" if column.low is None else f"{column.low:g}"
    high = "infinity" if column.high is None else f"{column.high:g}"
    return f"outside {low} to {high}{unit}"


def _raise(extras: Extras, complaints: list[str], name: str, *, target: bool = True) -> None:
    if not complaints:
        return
    first = complaints[:MOST_PROBLEMS]
    more = len(complaints) - len(first)
    listing = "".join(f"\n  - {complaint}" for complaint in first)
    rest = f"\n  - and {more} more" if more else ""
    known = [(one.columns, one.target) for one in extras.layouts]
    known.append((extras.problem.inputs, extras.problem.target.name))
    ways = (", ".join([*inputs, last] if target else inputs) for inputs, last in known)
    raise DataError(
        f"{name} is not {extras.data}:{listing}{rest}",
        fix=f"give the columns {'; or '.join(ways)}",
    )
