"""A data folder is examined: what is wrong is named, what does no harm is noted."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from housing_sweep.errors import Damaged, NotFound
from housing_sweep.server.content.blobs import BlobStore
from housing_sweep.server.services.checkup import examine_folder
from housing_sweep.server.services.config import ServerConfig
from tests.support.filled_folder import fill


@pytest.fixture
def config(tmp_path: Path) -> ServerConfig:
    """A sound folder."""
    return fill(tmp_path / "data")


def a_blob(config: ServerConfig, size: int = 7000) -> Path:
    """Return the blob of so many bytes."""
    (path,) = (p for p in config.blobs.glob("??/*") if p.stat().st_size == size)
    return path


def execute(config: ServerConfig, *statements: str) -> None:
    """Change rows behind everybody's back."""
    with sqlite3.connect(config.database) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


def test_nothing_is_wrong_with_a_sound_folder_and_nothing_is_changed(config: ServerConfig) -> None:
    before = {p: p.read_bytes() for p in config.data_dir.rglob("*") if p.is_file()}
    checkup = examine_folder(config)
    assert (checkup.problems, checkup.notes) == ((), ())
    assert (checkup.counts["files"], checkup.counts["bytes"]) == (2, 7005)
    assert {p: p.read_bytes() for p in config.data_dir.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c: a_blob(c).write_bytes(b"weighty" * 1000), "is damaged: it has SHA-256"),
        (lambda c: a_blob(c).write_bytes(b""), "is damaged: it has SHA-256"),
        (lambda c: a_blob(c).unlink(), "version 1/weights refers to blob"),
        (lambda c: a_blob(c, 5).unlink(), "/log.txt refers to blob"),
        (lambda c: (c.blobs / "zz").mkdir() or (c.blobs / "zz" / "x").touch(), "is not a blob"),
        (lambda c: execute(c, "UPDATE artifact_files SET size = 8"), "8 bytes are noted"),
        (lambda c: execute(c, "UPDATE run_files SET md5 = 'x'"), "MD5 x is noted"),
        (lambda c: execute(c, "UPDATE artifact_files SET xxh128 = 'x'"), "XXH128 x is noted"),
        (lambda c: execute(c, "DELETE FROM history"), "lines of history, and has 0"),
        (
            lambda c: execute(c, "INSERT INTO upload_parts VALUES ('beef', 1, 1, 'm', 9)"),
            "part 1 of upload beef is not stored",
        ),
    ],
)
def test_what_is_wrong_is_named(
    config: ServerConfig, spoil: Callable[[ServerConfig], object], words: str
) -> None:
    spoil(config)
    (problem,) = examine_folder(config).problems
    assert words in problem


def test_what_nothing_refers_to_is_noted_and_no_problem(config: ServerConfig) -> None:
    orphan = BlobStore(config.blobs).put(b"of a version that was deleted")
    (config.blobs / "parts" / "feed").mkdir(parents=True)
    (config.data_dir / "notes.txt").write_text("")
    checkup = examine_folder(config)
    assert checkup.problems == ()
    for words in (orphan.sha256, "parts/feed", "notes.txt"):
        assert sum(words in note for note in checkup.notes) == 1
    assert len(checkup.notes) == 3


def test_pages_that_cannot_be_read_are_all_that_is_said(config: ServerConfig) -> None:
    content = bytearray(config.database.read_bytes())
    content[20 * 4096 : 30 * 4096] = b"\xff" * 10 * 4096
    config.database.write_bytes(content)
    try:
        problems = examine_folder(config).problems
    except Damaged as error:
        problems = (error.what,)
    assert problems
    assert all("is damaged" in problem for problem in problems)


def test_a_folder_of_an_older_version_is_examined_as_far_as_it_is_known(
    config: ServerConfig,
) -> None:
    execute(config, "PRAGMA user_version = 101")
    checkup = examine_folder(config)
    assert checkup.problems == ()
    assert "schema version 101" in checkup.notes[0]


def test_no_folder_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        examine_folder(ServerConfig(data_dir=tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []
