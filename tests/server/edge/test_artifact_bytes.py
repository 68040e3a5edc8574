"""The bytes of versions: up to drafts only and as announced, down by URL or by digest."""

import base64
import hashlib

import pytest

from housing_sweep.server.store.artifacts import collections, files, uploads, versions
from housing_sweep.server.store.artifacts.collections import SEQUENCE
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.people import keys, users
from housing_sweep.server.store.projects import projects, roles
from tests.support.asgi import Asker
from tests.support.bare_http import basic
from tests.support.inprocess import START, House
from tests.support.version_desk import md5

DATA = b"weights"
HEX = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


@pytest.fixture
def draft(house: House, ann_key: str) -> Artifact:
    """A draft of Ann's."""
    assert ann_key
    ann = house.id_of("ann")
    user = users.get_user(house.db, ann)
    project = projects.ensure(house.db, user, None, "p", now=START)
    nets = collections.ensure(house.db, project.id, "nets", "model", SEQUENCE, START)
    return versions.create(
        house.db,
        collection_id=nets.id,
        digest="d",
        digest_algorithm="MANIFEST_MD5",
        pending_aliases="[]",
        created_at=START,
        updated_at=START,
    )


def url(house: House, allows: str, **scope: str) -> str:
    """Return a signed URL."""
    ctx = house.context("ann")
    return ctx.url("/storage/wandb_artifacts/x", allows=allows, **scope)


def of_file(house: House, draft: Artifact, allows: str, **scope: str) -> str:
    """Return a signed URL of the file `w`."""
    return url(house, allows, artifact=str(draft.id), name="w", **scope)


def publish(house: House, draft: Artifact) -> Artifact:
    """Publish the draft with whatever it has."""
    return versions.publish(house.db, draft, digest="d", size=1, file_count=1, now=START)


def test_what_went_up_comes_down_and_its_etag_is_an_md5_in_hex(
    house: House, asker: Asker, draft: Artifact
) -> None:
    assert asker.request("GET", of_file(house, draft, "get")).status == 404
    answer = asker.request("PUT", of_file(house, draft, "put", md5=md5(DATA)), DATA)
    assert (answer.status, answer.headers["etag"]) == (200, f'"{HEX}"')
    answer = asker.request("GET", of_file(house, draft, "get"))
    assert (answer.status, answer.body) == (200, DATA)
    assert answer.headers["content-disposition"].startswith("attachment")


def test_other_bytes_than_announced_are_refused_for_good_and_not_kept(
    house: House, asker: Asker, draft: Artifact
) -> None:
    for announced in ({"md5": md5(b"other")}, {"xxh128": "other"}):
        answer = asker.request("PUT", of_file(house, draft, "put", **announced), DATA)
        assert answer.status == 400
    assert files.find(house.db, draft.id, "w") is None
    assert list(house.server.services.blobs.names()) == []


def test_a_committed_version_takes_no_more_bytes(
    house: House, asker: Asker, draft: Artifact
) -> None:
    asker.request("PUT", of_file(house, draft, "put"), DATA)
    publish(house, draft)
    assert asker.request("PUT", of_file(house, draft, "put"), b"other").status == 400
    assert asker.request("GET", of_file(house, draft, "get")).body == DATA


def test_a_manifest_gets_its_body(house: House, asker: Asker, draft: Artifact) -> None:
    manifest = versions.add_manifest(
        house.db, START, artifact_id=draft.id, name="m", type="FULL", digest=md5(DATA)
    )
    scope = {"manifest": str(manifest.id)}
    assert asker.request("PUT", url(house, "put", md5=md5(DATA), **scope), DATA).status == 200
    assert asker.request("GET", url(house, "get", **scope)).body == DATA
    (whole,) = versions.manifests_with_body(house.db, draft.id)
    assert (whole.id, whole.size) == (manifest.id, len(DATA))


