"""Rows of API keys: digests only, names that differ, and whose a key is."""

import pytest

from housing_sweep.errors import Conflict
from housing_sweep.server.store.people import keys, users
from housing_sweep.server.store.people.users import PUBLIC_KEY_CHARS, User
from tests.support.inprocess import START, House


@pytest.fixture
def ann(house: House) -> User:
    """A user without keys."""
    return house.user("ann")


def test_new_keys_are_long_enough_for_the_sdk_and_differ() -> None:
    first, second = keys.new_api_key(), keys.new_api_key()
    assert len(first) >= 40
    assert first != second


def test_a_key_stands_for_its_user_and_is_kept_as_a_digest_only(house: House, ann: User) -> None:
    api_key = keys.new_api_key()
    key = keys.add(house.db, ann.id, api_key, description="laptop", now=START)
    assert users.user_by_key(house.db, api_key) == ann
    assert keys.find_by_id(house.db, key.id) == key
    assert keys.find(house.db, api_key) == key
    assert keys.holder(house.db, api_key) == (users.get_user(house.db, key.user_id), key.id)
    assert (key.name, key.description, key.created_at) == (
        api_key[:PUBLIC_KEY_CHARS],
        "laptop",
        START,
    )
    stored = [str(tuple(row)) for row in house.db.execute("SELECT * FROM api_keys")]
    assert not any(api_key in row for row in stored)


def test_adding_a_key_again_changes_nothing(house: House, ann: User) -> None:
    api_key = keys.new_api_key()
    key = keys.add(house.db, ann.id, api_key, description="laptop", now=START)
    assert keys.add(house.db, ann.id, api_key, description="other", now=START + 9) == key
    assert keys.of_user(house.db, ann.id) == [key]


def test_a_key_of_another_user_is_refused_and_stays_theirs(house: House, ann: User) -> None:
    bob, api_key = house.user("bob"), keys.new_api_key()
    keys.add(house.db, ann.id, api_key, description=None, now=START)
    with pytest.raises(Conflict, match="belongs to another user"):
        keys.add(house.db, bob.id, api_key, description=None, now=START)
    assert users.user_by_key(house.db, api_key) == ann
    assert keys.of_user(house.db, bob.id) == []


def test_keys_that_begin_alike_have_different_names(house: House, ann: User) -> None:
    for number in range(40):  # alike beyond the first half, where no more may be told
        api_key = "a" * 30 + f"{number:010d}"
        keys.add(house.db, ann.id, api_key, description=None, now=START)
    names = [key.name for key in keys.of_user(house.db, ann.id)]
    assert len(set(names)) == 40
    assert max(len(name) for name in names) <= 20 + len("-39")


def test_a_deleted_key_stands_for_nobody(house: House, ann: User) -> None:
    api_key = keys.new_api_key()
    key = keys.add(house.db, ann.id, api_key, description=None, now=START)
    keys.delete(house.db, key.id)
    keys.delete(house.db, key.id)
    assert users.user_by_key(house.db, api_key) is None
    assert keys.find(house.db, api_key) is None
    assert keys.holder(house.db, api_key) is None
    assert keys.find_by_id(house.db, key.id) is None
