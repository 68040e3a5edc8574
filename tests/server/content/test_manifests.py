"""What a version holds, by its manifest: entries, merging, and the digest the SDK computes."""

import hashlib
import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.content import manifests
from housing_sweep.server.content.digests import MD5, XXH128, Digests
from housing_sweep.server.content.manifests import Entry


def document(**contents: dict[str, Any]) -> dict[str, object]:
    """Return a manifest of some entries."""
    return {"version": 1, "contents": contents}


def test_entries_come_by_path_with_digest_size_and_algorithm() -> None:
    body = json.dumps(
        document(
            b={"digest": "B==", "size": 3},
            a={"digest": "A==", "size": 5, "extra": {"alg": "XXH128"}},
            c={"digest": "s3://x", "ref": "s3://x", "extra": None},
        )
    )
    listed = manifests.entries(manifests.parse(body.encode()))
    assert listed == [
        Entry("a", "A==", 5, is_reference=False, algorithm=XXH128),
        Entry("b", "B==", 3, is_reference=False),
        Entry("c", "s3://x", 0, is_reference=True),
    ]
    assert [entry.digests for entry in listed[:2]] == [Digests(xxh128="A=="), Digests(md5="B==")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        b'{"contents": []}',
        b'{"contents": {"a": 3}}',
        b'{"contents": {"a": {"size": "many"}}}',
        b'{"contents": {"a": {"size": [1]}}}',
        b'{"contents": {"a": {"size": NaN}}}',
        b'{"contents": {"a": {"size": 1e400}}}',
        b'{"contents": {"a": {"size": -1}}}',
        b'{"contents": {"a": {"size": true}, "b": []}}',
        rb'{"contents": {"\ud800": {"size": 1}}}',
        b'{"contents": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_refused_for_good(body: bytes) -> None:
    with pytest.raises(BadInput, match="manifest"):
        manifests.parse(body)


def test_merged_manifests_hold_the_later_of_two_entries() -> None:
    first = {**document(a={"digest": "1"}, b={"digest": "2"}), "storagePolicy": "old"}
    merged = manifests.merge([first, document(b={"digest": "3"}, c={"digest": "4"})])
    assert [(entry.path, entry.digest) for entry in manifests.entries(merged)] == [
        ("a", "1"),
        ("b", "3"),
        ("c", "4"),
    ]
    assert merged["storagePolicy"] == "old"
    assert [entry.path for entry in manifests.entries(first)] == ["a", "b"]


def test_the_digest_is_that_of_paths_and_digests_in_order() -> None:
    expected = hashlib.md5(b"wandb-artifact-manifest-v1\na:1\nb:2\n", usedforsecurity=False)
    one = document(b={"digest": "2", "size": 9}, a={"digest": "1"})
    other = document(a={"digest": "1", "size": 7}, b={"digest": "2"})
    assert manifests.digest(one, MD5) == manifests.digest(other, MD5) == expected.hexdigest()
    assert manifests.digest(one, XXH128) != manifests.digest(one, MD5)
    assert manifests.digest(document(a={"digest": "2"}), MD5) != manifests.digest(one, MD5)
