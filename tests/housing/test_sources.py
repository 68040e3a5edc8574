from pathlib import Path

import pytest

from housing_sweep.errors import DataError, NotFound
from housing_sweep.housing import synthetic
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular.dataset_files import csv_bytes
from housing_sweep.tabular.tables import load_table


def test_auto_takes_the_named_file(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes(csv_bytes(PROBLEM, synthetic.make(100)))
    found = load_table(PROBLEM, "auto", path)
    assert (found.source, len(found.frame), found.tried) == ("csv", 100, ())


def test_auto_does_not_pass_over_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="is not California housing data"):
        load_table(PROBLEM, "auto", tmp_path / "h.csv")
    with pytest.raises(DataError, match="does not exist"):
        load_table(PROBLEM, "csv", tmp_path / "nowhere.csv")


def test_csv_without_a_file_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUSING_SWEEP_CSV", raising=False)
    with pytest.raises(NotFound, match="HOUSING_SWEEP_CSV"):
        load_table(PROBLEM, "csv")


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(DataError, match="unknown source 'kaggle'"):
        load_table(PROBLEM, "kaggle")


def test_auto_always_ends_with_some_data_and_says_what_it_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOUSING_SWEEP_CSV", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))  # an empty cache
    found = load_table(PROBLEM, "auto")  # with the internet california, else synthetic
    assert found.source in ("california", "synthetic")
    assert found.tried[0].startswith("csv: no CSV was named")
    assert (found.source == "synthetic") == (len(found.tried) == 2)
    assert len(found.frame) == 20_640
