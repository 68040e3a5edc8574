"""Which files the rows refer to."""

from pathlib import Path

from housing_sweep.server.store import references
from housing_sweep.server.store.references import Reference, UploadPart
from tests.support.run_rows import Rows


def test_every_noun_that_has_bytes_is_asked(tmp_path: Path) -> None:
    rows = Rows(tmp_path)
    rows.db.executescript(
        "INSERT INTO artifact_types (id, project_id, name, created_at) VALUES (1, 1, 'model', 0);"
        "INSERT INTO collections (id, project_id, type_id, kind, name, created_at, updated_at)"
        " VALUES (1, 1, 1, 'SEQUENCE', 'a', 0, 0);"
        "INSERT INTO artifacts (id, collection_id, digest, state, created_at, updated_at)"
        " VALUES (1, 1, 'd', 'PENDING', 0, 0);"
        "INSERT INTO run_files (run_id, name, sha256, md5, size, updated_at)"
        " VALUES (1, 'a.txt', 'aa', 'm', 1, 0), (1, 'announced', NULL, NULL, 0, 0);"
        "INSERT INTO artifact_files (artifact_id, name, sha256, md5, xxh128, size, updated_at)"
        " VALUES (1, 'w', 'bb', 'm', 'x', 2, 0), (1, 'announced', NULL, 'm', 'x', 0, 0);"
        "INSERT INTO manifests (artifact_id, name, type, digest, sha256, size, created_at)"
        " VALUES (1, '', 'FULL', 'd', 'cc', 3, 0), (1, '', 'FULL', 'd', NULL, 0, 0);"
        "INSERT INTO upload_parts VALUES ('beef', 7, 1, 'm', 9)"
    )
    assert references.of_blobs(rows.db) == [
        Reference("aa", "run one/a.txt", 1, "m"),
        Reference("bb", "version 1/w", 2, "m", "x"),
        Reference("cc", "manifest of version 1", 3),
    ]
    assert references.blobs(rows.db) == {"aa", "bb", "cc"}
    assert references.upload_parts(rows.db) == [UploadPart("beef", 7, 9)]
    rows.database.close()


def test_every_column_that_names_a_blob_is_known(tmp_path: Path) -> None:
    """A table that is added with one must be added here."""
    rows = Rows(tmp_path)
    tables = rows.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    with_blobs = {
        table
        for (table,) in tables
        for column in rows.db.execute(f"PRAGMA table_info({table})")
        if column[1] == "sha256"
    }
    assert with_blobs == {"run_files", "artifact_files", "manifests"}
    rows.database.close()
