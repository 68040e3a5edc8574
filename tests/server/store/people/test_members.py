"""Rows of memberships: a team keeps an admin, and who leaves keeps no role behind."""

import pytest

from housing_sweep.errors import Conflict, Gone
from housing_sweep.server.store.people import members, users
from housing_sweep.server.store.projects import projects, roles
from tests.support.inprocess import START, House


@pytest.fixture
def staff(house: House) -> House:
    """An organisation `acme` of Ann and Bob, with their team `core`."""
    house.user("ann"), house.user("bob")
    acme = house.organization("acme", ann="admin", bob="member")
    house.team("core", acme, ann="admin", bob="member")
    return house


def team(house: House) -> users.Entity:
    """Return the team."""
    entity = users.entity_by_name(house.db, "core")
    assert entity is not None
    return entity


def acme(house: House) -> users.Organization:
    """Return the organisation."""
    organization = users.organization_by_name(house.db, "acme")
    assert organization is not None
    return organization


def team_roles(house: House) -> dict[str, str]:
    """Return who is what in the team."""
    return {member.user.name: member.role for member in members.of_team(house.db, team(house).id)}


def test_members_are_listed_with_their_roles(staff: House) -> None:
    assert team_roles(staff) == {"ann": "admin", "bob": "member"}
    listed = members.of_organization(staff.db, acme(staff).id)
    assert [(member.user.name, member.role) for member in listed] == [
        ("ann", "admin"),
        ("bob", "member"),
    ]


def test_setting_a_role_again_changes_the_role_and_adds_nobody(staff: House) -> None:
    for role in ("viewer", "admin", "admin"):
        members.set_team_role(staff.db, team(staff).id, staff.id_of("bob"), role, now=START)
        assert team_roles(staff) == {"ann": "admin", "bob": role}
        assert members.team_role(staff.db, team(staff).id, staff.id_of("bob")) == role


def test_the_last_admin_of_a_team_neither_leaves_nor_steps_down(staff: House) -> None:
    ann = staff.id_of("ann")
    with pytest.raises(Conflict, match="needs an admin"):
        members.leave_team(staff.db, team(staff).id, ann)
    with pytest.raises(Conflict, match="needs an admin"):
        members.set_team_role(staff.db, team(staff).id, ann, "member", now=START)
    with pytest.raises(Conflict, match="needs an admin"):
        members.leave_organization(staff.db, acme(staff).id, ann)
    assert team_roles(staff) == {"ann": "admin", "bob": "member"}
    assert len(members.of_organization(staff.db, acme(staff).id)) == 2


def test_a_team_of_a_taken_name_comes_to_nothing(staff: House) -> None:
    with pytest.raises(Conflict):
        members.create_team(staff.db, "core", acme(staff).id, staff.id_of("bob"), now=START)
    assert team_roles(staff) == {"ann": "admin", "bob": "member"}


def test_who_leaves_a_team_has_another_default_entity(staff: House) -> None:
    bob = staff.id_of("bob")
    users.set_default_entity(staff.db, bob, team(staff).id)
    members.leave_team(staff.db, team(staff).id, bob)
    assert users.default_entity(staff.db, users.get_user(staff.db, bob)).name == "bob"
    assert members.team_role(staff.db, team(staff).id, bob) is None


def test_who_leaves_an_organization_leaves_its_teams_and_registries(staff: House) -> None:
    bob, ann = staff.id_of("bob"), users.get_user(staff.db, staff.id_of("ann"))
    entity = users.organization_entity(staff.db, acme(staff).id)
    registry = projects.ensure(staff.db, ann, entity.name, "wandb-registry-nets", now=START)
    roles.add(staff.db, registry.id, [bob], [], "admin", START)
    assert members.leave_organization(staff.db, acme(staff).id, bob)
    assert team_roles(staff) == {"ann": "admin"}
    assert [item.user.name for item in roles.users(staff.db, registry.id)] == ["ann"]
    assert projects.role(staff.db, users.get_user(staff.db, bob), registry) is None
    assert not members.leave_organization(staff.db, acme(staff).id, bob)


def test_a_removed_user_leaves_what_they_made_and_frees_the_name(staff: House) -> None:
    bob = users.get_user(staff.db, staff.id_of("bob"))
    shared = projects.ensure(staff.db, bob, "core", "shared", now=START)
    own = projects.ensure(staff.db, bob, None, "own", now=START)
    members.remove_user(staff.db, bob, now=START + 1)
    assert team_roles(staff) == {"ann": "admin"}
    assert projects.get(staff.db, shared.id).user_id == bob.id
    assert projects.find_by_id(staff.db, own.id) is None
    assert staff.user("bob").id != bob.id


def test_a_removed_organization_takes_its_teams_and_no_users(staff: House) -> None:
    gone = acme(staff)
    members.remove_organization(staff.db, gone.id, now=START)
    assert users.entity_by_name(staff.db, "core") is None
    assert users.user_by_name(staff.db, "ann") is not None
    with pytest.raises(Gone):
        users.get_organization(staff.db, gone.id)
