"""Files of versions on the wire: signed URLs, references beside them, and parts of large ones."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql.artifacts.files import MOST_PARTS, hex_to_base64
from housing_sweep.server.store.artifacts.versions import Artifact
from tests.support.version_desk import VersionDesk, md5

PAGE = """query($name: String!, $names: [String!], $after: String, $first: Int) {
    project(entityName: "core", name: "mine") { artifactCollectionMembership(name: $name) {
    files(names: $names, after: $after, first: $first) { totalCount
    pageInfo { endCursor hasNextPage } edges { node { name directUrl uploadUrl sizeBytes digest
    } } } } } }"""
ENTRIES = """query($id: ID!, $entries: [ArtifactManifestEntryInput!]) { artifact(id: $id) {
    filesByManifestEntries(storageLayout: "V2", manifestVersion: "1", entries: $entries) {
    edges { node { name } } } } }"""
HEX = "5d41402abc4b2a76b9719d911017c592"


def page(desk: VersionDesk, **variables: object) -> Any:
    """Return a page of the newest version's files."""
    answer = desk.house.ask("vic", PAGE, name="nets", **variables)["project"]
    return answer["artifactCollectionMembership"]["files"]


def names(connection: Any) -> list[str]:
    """Return the names on a page."""
    return [edge["node"]["name"] for edge in connection["edges"]]


def scope(desk: VersionDesk, url: str) -> dict[str, str]:
    """Return what a URL vouches for."""
    (token,) = parse_qs(urlsplit(url).query)["token"]
    return desk.house.server.services.signer.check(token)


def mixed(desk: VersionDesk) -> Artifact:
    """Return a version of two files with a reference between them."""
    draft = desk.create()
    for name in ("a", "c d"):
        desk.store(draft, name, b"x")
    listed: dict[str, dict[str, object]] = {
        name: {"digest": md5(b"x"), "size": 1} for name in ("a", "c d")
    }
    listed["b"] = {"digest": "etag", "size": 9, "ref": "s3://bucket/b"}
    desk.manifest(draft, {"contents": listed})
    return desk.commit(draft)


def test_files_are_listed_by_name_references_among_them(desk: VersionDesk) -> None:
    mixed(desk)
    listed = page(desk)
    assert names(listed) == ["a", "b", "c d"]
    assert listed["totalCount"] == 3
    assert [edge["node"]["sizeBytes"] for edge in listed["edges"]] == [1, 9, 1]
    first = page(desk, first=2)
    assert first["pageInfo"] == {"endCursor": "b", "hasNextPage": True}
    assert names(page(desk, first=2, after="b")) == ["c d"]
    assert names(page(desk, names=["./b", "a", "nosuch"])) == ["a", "b"]


def test_a_url_vouches_for_one_file_of_one_version_and_for_reading_only(desk: VersionDesk) -> None:
    artifact = mixed(desk)
    node = page(desk, names=["c d"])["edges"][0]["node"]
    assert "/c%20d?" in node["directUrl"]
    viewer = str(desk.house.id_of("vic"))
    vouched = {"allows": "get", "artifact": str(artifact.id), "name": "c d", "user": viewer}
    assert scope(desk, node["directUrl"]) == vouched
    assert node["uploadUrl"] is None


def test_an_upload_url_holds_what_was_announced(desk: VersionDesk) -> None:
    (node,) = desk.announce(desk.create(), {"name": "w", "md5": md5(b"x")})
    vouched = scope(desk, node["uploadUrl"])
    assert (vouched["allows"], vouched["name"], vouched["md5"]) == ("put", "w", md5(b"x"))
    assert vouched["xxh128"] == ""


def test_files_come_in_the_order_of_the_entries_asked_for(desk: VersionDesk) -> None:
    opaque = desk.id(mixed(desk))
    entries = [{"name": name, "digest": "d"} for name in ("c d", "nosuch", "a")]
    answer = desk.house.ask("vic", ENTRIES, id=opaque, entries=entries)["artifact"]
    assert names(answer["filesByManifestEntries"]) == ["c d", "a"]


def test_a_large_file_may_come_in_parts_each_with_its_own_url(desk: VersionDesk) -> None:
    draft = desk.create()
    parts = [{"partNumber": number, "hexMD5": HEX} for number in (1, 2)]
    (node,) = desk.announce(draft, {"name": "w", "md5": "x", "uploadPartsInput": parts})
    urls = node["uploadMultipartUrls"]
    assert [part["partNumber"] for part in urls["uploadUrlParts"]] == [1, 2]
    assert set(urls["uploadID"]) <= set("0123456789abcdef")


@pytest.mark.parametrize("count", [0, 1, MOST_PARTS + 1])
def test_a_file_of_one_part_or_far_too_many_shall_come_whole(desk: VersionDesk, count: int) -> None:
    parts = [{"partNumber": number + 1, "hexMD5": HEX} for number in range(count)]
    spec = {"name": "w", "md5": "x", "uploadPartsInput": parts}
    (node,) = desk.announce(desk.create(), spec)
    assert node["uploadMultipartUrls"] is None
    assert node["uploadUrl"]


def test_an_md5_is_read_in_hex_with_or_without_quotes() -> None:
    assert hex_to_base64(HEX) == hex_to_base64(f'"{HEX}"') == md5(b"hello")
    with pytest.raises(BadInput, match="is not an MD5 in hex"):
        hex_to_base64("xyz")
