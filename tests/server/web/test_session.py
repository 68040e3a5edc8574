"""Who looks: a login by key, a cookie that names a session, and where a login leads."""

import re
from urllib.parse import urlencode

import pytest

from housing_sweep.server.store.people import keys, members, sessions, users
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.runs import files, runs
from housing_sweep.server.web.session import COOKIE, LONGEST_FORM, own_path
from tests.support.asgi import Answer, Asker
from tests.support.inprocess import START, House


def log_in(asker: Asker, key: str, onward: str = "/", **headers: str) -> Answer:
    """Fill in the form."""
    form = urlencode({"key": key, "next": onward}).encode()
    return asker.request("POST", "/login", form, **headers)


def cookie_of(answer: Answer) -> str:
    """Return what the browser sends from now on."""
    return answer.headers["set-cookie"].partition(";")[0]


def is_in(asker: Asker, cookie: str) -> bool:
    """Return whether a browser with this cookie is logged in: its start page names the user."""
    return b"ann" in asker.request("GET", "/", cookie=cookie, accept="text/html").body


def test_a_login_is_remembered_in_a_cookie_that_scripts_and_other_sites_cannot_use(
    asker: Asker, ann_key: str
) -> None:
    answer = log_in(asker, f" {ann_key} ", "/ann")
    assert (answer.status, answer.headers["location"]) == (303, "/ann")
    attributes = answer.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=lax" in attributes
    assert ann_key not in attributes
    assert is_in(asker, cookie_of(answer))


def test_a_wrong_key_gets_no_cookie(asker: Asker, ann_key: str) -> None:
    for key in ("", "x" * 40, ann_key[:-1], "x" * (2 * LONGEST_FORM)):
        answer = log_in(asker, key)
        assert answer.status == 401
        assert "set-cookie" not in answer.headers


def test_neither_a_forged_cookie_nor_a_signed_url_is_a_session(
    house: House, asker: Asker, ann_key: str
) -> None:
    cookie = cookie_of(log_in(asker, ann_key))
    signer = house.server.services.signer
    (session,) = sessions.alive(house.db)
    url_token = signer.sign({"allows": "get", "session": str(session)})
    forged = ["", "x", cookie.partition("=")[2][:-1], url_token]
    for content in forged:
        assert not is_in(asker, f"{COOKIE}={content}")
    own = signer.sign({"allows": "session", "session": str(session)})
    assert is_in(asker, f"{COOKIE}={own}")


def test_a_session_ends_with_its_key(house: House, asker: Asker, ann_key: str) -> None:
    cookie = cookie_of(log_in(asker, ann_key))
    (key,) = keys.of_user(house.db, house.id_of("ann"))
    keys.delete(house.db, key.id)
    assert not is_in(asker, cookie)


def test_a_session_of_a_removed_user_is_not_the_next_ones(
    house: House, asker: Asker, ann_key: str
) -> None:
    cookie = cookie_of(log_in(asker, ann_key))
    members.remove_user(house.db, users.get_user(house.db, house.id_of("ann")), now=START)
    for name in ("annabel", "anna"):
        keys.add(house.db, house.user(name).id, name * 10, description=None, now=START)
        log_in(asker, name * 10)
    assert not is_in(asker, cookie)


def test_a_logout_ends_the_session_and_what_it_was_given_but_no_other(
    house: House, asker: Asker, ann_key: str
) -> None:
    first, second = (cookie_of(log_in(asker, ann_key)) for _ in range(2))
    assert asker.request("POST", "/logout", cookie=first).status == 303
    assert not is_in(asker, first), "a copy of the cookie is worth nothing"
    assert is_in(asker, second)
    assert asker.request("POST", "/logout", cookie=first).status == 303
    assert len(sessions.alive(house.db)) == 1


OURS: dict[str, dict[str, str]] = {
    "no browser": {},
    "own page": {"origin": "http://test"},
    "own page, as newer browsers say it": {
        "origin": "http://test",
        "sec_fetch_site": "same-origin",
    },
    "through a proxy that ends TLS": {"origin": "https://test"},
    "an origin that is hidden, but ours": {"origin": "null", "sec_fetch_site": "same-origin"},
}
FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"origin": "https://evil.example"},
    "another port": {"origin": "http://test:81"},
    "a site whose name begins alike": {"origin": "http://test.evil.example"},
    "a hidden origin": {"origin": "null"},
    "a sister site": {"origin": "http://test", "sec_fetch_site": "same-site"},
    "no origin, but its relation": {"sec_fetch_site": "cross-site"},
    "no address": {"origin": "http://[:x"},
}


