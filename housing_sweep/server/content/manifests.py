"""Artifact manifests: what a version holds. Pure: JSON in, entries and digest out."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from housing_sweep.errors import BadInput
from housing_sweep.server.content.digests import MD5, XXH128, Algorithm, Digests, manifest_hasher
from housing_sweep.server.content.inner_paths import check_inner_path

LARGEST_FILE = 2**50
"""Bytes, 1 PiB: beyond any disk, and the sum of a version's files fits the database."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a manifest; a reference holds no bytes here."""

    path: str
    digest: str
    size: int
    is_reference: bool
    algorithm: Algorithm = MD5

    @property
    def digests(self) -> Digests:
        """The digest with its algorithm."""
        return Digests.of(self.algorithm, self.digest)


def parse(body: bytes) -> dict[str, object]:
    """Return a manifest document.

    Raises:
        BadInput: it is not JSON, has no `contents`, or an entry of them is none, or lies outside
            of the version: whoever downloads it would write there.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        raise BadInput(f"the manifest is not JSON: {error}") from None
    except RecursionError:
        raise BadInput("the manifest is nested too deeply") from None
    if not isinstance(document, dict) or not isinstance(document.get("contents"), dict):
        raise BadInput("the manifest has no `contents`")
    for path, item in document["contents"].items():
        size = item.get("size") or 0 if isinstance(item, dict) else None
        if not isinstance(size, int | float) or not 0 <= size <= LARGEST_FILE:
            raise BadInput(f"{path!r} of the manifest is no entry: {str(item)[:80]}")
        check_inner_path(path, "the version of this manifest")
    return document


def entries(document: Mapping[str, object]) -> list[Entry]:
    """Return a manifest's entries, by path.

    Below `contents`: path -> {digest (base64), size, ref?, birthArtifactID?, extra?}, where
    `extra.alg` is of the digest.
    """
    contents = document["contents"]
    assert isinstance(contents, dict)
    return [
        Entry(
            path,
            str(item.get("digest", "")),
            int(item.get("size") or 0),
            item.get("ref") is not None,
            XXH128 if _extra(item).get("alg") == "XXH128" else MD5,
        )
        for path, item in sorted(contents.items())
    ]


def _extra(item: Mapping[str, object]) -> Mapping[str, object]:
    extra = item.get("extra")
    return extra if isinstance(extra, Mapping) else {}


def merge(documents: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """Return one manifest of several partial ones; a later entry replaces an earlier one."""
    merged: dict[str, object] = {}
    contents: dict[str, object] = {}
    for document in documents:
        merged |= document
        part = document["contents"]
        assert isinstance(part, dict)
        contents |= part
    return {**merged, "contents": contents}


def digest(document: Mapping[str, object], algorithm: str) -> str:
    """Return a manifest's digest by the version's algorithm, in hex, as the SDK computes it.

    Source: wandb/sdk/artifacts/artifact_manifests/artifact_manifest_v1.py, `digest`.
    """
    hasher = manifest_hasher(algorithm)
    hasher.update(b"wandb-artifact-manifest-v1\n")
    for entry in entries(document):
        hasher.update(f"{entry.path}:{entry.digest}\n".encode())
    return hasher.hexdigest()
