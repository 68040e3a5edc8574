"""Stored bytes, looked at: which files are blobs, and what they hold."""

from pathlib import Path

import pytest

from housing_sweep.server.content import blob_check
from housing_sweep.server.content.blobs import BlobStore


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def test_a_file_is_examined_as_it_was_stored(store: BlobStore) -> None:
    blob = store.put(b"x" * 3_000_000)
    examined = blob_check.examine(store.path(blob.sha256))
    assert (examined.sha256, examined.size, examined.digests) == (
        *(blob.sha256, blob.size, blob.digests),
    )


def test_only_a_digest_in_its_folder_is_a_blob(store: BlobStore) -> None:
    blob = store.put(b"one")
    folder = store.path(blob.sha256).parent
    (folder / "notes.txt").write_text("")
    (folder / blob.sha256.upper()).write_text("")
    (store.root / "stray").write_text("")
    other = store.root / ("00" if folder.name != "00" else "11")
    other.mkdir()
    (other / blob.sha256).write_text("")
    (store.root / "incoming" / "half").write_text("")
    names = {
        str(file.path.relative_to(store.root)): file.name
        for file in blob_check.blob_files(store.root)
    }
    assert names == {
        f"{folder.name}/{blob.sha256}": blob.sha256,
        f"{folder.name}/notes.txt": None,
        f"{folder.name}/{blob.sha256.upper()}": None,
        "stray": None,
        f"{other.name}/{blob.sha256}": None,
    }