@pytest.mark.parametrize("headers", OURS.values(), ids=OURS.keys())
def test_forms_are_taken_from_our_own_pages(
    asker: Asker, ann_key: str, headers: dict[str, str]
) -> None:
    answer = log_in(asker, ann_key, **headers)
    assert answer.status == 303
    cookie = cookie_of(answer)
    assert asker.request("POST", "/logout", b"", cookie=cookie, **headers).status == 303
    assert not is_in(asker, cookie)


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
def test_other_sites_log_nobody_in_or_out_and_make_no_keys(
    house: House, asker: Asker, ann_key: str, headers: dict[str, str]
) -> None:
    answer = log_in(asker, ann_key, **headers)
    assert answer.status == 403
    assert "set-cookie" not in answer.headers
    cookie = cookie_of(log_in(asker, ann_key))
    for path in ("/logout", "/authorize"):
        assert asker.request("POST", path, b"", cookie=cookie, **headers).status == 403
    assert is_in(asker, cookie)
    assert len(keys.of_user(house.db, house.id_of("ann"))) == 1


def test_our_pages_let_a_browser_say_where_its_forms_come_from(asker: Asker) -> None:
    """With `no-referrer` a browser sends `Origin: null`, and nobody could log in."""
    assert asker.request("GET", "/login").headers["referrer-policy"] == "same-origin"


def test_authorize_shows_the_key_to_who_is_logged_in_and_makes_none_by_itself(
    house: House, asker: Asker, ann_key: str
) -> None:
    stranger = asker.request("GET", "/authorize?ref=models", accept="text/html")
    assert (stranger.status, stranger.headers["location"][:17]) == (303, "/login?next=%2Fau")
    cookie = cookie_of(log_in(asker, ann_key))
    page = asker.request("GET", "/authorize?ref=models", cookie=cookie, accept="text/html")
    assert page.status == 200
    assert ann_key.encode() in page.body
    assert page.headers["cache-control"] == "no-store"
    assert len(keys.of_user(house.db, house.id_of("ann"))) == 1


def test_authorize_makes_a_new_key_where_it_has_none_to_show(
    house: House, asker: Asker, ann_key: str
) -> None:
    cookie = cookie_of(log_in(asker, ann_key))
    (session,) = sessions.alive(house.db)
    house.server.services.fresh_keys.forget(session)  # as after a restart
    assert ann_key.encode() not in asker.request("GET", "/authorize", cookie=cookie).body
    assert asker.request("POST", "/authorize", cookie=cookie).status == 303
    page = asker.request("GET", "/authorize", cookie=cookie).body.decode()
    (shown,) = re.findall(r"<pre>(\w{40,})</pre>", page)
    user = users.user_by_key(house.db, shown)
    assert user is not None
    assert user.name == "ann"
    asker.request("POST", "/logout", cookie=cookie)
    assert house.server.services.fresh_keys.of_session(session) is None


def test_a_download_of_a_page_ends_with_its_session(
    house: House, asker: Asker, ann_key: str
) -> None:
    ann = users.get_user(house.db, house.id_of("ann"))
    project = projects.ensure(house.db, ann, None, "p", now=START)
    run = runs.create(house.db, project.id, "one", user_id=ann.id, state="running", now=START)
    blob = house.server.services.blobs.put(b"log")
    files.record_upload(house.db, run.id, "output.log", blob, START)
    cookie = cookie_of(log_in(asker, ann_key))
    page = asker.request("GET", "/ann/p/runs/one", cookie=cookie, accept="text/html").body.decode()
    (url,) = re.findall(r'href="(http://test/storage/runs[^"]+)"', page)
    assert asker.request("GET", url).body == b"log"
    asker.request("POST", "/logout", cookie=cookie)
    assert asker.request("GET", url).status == 403


def test_logging_out_takes_the_cookie_back(asker: Asker) -> None:
    answer = asker.request("POST", "/logout")
    assert answer.status == 303
    assert answer.headers["set-cookie"].startswith(f'{COOKIE}=""')
    assert "max-age=0" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nb", ""]
)
def test_a_login_leads_nowhere_else(onward: str) -> None:
    assert own_path(onward) == "/"
