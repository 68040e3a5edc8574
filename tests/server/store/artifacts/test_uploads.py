"""Rows of multipart uploads: parts by number, one upload's apart from another's."""

from housing_sweep.server.store.artifacts import uploads
from housing_sweep.server.store.artifacts.uploads import Part
from housing_sweep.server.store.artifacts.versions import Artifact
from tests.support.inprocess import House


def test_parts_come_in_any_order_and_are_read_by_number(
    house: House, drafts: list[Artifact]
) -> None:
    artifact, _ = drafts
    for number in (3, 1, 2):
        uploads.keep_part(house.db, "ab", artifact.id, Part(number, f"md5-{number}", number))
    assert uploads.parts(house.db, "ab", artifact.id) == [Part(n, f"md5-{n}", n) for n in (1, 2, 3)]


def test_the_same_part_again_replaces_it(house: House, drafts: list[Artifact]) -> None:
    artifact, _ = drafts
    for part in (Part(1, "cut off", 3), Part(1, "whole", 9), Part(1, "whole", 9)):
        uploads.keep_part(house.db, "ab", artifact.id, part)
    assert uploads.parts(house.db, "ab", artifact.id) == [Part(1, "whole", 9)]


def test_nobody_elses_upload_is_read(house: House, drafts: list[Artifact]) -> None:
    artifact, other = drafts
    uploads.keep_part(house.db, "ab", artifact.id, Part(1, "x", 1))
    assert uploads.parts(house.db, "cd", artifact.id) == []
    assert uploads.parts(house.db, "ab", other.id) == []


def test_an_upload_is_on_its_way_until_it_is_forgotten(
    house: House, drafts: list[Artifact]
) -> None:
    artifact, _ = drafts
    for upload in ("ab", "cd"):
        for number in (1, 2):
            uploads.keep_part(house.db, upload, artifact.id, Part(number, "x", 1))
    assert uploads.in_progress(house.db) == {"ab", "cd"}
    uploads.forget(house.db, "ab")
    uploads.forget(house.db, "ab")
    assert uploads.in_progress(house.db) == {"cd"}
    assert uploads.parts(house.db, "ab", artifact.id) == []
