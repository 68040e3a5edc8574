"""What the tests of GraphQL's nouns share: a team with a writer, a viewer, and a stranger."""

import pytest

from tests.support.inprocess import House


@pytest.fixture
def team(house: House) -> House:
    """A house whose team `core` Ann writes to and Vic looks at; Eve is a stranger."""
    for name in ("ann", "vic", "eve"):
        house.user(name)
    house.organization("evil", eve="admin")
    acme = house.organization("acme", ann="admin", vic="member")
    house.team("core", acme, ann="admin", vic="viewer")
    return house
