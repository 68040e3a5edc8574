"""Bytes by digest on disk: streamed in, fsynced, renamed; never half-written, never in memory.

Parts of a large file are kept aside by upload and number until they are joined, so that nobody
else's blob goes with them.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NewType

from housing_sweep.errors import NotFound, Unavailable
from housing_sweep.server.content.digests import NOTHING, Digests, Hasher

Sha256 = NewType("Sha256", str)
"""64 hex digits: the name of a blob."""

RESERVE_BYTES = 64 * 2**20
"""Free space below which uploads answer "retry later": the database needs room to commit."""


CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: its name, its size in bytes, and the digests that the SDK knows it by."""

    sha256: Sha256
    size: int
    digests: Digests


class _Incoming:
    """A blob on its way: what was written so far, and its digests."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._size = file, 0
        self._sha256, self._others = hashlib.sha256(), Hasher()

    def write(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._others.update(chunk)
        self._size += len(chunk)
        self._file.write(chunk)

    @property
    def stored(self) -> Blob:
        return Blob(Sha256(self._sha256.hexdigest()), self._size, self._others.digests)


class BlobStore:
    """A folder of files named by their SHA-256, in 256 subfolders."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming, self._parts = root / "incoming", root / "parts"
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in self._incoming.iterdir():  # of a server that was killed
            leftover.unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where a blob lies.

        Raises:
            NotFound: the name is not a digest, or no such blob is stored.
        """
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise NotFound(f"{sha256!r} is not a blob name")
        path = self.root / sha256[:2] / sha256
        if not path.is_file():
            raise NotFound(f"blob {sha256} is not stored")
        return path

    def read(self, sha256: str) -> bytes:
        """Return a whole blob; for manifests and other small files."""
        return self.path(sha256).read_bytes()

    async def receive(self, chunks: AsyncIterator[bytes], announced: Digests = NOTHING) -> Blob:
        """Store a stream and return what was stored.

        Raises:
            BadInput: it is not what was announced; nothing was kept.
            Unavailable: the disk is full; nothing was kept.
        """
        return await self._receive(chunks, announced, self._blob)

    async def receive_part(
        self, upload: str, number: int, chunks: AsyncIterator[bytes], announced: Digests = NOTHING
    ) -> Blob:
        """Keep a stream as one part of an upload; the same part again replaces it.

        Raises:
            BadInput: it is not what was announced; what was there before stays.
            Unavailable: the disk is full; nothing was kept.
        """
        return await self._receive(chunks, announced, lambda _: self._part(upload, number))

    async def _receive(
        self, chunks: AsyncIterator[bytes], announced: Digests, target_of: Callable[[Blob], Path]
    ) -> Blob:
        if shutil.disk_usage(self.root).free < RESERVE_BYTES:
            raise Unavailable(f"the disk of {self.root} is full", fix="free some space")
        with self._incoming_file(target_of) as incoming:
            async for chunk in chunks:
                incoming.write(chunk)
            incoming.stored.digests.check(announced)
        return incoming.stored

    def put(self, data: bytes) -> Blob:
        """Store a small file made by the server itself (a merged manifest).

        Raises:
            Unavailable: the disk is full; nothing was kept.
        """
        with self._incoming_file(self._blob) as incoming:
            incoming.write(data)
        return incoming.stored

    def join(self, upload: str, numbers: Sequence[int]) -> Blob:
        """Store the parts of an upload as one blob, without holding it in memory.

        Raises:
            NotFound: a part is not there.
            Unavailable: the disk is full; nothing was kept.
        """
        paths = [self._part(upload, number) for number in numbers]
        for path in paths:
            if not path.is_file():
                raise NotFound(f"part {path.name} of upload {upload} is not stored")
        with self._incoming_file(self._blob) as incoming:
            for path in paths:
                with path.open("rb") as source:
                    while chunk := source.read(CHUNK_BYTES):
                        incoming.write(chunk)
        return incoming.stored

    def forget_parts(self, upload: str) -> None:
        """Delete the parts of an upload; none is fine."""
        shutil.rmtree(self._part(upload, 0).parent, ignore_errors=True)

    def uploads(self) -> list[str]:
        """Return the uploads that have parts here."""
        return [folder.name for folder in self._parts.iterdir()] if self._parts.is_dir() else []

    def last_part_at(self, upload: str) -> float:
        """Return when the newest part of an upload came, in seconds since 1970."""
        return self._part(upload, 0).parent.stat().st_mtime

    def _part(self, upload: str, number: int) -> Path:
        if not upload or not set(upload) <= set("0123456789abcdef"):
            raise NotFound(f"{upload!r} is not an upload")
        return self._parts / upload / f"{number:06d}"

    def _blob(self, blob: Blob) -> Path:
        return self.root / blob.sha256[:2] / blob.sha256

    @contextmanager
    def _incoming_file(self, target_of: Callable[[Blob], Path]) -> Iterator["_Incoming"]:
        """Yield a file to write to; it goes to its place when the block ends well, else away."""
        temporary = self._incoming / secrets.token_hex(16)
        try:
            with temporary.open("xb") as file:
                incoming = _Incoming(file)
                yield incoming
                file.flush()
                os.fsync(file.fileno())
            _adopt(temporary, target_of(incoming.stored))
        except OSError as error:
            raise Unavailable(f"cannot store the upload: {error}", fix="free some space") from error
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, sha256: Sha256) -> None:
        """Remove a blob that nothing refers to any more; absent is fine."""
        (self.root / sha256[:2] / sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[Sha256]:
        """Yield every stored blob's name."""
        for folder in self.root.iterdir():
            if len(folder.name) == 2:
                yield from (Sha256(file.name) for file in folder.iterdir())


def _adopt(temporary: Path, target: Path) -> None:
    """Move a whole file to its place; a blob that was there already is young again by that."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary.chmod(0o600)
    temporary.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself must survive a power cut
    finally:
        os.close(folder)
