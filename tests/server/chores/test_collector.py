"""What is collected: old bytes that nothing refers to, drafts nobody finished, expired versions."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from housing_sweep.server.chores import collector
from housing_sweep.server.chores.collector import DRAFT_LIFETIME_SECONDS, YOUNG_SECONDS, collect
from housing_sweep.server.content.blobs import Blob
from housing_sweep.server.content.digests import Digests
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.artifacts import collections, files, uploads, versions
from housing_sweep.server.store.artifacts.collections import SEQUENCE, ArtifactId, Collection
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.projects import projects
from tests.support.sweep_play import Play

DAY = 24 * 3600.0


class Shelf:
    """A server's blobs, and versions that refer to them, with a clock by hand."""

    def __init__(self, play: Play) -> None:
        self.play, self.db = play, play.ctx.db
        self.blobs = play.services.blobs
        project = projects.ensure(self.db, play.user, None, "shelf", now=play.now)
        self.collection: Collection = collections.ensure(
            self.db, project.id, "nets", "model", SEQUENCE, play.now
        )

    def put(self, data: bytes, age: float = 0.0) -> Blob:
        """Store bytes that came so many seconds ago."""
        blob = self.blobs.put(data)
        os.utime(self.blobs.path(blob.sha256), (self.play.now - age,) * 2)
        return blob

    def draft(self, blob: Blob, ttl: int | None = None) -> Artifact:
        """Return a draft that holds a blob."""
        draft = versions.create(
            self.db,
            collection_id=self.collection.id,
            digest="d",
            digest_algorithm="MANIFEST_MD5",
            pending_aliases="[]",
            ttl_seconds=ttl,
            created_at=self.play.now,
            updated_at=self.play.now,
        )
        digests = Digests(blob.digests.md5)
        files.declare(self.db, self.collection.project_id, draft.id, "w", digests, self.play.now)
        files.record_upload(self.db, draft.id, "w", blob, self.play.now)
        return draft

    def publish(self, blob: Blob, ttl: int | None = None) -> Artifact:
        """Return a committed version that holds a blob."""
        draft = self.draft(blob, ttl)
        return versions.publish(self.db, draft, digest="d", size=1, file_count=1, now=self.play.now)

    @property
    def names(self) -> set[str]:
        """The blobs that are stored."""
        return set(self.blobs.names())


@pytest.fixture
def shelf(play: Play) -> Shelf:
    """No blob yet."""
    return Shelf(play)


def test_only_old_blobs_that_nothing_refers_to_go(shelf: Shelf, play: Play) -> None:
    young = shelf.put(b"young", YOUNG_SECONDS - 1)
    shelf.put(b"old", YOUNG_SECONDS)
    in_use = shelf.put(b"in use", 9 * DAY)
    shelf.publish(in_use)
    assert collect(play.ctx) == 1
    assert shelf.names == {young.sha256, in_use.sha256}
    assert collect(play.ctx) == 0


def test_an_expired_version_goes_with_its_bytes(shelf: Shelf, play: Play) -> None:
    blob = shelf.put(b"model", 9 * DAY)
    artifact = shelf.publish(blob, ttl=100)
    play.now += 99
    assert collect(play.ctx) == 0
    play.now += 1
    assert collect(play.ctx) == 1
    assert versions.find_by_id(shelf.db, artifact.id) is None
    assert shelf.names == set()


def test_a_draft_may_be_finished_for_a_week(shelf: Shelf, play: Play) -> None:
    draft = shelf.draft(shelf.put(b"model", 9 * DAY))
    play.now += DRAFT_LIFETIME_SECONDS - 1
    assert collect(play.ctx) == 0
    assert versions.find_by_id(shelf.db, draft.id) == draft
    play.now += 2
    assert collect(play.ctx) == 1
    assert versions.find_by_id(shelf.db, draft.id) is None


def test_a_clock_that_jumps_ahead_ends_nothing_early(shelf: Shelf, play: Play) -> None:
    draft = shelf.draft(shelf.put(b"draft"))
    expiring = shelf.publish(shelf.put(b"model"), ttl=100)
    shelf.put(b"on its way")
    play.jump(400 * DAY)
    assert collect(play.ctx) == 0
    assert versions.find_by_id(shelf.db, draft.id) == draft
    play.now += 100
    collect(play.ctx)
    assert versions.find_by_id(shelf.db, expiring.id) is None


def test_bytes_of_two_versions_stay_as_long_as_one_of_them(shelf: Shelf, play: Play) -> None:
    blob = shelf.put(b"model", 9 * DAY)
    artifact, _ = shelf.publish(blob), shelf.publish(blob)
    versions.delete(shelf.db, artifact, with_aliases=True, now=play.now)
    assert collect(play.ctx) == 0
    assert shelf.names == {blob.sha256}


def test_parts_of_an_upload_that_nobody_knows_are_collected_once_they_are_old(
    shelf: Shelf, play: Play
) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"x"

    for upload in ("feed", "beef"):
        asyncio.run(shelf.blobs.receive_part(upload, 1, stream()))
        os.utime(shelf.blobs._part(upload, 0).parent, (play.now, play.now))
    artifact = shelf.draft(shelf.put(b"model"))
    uploads.keep_part(shelf.db, "beef", ArtifactId(artifact.id), uploads.Part(1, "md5", 1))
    collect(play.ctx)
    assert sorted(shelf.blobs.uploads()) == ["beef", "feed"]
    play.now += YOUNG_SECONDS
    collect(play.ctx)
    assert shelf.blobs.uploads() == ["beef"]


def test_one_bad_round_does_not_end_the_collector(
    play: Play, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def until_the_third_round() -> None:
        third, loop, rounds = asyncio.Event(), asyncio.get_running_loop(), [0]

        def fail(_ctx: Context) -> None:
            rounds[0] += 1
            if rounds[0] == 3:
                loop.call_soon_threadsafe(third.set)
            raise ArithmeticError("of a bug")

        monkeypatch.setattr(collector, "collect", fail)
        forever = asyncio.create_task(collector.collect_forever(play.server))
        await asyncio.wait_for(third.wait(), 60)
        forever.cancel()

    monkeypatch.setattr(collector, "INTERVAL_SECONDS", 0.01)
    asyncio.run(until_the_third_round())
    assert "collecting blobs failed: of a bug" in caplog.text
