"""Rows of the files of versions: bytes that the project has need not come again."""

from housing_sweep.server.content.blobs import Blob, Sha256
from housing_sweep.server.content.digests import Digests
from housing_sweep.server.store.artifacts import files
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.projects.projects import Project
from tests.support.inprocess import START, House

BLOB = Blob(Sha256("a" * 64), 5, Digests("md5", "xxh"))


def test_a_file_is_declared_then_uploaded(
    house: House, project: Project, drafts: list[Artifact]
) -> None:
    first, second = drafts
    file = files.declare(house.db, project.id, first.id, "w", Digests("md5"), START)
    assert (file.name, file.md5, file.sha256, file.size) == ("w", "md5", None, 0)
    files.record_upload(house.db, first.id, "w", BLOB, START + 1)
    # The same bytes of another version, under another name: known by either digest.
    for digests in (Digests("md5"), Digests(xxh128="xxh"), Digests("md5", "xxh")):
        same = files.declare(house.db, project.id, second.id, "v", digests, START)
        assert (same.sha256, same.size, same.digests) == (BLOB.sha256, 5, BLOB.digests)
    other = files.declare(house.db, project.id, second.id, "v", Digests("other"), START)
    assert (other.sha256, other.digests) == (None, Digests("other"))
    assert files.find(house.db, second.id, "v") == other
