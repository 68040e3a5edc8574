"""The raw StatLib columns are read too."""

from pathlib import Path

import pytest

from housing_sweep.errors import DataError
from housing_sweep.housing import statlib
from housing_sweep.housing.problem import FEATURES, PROBLEM, TARGET
from housing_sweep.tabular.tables import parse_csv, read_csv, read_inputs

HEADER = ",".join((*statlib.COLUMNS, statlib.PRICE))


def test_raw_statlib_columns_become_scikit_learns() -> None:
    text = (
        ",".join((*statlib.COLUMNS, statlib.PRICE))
        + "\n-122.23,37.88,41,880,129,322,126,8.3252,452600\n"
    )
    row = parse_csv(PROBLEM, text, "raw.csv").iloc[0]
    assert row["AveRooms"] == pytest.approx(880 / 126)
    assert row["AveOccup"] == pytest.approx(322 / 126)
    assert row[TARGET] == pytest.approx(4.526)


def test_raw_rows_without_households_are_refused() -> None:
    text = f"{HEADER}\n-122.23,37.88,41,0,0,0,0,8.3252,452600\n"
    with pytest.raises(DataError, match="column AveRooms: NaN is not a number"):
        parse_csv(PROBLEM, text, "raw.csv")


def test_rows_to_predict_for_need_no_price(tmp_path: Path) -> None:
    csv = tmp_path / "places.csv"
    csv.write_text(",".join(statlib.COLUMNS) + "\n-122.23,37.88,41,880,129,322,126,8.3252\n")
    frame = read_inputs(PROBLEM, csv)
    assert tuple(frame.columns) == FEATURES
    assert frame["AveRooms"].tolist() == [880 / 126]


def test_the_real_data_is_accepted(real_csv: Path) -> None:
    frame = read_csv(PROBLEM, real_csv)
    assert len(frame) == 20_640
    assert frame[TARGET].max() == pytest.approx(5.00001)
