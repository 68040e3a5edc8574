from pathlib import Path

import pytest

from housing_sweep.errors import DataError
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import FEATURES, PROBLEM, TARGET
from housing_sweep.tabular import tables
from housing_sweep.tabular.dataset_files import csv_bytes

HEADER = ",".join([*FEATURES, TARGET])
ROW = "8.3252,41.0,6.98,1.02,322.0,2.55,37.88,-122.23,4.526"


def _problems(text: str) -> str:
    with pytest.raises(DataError) as caught:
        tables.parse_csv(PROBLEM, text, "houses.csv")
    assert caught.value.exit_code == 2
    assert caught.value.fix
    return caught.value.what


def test_sound_rows_come_back_as_numbers() -> None:
    frame = tables.parse_csv(PROBLEM, f"{HEADER}\n{ROW}\n{ROW}\n", "houses.csv")
    assert frame.shape == (2, 9)
    assert frame["Latitude"].tolist() == [37.88, 37.88]


def test_every_bad_value_is_named_in_one_error() -> None:
    bad = ROW.replace("37.88", "57.88")
    words = ROW.replace("41.0", "old")
    nan = ROW.replace("8.3252", "NaN")
    what = _problems(f"{HEADER}\n{ROW}\n{words}\n{nan}\n")
    assert "line 3, column HouseAge: 'old' is not a number" in what
    assert "line 4, column MedInc: 'NaN' is not a number" in what
    assert "line 2, column Latitude: 57.88 is outside 32 to 43" in _problems(f"{HEADER}\n{bad}\n")


def test_words_and_values_out_of_range_are_named_together_by_their_true_line() -> None:
    words, far = ROW.replace("41.0", "old"), ROW.replace("37.88", "57.88")
    what = _problems(f"{HEADER}\n{ROW}\n\n{words}\n\n{far}\n")
    assert "line 4, column HouseAge: 'old' is not a number" in what
    assert "line 6, column Latitude: 57.88 is outside 32 to 43" in what
    assert what.count("\n  - ") == 2


def test_a_file_that_is_no_csv_is_refused() -> None:
    assert "is not CSV: line 2" in _problems(f"{HEADER}\n{'9' * 200_000}\n")


def test_missing_and_repeated_columns_are_named() -> None:
    what = _problems(f"{HEADER.replace('Latitude', 'Longitude')}\n{ROW}\n")
    assert "column Latitude is missing" in what
    assert "column Longitude appears 2 times" in what


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        (f"{HEADER}\n", "there are no rows"),
        (f"{HEADER}\n{ROW},7\n", "line 2 has 10 values instead of 9"),
        ("a,b\n1,2\n", "column MedInc is missing"),
    ],
)
def test_files_that_are_not_housing_say_why(text: str, said: str) -> None:
    assert said in _problems(text)


def test_a_hopeless_file_counts_what_it_does_not_list() -> None:
    rows = "\n".join([ROW.replace("37.88", "99")] * 50)
    assert "and 30 more" in _problems(f"{HEADER}\n{rows}\n")


def test_written_tables_read_back_bit_for_bit(tmp_path: Path) -> None:
    frame = synthetic.make(rows=500)
    (tmp_path / "h.csv").write_bytes(csv_bytes(PROBLEM, frame))
    again = tables.read_csv(PROBLEM, tmp_path / "h.csv")
    assert again.equals(frame)
    assert csv_bytes(PROBLEM, again) == csv_bytes(PROBLEM, frame)
