"""The bytes of run files: up once announced by a signed URL, down as a download."""

import hashlib

import pytest

from housing_sweep.server.store.people import keys
from housing_sweep.server.store.projects import projects, roles
from housing_sweep.server.store.runs import files, runs
from housing_sweep.server.store.runs.runs import Run
from tests.support.asgi import Asker
from tests.support.inprocess import START, House


@pytest.fixture
def run(house: House) -> Run:
    """A run without files."""
    user = house.user("ann")
    project = projects.ensure(house.db, user, None, "p", now=START)
    return runs.create(house.db, project.id, "one", user_id=user.id, state="running", now=START)


def url(house: House, run: Run, name: str, allows: str, who: str = "ann") -> str:
    """Return a signed URL of a file."""
    ctx = house.context(who)
    return ctx.url("/storage/runs/x/y", allows=allows, run=str(run.id), name=name)


def test_what_went_up_comes_down_as_a_download(house: House, asker: Asker, run: Run) -> None:
    put, get = url(house, run, "media/a.html", "put"), url(house, run, "media/a.html", "get")
    assert asker.request("GET", get).status == 404
    for data in (b"<script>", b"<script>", b"<b>anew</b>"):
        assert asker.request("PUT", put, data).status == 200
        answer = asker.request("GET", get)
        assert (answer.status, answer.body) == (200, data)
        assert answer.headers["content-disposition"] == 'attachment; filename="a.html"'
        assert answer.headers["x-content-type-options"] == "nosniff"
    file = files.find(house.db, run.id, "media/a.html")
    assert file is not None
    assert file.sha256 == hashlib.sha256(b"<b>anew</b>").hexdigest()


def test_a_url_is_good_for_one_thing_only(house: House, asker: Asker, run: Run) -> None:
    assert asker.request("PUT", url(house, run, "a", "get"), b"x").status == 403
    assert asker.request("GET", url(house, run, "a", "put")).status == 403
    for token in ("", "?token=", "?token=forged.x.y"):
        assert asker.request("PUT", f"/storage/runs/x/y{token}", b"x").status == 403
        assert asker.request("GET", f"/storage/runs/x/y{token}").status == 403
    assert files.find(house.db, run.id, "a") is None


def test_a_deleted_run_takes_no_bytes(house: House, asker: Asker, run: Run) -> None:
    put = url(house, run, "a", "put")
    runs.delete(house.db, run.id)
    assert asker.request("PUT", put, b"x").status == 404
    assert list(house.server.services.blobs.names()) == []


def test_a_url_is_good_for_no_longer_than_what_it_was_made_by(
    house: House, asker: Asker, run: Run
) -> None:
    """Its user's role, their key, their account: what ends first."""
    key = keys.add(house.db, house.id_of("ann"), "k" * 40, description=None, now=START)
    bob, project = house.user("bob"), projects.get(house.db, run.project_id)
    roles.add(house.db, project.id, [bob.id], [], "member", START)
    ctx = house.context("ann")
    ctx.login = {"key": str(key.id)}
    scope = {"run": str(run.id), "name": "a"}
    by_key = {way: ctx.url("/storage/runs/x/y", allows=way, **scope) for way in ("put", "get")}
    by_bob = {way: url(house, run, "a", way, "bob") for way in ("put", "get")}
    for urls in (by_key, by_bob):
        assert asker.request("PUT", urls["put"], b"x").status == 200
        assert asker.request("GET", urls["get"]).body == b"x"
    roles.set_role(house.db, project.id, "viewer", user=bob.id)
    assert asker.request("PUT", by_bob["put"], b"other").status == 403
    assert asker.request("GET", by_bob["get"]).body == b"x"
    roles.set_role(house.db, project.id, "restricted_viewer", user=bob.id)
    assert asker.request("GET", by_bob["get"]).status == 403
    roles.remove(house.db, project.id, [bob.id], [])
    assert asker.request("GET", by_bob["get"]).status == 403
    keys.delete(house.db, key.id)
    assert asker.request("PUT", by_key["put"], b"other").status == 403
    assert asker.request("GET", by_key["get"]).status == 403


def test_a_url_of_a_deleted_run_does_not_reach_a_later_one(
    house: House, asker: Asker, run: Run
) -> None:
    put, get = url(house, run, "a", "put"), url(house, run, "a", "get")
    asker.request("PUT", put, b"old")
    runs.delete(house.db, run.id)
    later = runs.create(
        house.db,
        run.project_id,
        "two",
        user_id=house.id_of("ann"),
        state="running",
        now=START,
    )
    assert later.id != run.id
    asker.request("PUT", url(house, later, "a", "put"), b"new")
    assert asker.request("GET", get).status == 404
    assert asker.request("PUT", put, b"evil").status == 404
    assert asker.request("GET", url(house, later, "a", "get")).body == b"new"


def test_a_browser_may_ask_first(asker: Asker) -> None:
    answer = asker.request("OPTIONS", "/storage/runs/x/y", origin="http://x")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")
