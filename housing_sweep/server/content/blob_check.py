"""Looks at stored bytes: whether each blob is what its name says, and what lies there beside."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from housing_sweep.server.content.blobs import CHUNK_BYTES, Sha256
from housing_sweep.server.content.digests import Digests, Hasher

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class BlobFile:
    """A file among the blobs; `name` is None where no blob could be called that."""

    path: Path
    name: Sha256 | None


@dataclass(frozen=True, slots=True)
class Examined:
    """What the bytes of a file are."""

    sha256: str
    size: int
    digests: Digests


def blob_files(root: Path) -> Iterator[BlobFile]:
    """Yield every file in the folders of blobs, and what is there instead of one."""
    for folder in sorted(root.iterdir()):
        if folder.name in ("incoming", "parts"):
            continue
        if not folder.is_dir():
            yield BlobFile(folder, None)
            continue
        for path in sorted(folder.iterdir()):
            right = len(path.name) == 64 and set(path.name) <= _HEX and path.is_file()
            right = right and path.name[:2] == folder.name
            yield BlobFile(path, Sha256(path.name) if right else None)


def examine(path: Path) -> Examined:
    """Return what a file holds, read once.

    Raises:
        OSError: it cannot be read.
    """
    sha256, others, size = hashlib.sha256(), Hasher(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            sha256.update(chunk)
            others.update(chunk)
            size += len(chunk)
    return Examined(sha256.hexdigest(), size, others.digests)
