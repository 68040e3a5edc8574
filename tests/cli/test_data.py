"""`housing-sweep data`: a table is checked before anybody logs in."""

from pathlib import Path

import pandas as pd
import pytest

from housing_sweep.housing import synthetic
from tests.cli.conftest import Ask


def test_a_table_that_is_one_is_counted(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "[red].csv"  # a name that could be taken for markup
    synthetic.make(300).to_csv(file, index=False)
    code, out, _ = ask("data", "check", str(file))
    assert (code, out) == (0, f"{file}: 300 rows of California housing data\n")


def test_warnings_are_said_with_their_figures_and_harm_nobody(ask: Ask, tmp_path: Path) -> None:
    synthetic.make(7).assign(AveRooms=5).to_csv(tmp_path / "few.csv", index=False)
    code, out, _ = ask("data", "check", str(tmp_path / "few.csv"))
    assert code == 0
    assert "warning: not_split: 7 rows are too few to split randomly into three parts" in out
    assert out.count("warning: constant_column: AveRooms is 5 in all 7 rows") == 1


@pytest.fixture
def twice(tmp_path: Path) -> str:
    """A file that has every row twice."""
    path = tmp_path / "twice.csv"
    pd.concat([synthetic.make(300)] * 2).to_csv(path, index=False)
    return str(path)


def test_a_table_on_which_scores_say_nothing_is_refused_with_the_fix(ask: Ask, twice: str) -> None:
    code, out, said = ask("data", "check", twice)
    assert (code, out) == (2, f"{twice}: 600 rows of California housing data\n")
    assert f"{twice} is refused: scores on it would say nothing" in said
    assert " %) have an exact copy in training or validation (random split)" in said
    assert "fix: copied_rows: keep one of each row" in said
    assert "--allow copied_rows" in said


def test_what_is_allowed_is_said_instead(ask: Ask, twice: str) -> None:
    code, out, _ = ask("data", "check", twice, "--allow", "copied_rows")
    assert code == 0
    assert "allowed: copied_rows: " in out
    code, _, said = ask("data", "check", twice, "--allow", "copies")
    assert code == 2
    assert "use copied_rows, copied_inputs" in said


def test_what_check_refuses_is_not_published(ask: Ask, twice: str) -> None:
    code, _, said = ask("data", "publish", "--csv", twice)
    assert code == 2
    assert "copied_rows" in said
    assert "--allow copied_rows" in said


def test_a_table_that_is_none_names_every_bad_column_and_row(ask: Ask, tmp_path: Path) -> None:
    frame = synthetic.make(5).drop(columns="HouseAge")
    frame.to_csv(tmp_path / "bad.csv", index=False)
    code, _, said = ask("data", "check", str(tmp_path / "bad.csv"))
    assert code == 2
    assert "column HouseAge is missing" in said
    frame = synthetic.make(5)
    frame.loc[3, "Latitude"] = 99
    frame.to_csv(tmp_path / "bad.csv", index=False)
    code, _, said = ask("data", "check", str(tmp_path / "bad.csv"))
    assert code == 2
    assert "line 5, column Latitude: 99 is outside 32 to 43 degrees" in said


def test_a_file_that_is_not_there_is_bad_input(ask: Ask, tmp_path: Path) -> None:
    code, _, said = ask("data", "check", str(tmp_path / "none.csv"))
    assert code == 2
    assert "none.csv" in said


def test_two_sources_at_once_are_refused(ask: Ask) -> None:
    code, _, said = ask("data", "publish", "--csv", "x.csv", "--source", "synthetic")
    assert code == 2
    assert "name two sources" in said
    assert "fix: leave one of them out" in said


def test_an_unknown_source_is_refused_with_those_there_are(ask: Ask) -> None:
    code, _, said = ask("data", "publish", "--source", "kaggle")
    assert code == 2
    assert "'auto', 'csv', 'california', 'synthetic'" in said


def test_without_a_file_publish_says_how_to_name_one(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOUSING_SWEEP_CSV", raising=False)
    code, _, said = ask("data", "publish")
    assert code == 3
    assert "--csv" in said
