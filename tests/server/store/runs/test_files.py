"""Rows of run files: names that stay inside, bytes that come later, pages, and their blobs."""

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.content.blobs import Blob, Sha256
from housing_sweep.server.content.digests import Digests
from housing_sweep.server.store import references
from housing_sweep.server.store.runs import files, runs
from tests.support.run_rows import NOW, Rows

FIRST = Blob(Sha256("a" * 64), 5, Digests(md5="first"))
SECOND = Blob(Sha256("b" * 64), 9, Digests(md5="second"))


def names(rows: Rows, **filters: object) -> list[str]:
    """Return the names of a page of the run's files."""
    query = {"names": None, "pattern": None, "after": "", "limit": 99, **filters}
    return [file.name for file in files.page(rows.db, rows.run.id, **query)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "a.txt"),
        ("./media/a.png", "media/a.png"),
        ("media\\a.png", "media/a.png"),
        ("a/../b", "b"),
        ("..a", "..a"),
    ],
)
def test_a_name_is_cleaned(name: str, expected: str) -> None:
    assert files.clean_name(name) == expected


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "..\\x", "a\0b", "a/.."]
)
def test_a_name_outside_the_run_is_refused(rows: Rows, name: str) -> None:
    with pytest.raises(BadInput, match="not the name of a file inside a run"):
        files.clean_name(name)
    with pytest.raises(BadInput):
        files.declare(rows.db, rows.run.id, ["good", name], NOW)
    with pytest.raises(BadInput):
        files.record_upload(rows.db, rows.run.id, name, FIRST, NOW)
    assert files.find(rows.db, rows.run.id, "good") is None, "the other name came to nothing, too"


def test_a_declared_file_shows_only_once_its_bytes_came(rows: Rows) -> None:
    files.declare(rows.db, rows.run.id, ["./a", "b"], NOW)
    file = files.find(rows.db, rows.run.id, "a")
    assert file is not None
    assert (file.sha256, file.md5, file.size) == (None, None, 0)
    assert (names(rows), names(rows, names=["a"]), files.count(rows.db, rows.run.id)) == ([], [], 0)
    files.record_upload(rows.db, rows.run.id, "a", FIRST, NOW + 1)
    uploaded = files.find_by_id(rows.db, file.id)
    assert uploaded == files.RunFile(file.id, rows.run.id, "a", "a" * 64, "first", 5, NOW + 1)
    assert (names(rows), names(rows, names=["a"]), files.count(rows.db, rows.run.id)) == (
        ["a"],
        ["a"],
        1,
    )


def test_declaring_an_uploaded_file_again_keeps_its_bytes(rows: Rows) -> None:
    files.record_upload(rows.db, rows.run.id, "a", FIRST, NOW)
    uploaded = files.find(rows.db, rows.run.id, "a")
    files.declare(rows.db, rows.run.id, ["a"], NOW + 1)
    assert files.find(rows.db, rows.run.id, "a") == uploaded


def test_an_upload_replaces_the_file_of_its_name(rows: Rows) -> None:
    for blob in (FIRST, SECOND, SECOND):
        files.record_upload(rows.db, rows.run.id, "a", blob, NOW)
    assert names(rows) == ["a"]
    assert references.blobs(rows.db) == {SECOND.sha256}


def test_pages_go_by_name_without_gap_or_repeat(rows: Rows) -> None:
    for name in ("c", "a", "e.txt", "b", "d.txt"):
        files.record_upload(rows.db, rows.run.id, name, FIRST, NOW)
    assert names(rows, limit=2) == ["a", "b"]
    assert names(rows, limit=2, after="b") == ["c", "d.txt"]
    assert names(rows, after="d.txt") == ["e.txt"]
    assert names(rows, pattern="%.txt") == ["d.txt", "e.txt"]
    assert names(rows, names=["e.txt", "nothing", "./a"]) == ["a", "e.txt"]
    assert names(rows, names=["e.txt", "a"], after="a") == ["e.txt"]


def test_a_deleted_file_lets_go_of_its_blob(rows: Rows) -> None:
    files.record_upload(rows.db, rows.run.id, "a", FIRST, NOW)
    files.record_upload(rows.db, rows.run.id, "b", SECOND, NOW)
    file = files.find(rows.db, rows.run.id, "a")
    assert file is not None
    files.delete(rows.db, file.id)
    files.delete(rows.db, file.id)
    assert files.find_by_id(rows.db, file.id) is None
    assert references.blobs(rows.db) == {SECOND.sha256}
    runs.delete(rows.db, rows.run.id)
    assert references.blobs(rows.db) == set()
