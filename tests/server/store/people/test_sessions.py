"""Sessions: begun with a key, ended with it, by a logout or by age; never the same number again."""

from housing_sweep.server.store.people import keys, sessions
from tests.support.inprocess import START, House


def test_a_session_ends_with_its_key_by_a_logout_or_by_age(house: House) -> None:
    ann = house.user("ann").id
    key, other = (
        keys.add(house.db, ann, letter * 40, description=None, now=START) for letter in "kl"
    )
    first = sessions.start(house.db, key.id, lifetime=100, now=START)
    second = sessions.start(house.db, other.id, lifetime=100, now=START + 50)
    assert sessions.find(house.db, first.id) == first
    assert sessions.alive(house.db) == {first.id, second.id}
    third = sessions.start(house.db, key.id, lifetime=100, now=START + 101)
    assert sessions.alive(house.db) == {second.id, third.id}, "the first is too old"
    for _ in range(2):
        sessions.end(house.db, third.id)
        assert sessions.find(house.db, third.id) is None
    keys.delete(house.db, other.id)
    assert sessions.alive(house.db) == set()
    fourth = sessions.start(house.db, key.id, lifetime=100, now=START + 101)
    assert fourth.id not in {first.id, second.id, third.id}
