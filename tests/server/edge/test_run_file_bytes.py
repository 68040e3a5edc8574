"""The bytes of run files: up once announced by a signed URL, down as a download."""

import hashlib

import pytest

from housing_sweep.server.services.context import Context
from housing_sweep.server.store.projects import projects
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


def url(house: House, run: Run, name: str, allows: str) -> str:
    """Return a signed URL of a file."""
    ctx = Context.own(house.server.services)
    ctx.base_url = "http://test"
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


def test_a_browser_may_ask_first(asker: Asker) -> None:
    answer = asker.request("OPTIONS", "/storage/runs/x/y", origin="http://x")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")
