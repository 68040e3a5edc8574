"""Multipart uploads: joined when every part came as announced, once, or forgotten."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from housing_sweep.errors import BadInput, NotFound, PermissionDenied
from housing_sweep.server.store.artifacts import files, uploads
from housing_sweep.server.store.artifacts.collections import ArtifactId
from housing_sweep.server.store.artifacts.uploads import Part
from tests.support.version_desk import VersionDesk, md5

COMPLETE = """mutation($input: CompleteMultipartUploadArtifactInput!) {
    completeMultipartUploadArtifact(input: $input) { digest } }"""
DATA = (b"first", b"second")
WHOLE = b"".join(DATA)


def hex_md5(data: bytes) -> str:
    """Return an ETag of bytes."""
    return f'"{base64.b64decode(md5(data)).hex()}"'


@dataclass
class Upload:
    """A file of a draft that comes in two parts."""

    desk: VersionDesk
    draft: str
    id: str

    def receive(self, number: int, data: bytes) -> None:
        """Let a part's bytes arrive."""

        async def stream() -> AsyncIterator[bytes]:
            yield data

        blobs = self.desk.house.server.services.blobs
        blob = asyncio.run(blobs.receive_part(self.id, number, stream()))
        part = Part(number, blob.digests.md5 or "", blob.size)
        uploads.keep_part(self.desk.db, self.id, self.artifact_id, part)

    @property
    def artifact_id(self) -> ArtifactId:
        """The draft's number."""
        return ArtifactId(self.desk.number(self.draft))

    @property
    def stored(self) -> bytes | None:
        """The file's bytes, once it is whole."""
        file = files.find(self.desk.db, self.artifact_id, "w")
        if file is None or file.sha256 is None:
            return None
        return self.desk.house.server.services.blobs.read(file.sha256)

    @property
    def kept(self) -> bool:
        """Whether parts are still there, as rows and on disk."""
        rows = bool(uploads.parts(self.desk.db, self.id, self.artifact_id))
        assert rows is (self.id in self.desk.house.server.services.blobs.uploads())
        return rows

    def request(self, *parts: tuple[int, bytes], **fields: object) -> dict[str, Any]:
        """Return a request to complete it."""
        return {
            "completeMultipartAction": "Complete",
            "completedParts": [{"partNumber": n, "hexMD5": hex_md5(data)} for n, data in parts],
            "artifactID": self.draft,
            "storagePath": f"wandb_artifacts/{self.artifact_id}/w",
            "uploadID": self.id,
            **fields,
        }

    def complete(self, *parts: tuple[int, bytes], **fields: object) -> Any:
        """Complete it."""
        answer = self.desk.house.ask("ann", COMPLETE, input=self.request(*parts, **fields))
        return answer["completeMultipartUploadArtifact"]["digest"]

    def refused(self, *parts: tuple[int, bytes], **fields: object) -> Exception:
        """Return how completing it is refused."""
        return self.desk.house.refused("ann", COMPLETE, input=self.request(*parts, **fields))


@pytest.fixture
def upload(desk: VersionDesk) -> Upload:
    """Announced, and nothing came yet."""
    draft = desk.create()
    parts = [{"partNumber": n, "hexMD5": hex_md5(data)} for n, data in enumerate(DATA, 1)]
    (node,) = desk.announce(draft, {"name": "w", "md5": md5(WHOLE), "uploadPartsInput": parts})
    return Upload(desk, draft, node["uploadMultipartUrls"]["uploadID"])


PARTS = tuple(enumerate(DATA, 1))


def test_parts_in_any_order_become_one_file_and_are_gone(upload: Upload) -> None:
    for number, data in reversed(PARTS):
        upload.receive(number, data)
    assert upload.complete(*reversed(PARTS)) == md5(WHOLE)
    assert upload.stored == WHOLE
    assert not upload.kept


def test_completing_again_changes_nothing(upload: Upload) -> None:
    for number, data in PARTS:
        upload.receive(number, data)
    assert [upload.complete(*PARTS) for _ in range(2)] == [md5(WHOLE)] * 2


def test_a_part_that_did_not_come_or_is_another_one_is_said_and_the_rest_is_kept(
    upload: Upload,
) -> None:
    upload.receive(1, DATA[0])
    assert "1 of 2 parts came" in str(upload.refused(*PARTS))
    upload.receive(2, b"other")
    assert "2 of 2 parts came as announced" in str(upload.refused(*PARTS))
    assert upload.kept
    upload.receive(2, DATA[1])
    assert upload.complete(*PARTS) == md5(WHOLE)


def test_parts_that_make_another_file_than_announced_are_refused(upload: Upload) -> None:
    for number, data in ((1, DATA[0]), (2, b"other")):
        upload.receive(number, data)
    refusal = upload.refused((1, DATA[0]), (2, b"other"))
    assert isinstance(refusal, BadInput)
    assert "'w', joined, has MD5" in str(refusal)
    assert upload.stored is None


def test_an_aborted_upload_is_forgotten(upload: Upload) -> None:
    upload.receive(1, DATA[0])
    for _ in range(2):
        assert upload.complete(completeMultipartAction="Abort") is None
    assert not upload.kept
    assert upload.stored is None


def test_a_file_that_was_not_announced_is_not_found(upload: Upload) -> None:
    refusal = upload.refused(*PARTS, storagePath="elsewhere/v")
    assert isinstance(refusal, NotFound)


def test_nobody_else_completes_or_aborts_it(upload: Upload) -> None:
    upload.receive(1, DATA[0])
    for action in ("Complete", "Abort"):
        request = upload.request(*PARTS, completeMultipartAction=action)
        for who, kind in (("vic", PermissionDenied), ("eve", NotFound)):
            assert isinstance(upload.desk.house.refused(who, COMPLETE, input=request), kind)
    assert upload.kept


def test_another_versions_parts_are_out_of_reach(upload: Upload) -> None:
    upload.receive(1, DATA[0])
    other = upload.desk.create("other")
    request = upload.request(artifactID=other, completeMultipartAction="Abort")
    upload.desk.house.ask("ann", COMPLETE, input=request)
    assert upload.kept
