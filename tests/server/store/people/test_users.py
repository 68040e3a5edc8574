"""Rows of users, entities and organisations."""

import pytest

from housing_sweep.errors import Conflict, Gone
from housing_sweep.server.store.people import members, users
from housing_sweep.server.store.people.users import EntityId, OrganizationId, UserId
from tests.support.inprocess import START, House


def test_what_is_written_is_what_is_returned(house: House) -> None:
    ann = house.user("ann", email="ann@example.com", is_admin=True)
    assert users.get_user(house.db, ann.id) == users.user_by_name(house.db, "ann") == ann
    assert (ann.email, ann.is_admin, ann.is_service) == ("ann@example.com", True, False)
    acme = house.organization("acme", ann="admin")
    assert users.get_organization(house.db, acme.id) == acme
    team = house.team("crew", acme, ann="admin")
    assert users.get_entity(house.db, team.id) == users.entity_by_name(house.db, "crew") == team
    assert (team.kind, team.organization_id) == ("team", acme.id)
    assert users.teams(house.db) == [team]
    moved = users.set_default_entity(house.db, ann.id, team.id)
    assert users.get_user(house.db, ann.id) == moved
    assert users.default_entity(house.db, moved) == team


def test_a_name_is_taken_once(house: House) -> None:
    house.user("ann")
    with pytest.raises(Conflict, match="a user named 'Ann'"):
        house.user("Ann")


def test_a_removed_user_has_a_row_and_no_entity(house: House) -> None:
    ann = house.user("ann")
    members.remove_user(house.db, ann, now=START + 1)
    assert users.get_user(house.db, ann.id).deleted_at == START + 1
    with pytest.raises(Gone, match="was removed"):
        users.entity_of_user(house.db, ann.id)


def test_what_was_deleted_is_gone(house: House) -> None:
    house.user("ann")
    acme = house.organization("acme", ann="admin")
    team = house.team("crew", acme, ann="admin")
    members.remove_organization(house.db, acme.id, now=START)
    with pytest.raises(Gone, match="was deleted"):
        users.get_entity(house.db, team.id)
    with pytest.raises(Gone, match="was deleted"):
        users.get_organization(house.db, acme.id)
    with pytest.raises(Gone, match="was deleted"):
        users.organization_entity(house.db, acme.id)


def test_a_number_that_nobody_has_is_gone(house: House) -> None:
    with pytest.raises(Gone):
        users.get_user(house.db, UserId(999))
    with pytest.raises(Gone):
        users.set_default_entity(house.db, UserId(999), EntityId(1))
    with pytest.raises(Gone):
        users.get_organization(house.db, OrganizationId(999))


def test_users_know_of_those_they_share_something_with(house: House) -> None:
    ann, bob, eve = (house.user(name) for name in ("ann", "bob", "eve"))
    house.organization("acme", ann="member", bob="member")
    house.organization("other", eve="member")
    assert users.may_know(house.db, ann, bob.id)
    assert not users.may_know(house.db, ann, eve.id)
    assert users.may_know(house.db, eve, eve.id)
