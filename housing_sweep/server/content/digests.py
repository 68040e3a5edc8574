"""What the SDK calls a file by: the MD5 or the XXH128 of its bytes, in base64. Pure.

From 0.29 on a user may choose XXH128 for an artifact, which is some ten times faster to compute.
Source: wandb/sdk/lib/hashutil.py; wandb/sdk/artifacts/artifact_manifest_entry.py, "alg".
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

import xxhash

from housing_sweep.errors import BadInput

Algorithm = Literal["MANIFEST_MD5", "MANIFEST_XXH128"]
MD5: Algorithm = "MANIFEST_MD5"
XXH128: Algorithm = "MANIFEST_XXH128"


@dataclass(frozen=True, slots=True)
class Digests:
    """The digests of one file's bytes, each in base64, as far as they are known."""

    md5: str | None = None
    xxh128: str | None = None

    @classmethod
    def of(cls, algorithm: str, digest: str | None) -> "Digests":
        """Return one digest, whose algorithm is told."""
        return cls(xxh128=digest) if algorithm == XXH128 else cls(md5=digest)

    def by(self, algorithm: str) -> str | None:
        """Return the digest by one algorithm."""
        return self.xxh128 if algorithm == XXH128 else self.md5

    def contains_all(self, others: "Digests") -> bool:
        """Return whether every one of the others is this one's, too; at least one must be."""
        pairs = ((self.md5, others.md5), (self.xxh128, others.xxh128))
        equal = [mine == theirs for mine, theirs in pairs if theirs]
        return bool(equal) and all(equal)

    def check(self, announced: "Digests", what: str = "the upload") -> None:
        """Raise if the bytes are not those that were announced.

        Raises:
            BadInput: a digest that was announced is another one.
        """
        for name, mine, expected in (
            ("MD5", self.md5, announced.md5),
            ("XXH128", self.xxh128, announced.xxh128),
        ):
            if expected and mine != expected:
                raise BadInput(f"{what} has {name} {mine}, announced was {expected}")


NOTHING = Digests()
"""No digest is known, or asked for."""


class Hasher:
    """Computes both digests of bytes as they come."""

    def __init__(self) -> None:
        self._md5, self._xxh128 = hashlib.md5(usedforsecurity=False), xxhash.xxh3_128()

    def update(self, chunk: bytes) -> None:
        """Take in more bytes."""
        self._md5.update(chunk)
        self._xxh128.update(chunk)

    @property
    def digests(self) -> Digests:
        """Return the digests of everything so far."""
        return Digests(*(base64.b64encode(h.digest()).decode() for h in (self._md5, self._xxh128)))


def manifest_hasher(algorithm: str) -> "hashlib._Hash | xxhash.xxh3_128":
    """Return what hashes a manifest of that algorithm."""
    if algorithm == XXH128:
        return xxhash.xxh3_128()
    return hashlib.md5(usedforsecurity=False)
