"""Bytes by digest: whole or not there."""

import asyncio
import base64
import hashlib
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from housing_sweep.errors import BadInput, NotFound, Unavailable
from housing_sweep.server.content.blobs import Blob, BlobStore
from housing_sweep.server.content.digests import Digests


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def cut_off(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    raise ConnectionResetError("the client went away")


def receive(store: BlobStore, *chunks: bytes) -> Blob:
    return asyncio.run(store.receive(stream(*chunks)))


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(chunks=st.lists(st.binary(max_size=50), max_size=5))
def test_what_goes_in_comes_out_by_its_digests(store: BlobStore, chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    blob = receive(store, *chunks)
    assert blob.sha256 == hashlib.sha256(data).hexdigest()
    assert blob.digests.md5 == base64.b64encode(hashlib.md5(data).digest()).decode()
    assert blob.size == len(data)
    assert store.read(blob.sha256) == data
    assert store.put(data) == blob


def test_an_upload_that_breaks_off_leaves_nothing(store: BlobStore) -> None:
    with pytest.raises((ConnectionResetError, Unavailable)):
        asyncio.run(store.receive(cut_off(b"half of it")))
    assert list(store.names()) == []
    assert [p for p in store.root.rglob("*") if p.is_file()] == []


def test_what_a_killed_server_left_is_swept_away_at_the_next_start(store: BlobStore) -> None:
    kept = store.put(b"kept")
    (store.root / "incoming" / "torn").write_bytes(b"half")
    again = BlobStore(store.root)
    assert not (store.root / "incoming" / "torn").exists()
    assert list(again.names()) == [kept.sha256]


@pytest.mark.parametrize(
    "name", ["", "..", "../../etc/passwd", "a" * 63, "A" * 64, "g" * 64, "a" * 64, "/" + "a" * 63]
)
def test_only_digests_of_stored_blobs_are_paths(store: BlobStore, name: str) -> None:
    store.put(b"x")
    with pytest.raises(NotFound):
        store.path(name)


def test_a_blob_can_be_read_by_its_owner_only(store: BlobStore) -> None:
    path = store.path(store.put(b"secret").sha256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_upload_again_makes_an_old_blob_young(store: BlobStore) -> None:
    """The collector spares young blobs: one that is uploaded again must not be swept in between."""
    path = store.path(store.put(b"x").sha256)
    os.utime(path, (0, 0))
    receive(store, b"x")
    assert path.stat().st_mtime > 1e9


def test_a_deleted_blob_is_gone_and_can_be_deleted_twice(store: BlobStore) -> None:
    blob = store.put(b"x")
    store.delete(blob.sha256)
    store.delete(blob.sha256)
    with pytest.raises(NotFound):
        store.read(blob.sha256)


def test_a_full_disk_answers_retry_later_and_keeps_nothing(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("housing_sweep.server.content.blobs.RESERVE_BYTES", 2**80)
    with pytest.raises(Unavailable, match="full"):
        receive(store, b"x")
    assert list(store.names()) == []


def test_an_announced_digest_must_be_the_uploads(store: BlobStore) -> None:
    blob = store.put(b"x")
    other = store.put(b"y").digests
    blob.digests.check(Digests())
    blob.digests.check(blob.digests)
    with pytest.raises(BadInput, match="MD5"):
        blob.digests.check(other)
    with pytest.raises(BadInput, match="XXH128"):
        blob.digests.check(Digests(xxh128=other.xxh128))


def test_parts_are_joined_in_order_and_nobody_elses_bytes_go_with_them(store: BlobStore) -> None:
    for number, content in ((2, b"b"), (1, b"a"), (1, b"A")):
        asyncio.run(store.receive_part("feed", number, stream(content)))
    asyncio.run(store.receive_part("beef", 1, stream(b"A")))
    joined = store.join("feed", [1, 2])
    assert store.read(joined.sha256) == b"Ab"
    store.forget_parts("feed")
    assert store.uploads() == ["beef"]
    assert store.read(store.join("beef", [1]).sha256) == b"A"
    with pytest.raises(NotFound, match="part 000001"):
        store.join("feed", [1])


@pytest.mark.parametrize("upload", ["", "..", "../blobs", "FEED", "a/b"])
def test_only_uploads_of_ours_are_folders(store: BlobStore, upload: str) -> None:
    with pytest.raises(NotFound):
        asyncio.run(store.receive_part(upload, 1, stream(b"x")))
    with pytest.raises(NotFound):
        store.forget_parts(upload)
