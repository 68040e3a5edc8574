"""`housing-sweep backup`, `restore` and `server --check`: what they print, how they end."""

import json
from pathlib import Path

import pytest

from housing_sweep.cli.main import cli, run
from tests.support.filled_folder import fill

Shown = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder."""
    return fill(tmp_path / "data").data_dir


def test_a_folder_goes_to_a_backup_and_back(data: Path, tmp_path: Path, capsys: Shown) -> None:
    target = str(tmp_path / "b")
    assert run(cli, ["backup", target, "--data-dir", str(data)]) == 0
    assert "the database and 2 files (7005 bytes), 2 of them copied now" in capsys.readouterr().out
    assert run(cli, ["restore", target, "--data-dir", str(data)]) == 4
    assert "fix: --replace puts aside" in capsys.readouterr().err
    assert run(cli, ["restore", target, "--data-dir", str(data), "--replace", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert Path(report["put_aside"]).is_dir()
    assert run(cli, ["backup", target, "--data-dir", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        **{"backup": target, "files": 2, "bytes": 7005, "copied_files": 0, "copied_bytes": 0}
    }


def test_a_check_names_every_problem_and_ends_with_2(data: Path, capsys: Shown) -> None:
    assert run(cli, ["server", "--check", "--data-dir", str(data)]) == 0
    assert capsys.readouterr().out.endswith("nothing is wrong\n")
    for path in (data / "blobs").glob("??/*"):
        path.unlink()
    assert run(cli, ["server", "--check", "--data-dir", str(data)]) == 2
    shown = capsys.readouterr()
    assert shown.out.count("problem: ") == 2
    assert "2 problems in" in shown.err


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 9000])
@pytest.mark.parametrize(
    "command",
    [["server", "--check"], ["server", "--port", "0"], ["users", "list"], ["backup", "there"]],
    ids=" ".join,
)
def test_no_damage_ends_in_a_traceback(
    data: Path, capsys: Shown, command: list[str], content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data.parent)
    (data / "housing-sweep.db").write_bytes(content)
    assert run(cli, [*command, "--data-dir", str(data)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "fix: " in error


def test_a_damaged_key_file_is_refused_in_words(data: Path, capsys: Shown) -> None:
    for text in ("{", "[]", '{"user": "x"}', "7"):
        (data / "client.json").write_text(text)
        for command in (["env"], ["server", "--port", "0"]):
            assert run(cli, [*command, "--data-dir", str(data)]) == 2
            assert "delete it: the next start" in capsys.readouterr().err


def test_no_folder_is_a_3_and_stays_none(tmp_path: Path, capsys: Shown) -> None:
    none = str(tmp_path / "none")
    assert run(cli, ["server", "--check", "--data-dir", none]) == 3
    assert run(cli, ["backup", str(tmp_path / "b"), "--data-dir", none]) == 3
    assert run(cli, ["restore", str(tmp_path / "b"), "--data-dir", none]) == 3
    assert capsys.readouterr().err.count("fix: ") == 3
    assert list(tmp_path.iterdir()) == []


def test_a_key_file_that_cannot_be_read_is_no_traceback(data: Path, capsys: Shown) -> None:
    (data / "client.json").unlink()
    (data / "client.json").mkdir()
    assert run(cli, ["env", "--data-dir", str(data)]) == 2
    assert "cannot read" in capsys.readouterr().err
