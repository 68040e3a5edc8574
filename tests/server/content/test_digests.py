"""What the SDK calls a file by, computed as it does, and compared as far as it is known."""

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.content.digests import (
    MD5,
    NOTHING,
    XXH128,
    Digests,
    Hasher,
    manifest_hasher,
)

HELLO = Digests("XUFAKrxLKna5cZ2REBfFkg==", "tenBrQcbPn/Hec+qXlI4GA==")
"""Of `hello`: `md5sum` and `xxh128sum`, as base64."""


def test_both_digests_of_bytes_are_computed_as_they_come() -> None:
    hasher = Hasher()
    for chunk in (b"he", b"", b"llo"):
        hasher.update(chunk)
    assert hasher.digests == HELLO


def test_a_digest_goes_with_its_algorithm() -> None:
    assert Digests.of(MD5, "x") == Digests(md5="x")
    assert Digests.of(XXH128, "x") == Digests(xxh128="x")
    assert (HELLO.by(MD5), HELLO.by(XXH128)) == (HELLO.md5, HELLO.xxh128)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (HELLO, True),
        (Digests(md5=HELLO.md5), True),
        (Digests(xxh128=HELLO.xxh128), True),
        (Digests(md5=HELLO.md5, xxh128="other"), False),
        (Digests(md5="other"), False),
        (NOTHING, False),
        (Digests("", ""), False),
    ],
)
def test_every_digest_that_is_known_must_agree_and_one_must_be(
    others: Digests, expected: bool
) -> None:
    assert HELLO.contains_all(others) is expected


def test_a_digest_that_is_not_known_agrees_with_none() -> None:
    assert not Digests(md5=HELLO.md5).contains_all(HELLO)
    assert not NOTHING.contains_all(HELLO)


def test_bytes_that_were_not_announced_are_refused_by_name() -> None:
    HELLO.check(NOTHING)
    HELLO.check(HELLO)
    with pytest.raises(BadInput, match=r"the upload has MD5 XUFA.*announced was other"):
        HELLO.check(Digests(md5="other"))
    with pytest.raises(BadInput, match=r"'w' has XXH128 tenB.*announced was other"):
        HELLO.check(Digests(HELLO.md5, "other"), "'w'")


def test_a_manifest_is_hashed_by_the_algorithm_of_its_version() -> None:
    assert [manifest_hasher(name).digest_size * 8 for name in (MD5, XXH128)] == [128, 128]
    assert manifest_hasher(MD5).hexdigest() == "d41d8cd98f00b204e9800998ecf8427e"
    assert manifest_hasher(XXH128).hexdigest() == "99aa06d3014798d86001c324468d497f"
