"""Who looks: a login by key, a cookie that names the key, and where a login leads."""

from urllib.parse import urlencode

import pytest

from housing_sweep.server.services.context import Context
from housing_sweep.server.store.people import keys
from housing_sweep.server.web.session import COOKIE, LONGEST_FORM, own_path
from tests.support.asgi import Answer, Asker
from tests.support.inprocess import House


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
    assert "samesite=strict" in attributes
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
    signer = Context.own(house.server.services).services.signer
    (key,) = keys.of_user(house.db, house.id_of("ann"))
    url_token = signer.sign({"allows": "get", "key": str(key.id)})
    forged = ["", "x", cookie.partition("=")[2][:-1], url_token]
    for content in forged:
        assert not is_in(asker, f"{COOKIE}={content}")
    assert is_in(asker, f"{COOKIE}={signer.sign({'allows': 'session', 'key': str(key.id)})}")


def test_a_session_ends_with_its_key(house: House, asker: Asker, ann_key: str) -> None:
    cookie = cookie_of(log_in(asker, ann_key))
    (key,) = keys.of_user(house.db, house.id_of("ann"))
    keys.delete(house.db, key.id)
    assert not is_in(asker, cookie)


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
