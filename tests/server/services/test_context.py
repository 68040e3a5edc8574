"""One request: who asks, when, and what URLs it gives out."""

from urllib.parse import parse_qs, urlsplit

import pytest

from housing_sweep.errors import NotLoggedIn
from housing_sweep.server.services.context import Context
from tests.support.inprocess import House
from tests.support.sweep_play import Play


def test_who_is_not_logged_in_is_told_how_to_log_in(house: House) -> None:
    ctx = Context.own(house.server.services)
    with pytest.raises(NotLoggedIn, match="wandb login"):
        _ = ctx.viewer
    ctx.user = house.user("ann")
    assert ctx.viewer == ctx.user


def test_a_url_begins_with_the_address_of_the_client_and_vouches_for_its_scope(
    house: House,
) -> None:
    ctx = Context.own(house.server.services)
    ctx.base_url, ctx.user, ctx.login = "https://through.a.tunnel", house.user("ann"), {"key": "3"}
    url = urlsplit(ctx.url("/storage/runs/7/a%20b", allows="put", run="7", name="a b"))
    assert (url.scheme, url.netloc, url.path) == (
        "https",
        "through.a.tunnel",
        "/storage/runs/7/a%20b",
    )
    (token,) = parse_qs(url.query)["token"]
    whose = {"user": str(ctx.viewer.id), "key": "3"}
    scope = {"allows": "put", "run": "7", "name": "a b", **whose}
    assert ctx.services.signer.check(token) == scope


def test_now_is_what_the_servers_clock_says(play: Play) -> None:
    play.now = 12.5
    assert Context.own(play.services).now == 12.5


def test_each_request_has_a_cache_of_its_own(house: House) -> None:
    first, second = (Context.own(house.server.services) for _ in range(2))
    first.cache["user"] = 1
    assert second.cache == {}
