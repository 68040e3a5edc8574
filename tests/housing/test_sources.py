from pathlib import Path

import pytest

from housing_sweep.errors import DataError, NotFound
from housing_sweep.housing import sources, synthetic
from housing_sweep.housing.dataset import csv_bytes, files_of


def test_auto_takes_the_named_file(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_bytes(csv_bytes(synthetic.make(100)))
    found = sources.load_housing("auto", path)
    assert (found.source, len(found.frame), found.tried) == ("csv", 100, ())


def test_auto_does_not_pass_over_a_bad_file(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="is not California housing data"):
        sources.load_housing("auto", tmp_path / "h.csv")
    with pytest.raises(DataError, match="does not exist"):
        sources.load_housing("csv", tmp_path / "nowhere.csv")


def test_csv_without_a_file_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUSING_SWEEP_CSV", raising=False)
    with pytest.raises(NotFound, match="HOUSING_SWEEP_CSV"):
        sources.load_housing("csv")


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(DataError, match="unknown source 'kaggle'"):
        sources.load_housing("kaggle")


def test_equal_data_gives_equal_files_whatever_its_origin() -> None:
    frame = synthetic.make(50)
    one = files_of(sources.Housing(frame, "csv", "here.csv"))
    two = files_of(sources.Housing(frame.copy(), "csv", "there.csv"))
    assert one == two
    assert one.metadata["rows"] == 50


def test_auto_always_ends_with_some_data_and_says_what_it_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOUSING_SWEEP_CSV", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))  # an empty cache
    found = sources.load_housing("auto")  # with the internet california, else synthetic
    assert found.source in ("california", "synthetic")
    assert found.tried[0].startswith("csv: no CSV was named")
    assert (found.source == "synthetic") == (len(found.tried) == 2)
    assert len(found.frame) == 20_640