def test_a_part_is_kept_aside_under_its_number(house: House, asker: Asker, draft: Artifact) -> None:
    target = of_file(house, draft, "put", upload="feed", part="2", md5=md5(DATA))
    for _ in range(2):
        assert asker.request("PUT", target, DATA).headers["etag"] == f'"{HEX}"'
    (part,) = uploads.parts(house.db, "feed", draft.id)
    assert (part.number, part.md5, part.size) == (2, md5(DATA), len(DATA))
    assert files.find(house.db, draft.id, "w") is None
    assert list(house.server.services.blobs.names()) == []


def test_a_url_is_good_for_no_longer_than_the_role_it_was_made_by(
    house: House, asker: Asker, draft: Artifact
) -> None:
    bob, project = house.user("bob"), projects.find(house.db, "ann", "p")
    assert project is not None
    manifest = versions.add_manifest(
        house.db, START, artifact_id=draft.id, name="m", type="FULL", digest=md5(DATA)
    )
    of_bob = house.context("bob")
    file = {"artifact": str(draft.id), "name": "w"}
    urls = {
        (what, way): of_bob.url("/storage/wandb_artifacts/x", allows=way, **scope)
        for what, scope in (("file", file), ("manifest", {"manifest": str(manifest.id)}))
        for way in ("put", "get")
    }
    roles.add(house.db, project.id, [bob.id], [], "member", START)
    for what in ("file", "manifest"):
        assert asker.request("PUT", urls[what, "put"], DATA).status == 200
        assert asker.request("GET", urls[what, "get"]).body == DATA
    roles.set_role(house.db, project.id, "viewer", user=bob.id)
    for what in ("file", "manifest"):
        assert asker.request("PUT", urls[what, "put"], b"other").status == 403
        assert asker.request("GET", urls[what, "get"]).body == DATA
    roles.remove(house.db, project.id, [bob.id], [])
    for what in ("file", "manifest"):
        assert asker.request("GET", urls[what, "get"]).status == 403


def test_a_url_is_good_for_one_thing_only(house: House, asker: Asker, draft: Artifact) -> None:
    assert asker.request("PUT", of_file(house, draft, "get"), DATA).status == 403
    assert asker.request("GET", of_file(house, draft, "put")).status == 403
    assert asker.request("PUT", "/storage/wandb_artifacts/x?token=forged", DATA).status == 403
    assert asker.request("OPTIONS", "/storage/wandb_artifacts/x").status == 204


def test_bytes_are_found_by_their_digest_by_who_may_read_the_project(
    house: House, asker: Asker, draft: Artifact, ann_key: str
) -> None:
    asker.request("PUT", of_file(house, draft, "put"), DATA)
    publish(house, draft)
    path = f"/artifactsV2/default/ann/p/{HEX}/w"
    answer = asker.request("GET", path, authorization=basic(ann_key))
    assert (answer.status, answer.body) == (200, DATA)
    xxh128 = files.find(house.db, draft.id, "w")
    assert xxh128 is not None
    other = base64.b64decode(xxh128.xxh128 or "").hex()
    by_xxh128 = f"/artifactsV2/default/ann/p/{other}/w"
    assert asker.request("GET", by_xxh128, authorization=basic(ann_key)).body == DATA
    assert asker.request("GET", path).status == 401
    eve_key = keys.new_api_key()
    eve = house.user("eve")
    keys.add(house.db, eve.id, eve_key, description=None, now=START)
    assert asker.request("GET", path, authorization=basic(eve_key)).status == 404
    project = projects.find(house.db, "ann", "p")
    assert project is not None
    roles.add(house.db, project.id, [eve.id], [], "restricted_viewer", START)
    assert asker.request("GET", path, authorization=basic(eve_key)).status == 403


@pytest.mark.parametrize(
    "path", ["x", "default/ann/p/w", "default/ann/p/nothex/w", "default/ann/p/00/w", "d/ann/q/00/w"]
)
@pytest.mark.usefixtures("draft")
def test_no_such_digest_is_not_found(asker: Asker, ann_key: str, path: str) -> None:
    answer = asker.request("GET", f"/artifactsV2/{path}", authorization=basic(ann_key))
    assert answer.status == 404
