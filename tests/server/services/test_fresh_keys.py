"""Keys just made: seen once, by their maker only."""

from concurrent.futures import ThreadPoolExecutor

from housing_sweep.server.services.fresh_keys import FreshKeys
from housing_sweep.server.store.people.users import UserId

MAKER, OTHER, ACCOUNT = UserId(1), UserId(2), UserId(3)


def test_a_key_is_seen_once() -> None:
    fresh = FreshKeys()
    fresh.put(MAKER, ACCOUNT, "key")
    assert [fresh.pop_once(MAKER, ACCOUNT) for _ in range(2)] == ["key", None]


def test_nobody_but_the_maker_sees_it_and_looking_takes_nothing() -> None:
    fresh = FreshKeys()
    fresh.put(MAKER, ACCOUNT, "key")
    assert fresh.pop_once(OTHER, ACCOUNT) is None
    assert fresh.pop_once(MAKER, OTHER) is None
    assert fresh.pop_once(MAKER, ACCOUNT) == "key"


def test_the_last_key_of_an_account_is_the_one_to_see() -> None:
    fresh = FreshKeys()
    for key in ("first", "second"):
        fresh.put(MAKER, ACCOUNT, key)
    assert fresh.pop_once(MAKER, ACCOUNT) == "second"


def test_of_many_who_look_at_once_one_sees_it() -> None:
    fresh = FreshKeys()
    fresh.put(MAKER, ACCOUNT, "key")
    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(lambda _: fresh.pop_once(MAKER, ACCOUNT), range(50)))
    assert sorted(seen, key=str) == [*[None] * 49, "key"]
