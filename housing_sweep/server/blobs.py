"""Bytes by digest on disk: streamed in, fsynced, renamed; never half-written, never in memory."""

import base64
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NewType

from housing_sweep.errors import BadInput, NotFound, Unavailable

Sha256 = NewType("Sha256", str)
"""64 hex digits: the name of a blob."""

RESERVE_BYTES = 64 * 2**20
"""Free space below which uploads answer "retry later": the database needs room to commit."""


CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: its name, its size in bytes, and the MD5 that the SDK knows it by."""

    sha256: Sha256
    size: int
    md5: str
    """Base64, as in artifact manifests."""


class _Incoming:
    """A blob on its way: what was written so far, and its digests."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._size = file, 0
        self._sha256, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)

    def write(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._md5.update(chunk)
        self._size += len(chunk)
        self._file.write(chunk)

    @property
    def stored(self) -> Blob:
        md5 = base64.b64encode(self._md5.digest()).decode()
        return Blob(Sha256(self._sha256.hexdigest()), self._size, md5)


class BlobStore:
    """A folder of files named by their SHA-256, in 256 subfolders."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / "incoming"
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

    async def receive(self, chunks: AsyncIterator[bytes]) -> Blob:
        """Store a stream and return what was stored.

        Raises:
            Unavailable: the disk is full; nothing was kept.
        """
        if shutil.disk_usage(self.root).free < RESERVE_BYTES:
            raise Unavailable(f"the disk of {self.root} is full", fix="free some space")
        with self._incoming_blob() as incoming:
            async for chunk in chunks:
                incoming.write(chunk)
        return incoming.stored

    def put(self, data: bytes) -> Blob:
        """Store a small file made by the server itself (a merged manifest).

        Raises:
            Unavailable: the disk is full; nothing was kept.
        """
        with self._incoming_blob() as incoming:
            incoming.write(data)
        return incoming.stored

    def join(self, parts: Iterable[str]) -> Blob:
        """Store the concatenation of blobs as a new one, without holding it in memory.

        Raises:
            NotFound: a part is not stored.
            Unavailable: the disk is full; nothing was kept.
        """
        with self._incoming_blob() as incoming:
            for part in parts:
                with self.path(part).open("rb") as source:
                    while chunk := source.read(CHUNK_BYTES):
                        incoming.write(chunk)
        return incoming.stored

    @contextmanager
    def _incoming_blob(self) -> Iterator["_Incoming"]:
        """Yield a blob to write to; it is stored when the block ends well, else gone."""
        temporary = self._incoming / secrets.token_hex(16)
        try:
            with temporary.open("xb") as file:
                incoming = _Incoming(file)
                yield incoming
                file.flush()
                os.fsync(file.fileno())
            self._adopt(temporary, incoming.stored.sha256)
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

    def _adopt(self, temporary: Path, digest: str) -> None:
        target = self.root / digest[:2] / digest
        if target.exists():  # refresh its age: the collector spares young blobs
            os.utime(target)
            temporary.unlink()
            return
        target.parent.mkdir(exist_ok=True, mode=0o700)
        temporary.chmod(0o600)
        temporary.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself must survive a power cut
        finally:
            os.close(folder)


def check_md5(blob: Blob, expected: str | None) -> None:
    """Raise if a stored blob is not what the client announced.

    Raises:
        BadInput: the MD5s differ.
    """
    if expected is not None and blob.md5 != expected:
        raise BadInput(f"the upload's MD5 is {blob.md5}, announced was {expected}")
