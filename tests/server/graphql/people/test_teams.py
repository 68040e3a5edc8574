"""Teams, invitations, service accounts, and what is left when somebody goes."""

from typing import Any

import pytest

from housing_sweep.errors import BadInput, Conflict, NotFound, PermissionDenied
from housing_sweep.server.store.people import members, users
from housing_sweep.server.store.projects import projects
from tests.support.inprocess import START, House

TEAM = """query($n: String!) { entity(name: $n) { id name available isTeam entityType storageBytes
    readOnlyAdmin privateOnly codeSavingEnabled defaultAccess
    members { id name username email accountType admin role pending apiKey } } }"""
CREATE = """mutation($n: String!, $a: String) {
    result: createTeam(input: {teamName: $n, teamAdminUserName: $a}) {
        entity { id name available photoUrl limits } } }"""
INVITE = """mutation($e: String!, $u: String, $m: String, $admin: Boolean) {
    result: createInvite(input: {entityName: $e, username: $u, email: $m, admin: $admin}) {
        invite { id name email createdAt toUser { name } } } }"""
UNINVITE = """mutation($id: String, $e: String) {
    result: deleteInvite(input: {id: $id, entityName: $e}) { success } }"""
SERVICE = """mutation($e: String!, $d: String!) {
    result: createServiceAccount(input: {description: $d, entityName: $e}) { user { id } } }"""


def team(house: House, who: str, name: str = "crew") -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = house.ask(who, TEAM, n=name)["entity"]["members"]
    return listed


@pytest.fixture
def crew(house: House) -> House:
    for name in ("alice", "bob", "carol", "eve"):
        house.user(name, email=f"{name}@example.org")
    acme = house.organization("acme", alice="member", bob="member", carol="admin")
    house.organization("evil", eve="admin")
    house.team("crew", acme, alice="admin", bob="member")
    return house


def test_a_personal_entity_lists_the_person(house: House) -> None:
    house.user("alice")
    (only,) = team(house, "alice", "alice")
    assert (only["name"], only["accountType"]) == ("alice", "USER")


def test_a_new_team_belongs_to_its_makers_organization(crew: House) -> None:
    made = crew.ask("alice", CREATE, n="second")["result"]["entity"]
    assert (made["name"], made["available"]) == ("second", False)
    entity = users.entity_by_name(crew.db, "second")
    assert entity is not None
    assert entity.organization_id is not None
    assert users.get_organization(crew.db, entity.organization_id).name == "acme"
    assert [m["admin"] for m in team(crew, "alice", "second")] == [True]


def test_a_team_may_get_another_admin_than_its_maker(crew: House) -> None:
    crew.ask("alice", CREATE, n="second", a="bob")
    assert [m["name"] for m in team(crew, "alice", "second")] == ["bob"]


@pytest.mark.parametrize("name", ["", "a b", "-x", "a/b", "graphql", "x" * 129])
def test_a_bad_team_name_is_refused(crew: House, name: str) -> None:
    assert isinstance(crew.refused("alice", CREATE, n=name), BadInput)


def test_a_taken_team_name_is_a_conflict_and_a_viewer_makes_none(crew: House) -> None:
    assert isinstance(crew.refused("alice", CREATE, n="crew"), Conflict)
    crew.user("vic")
    acme = users.organization_by_name(crew.db, "acme")
    assert acme is not None
    members.set_organization_role(crew.db, acme.id, crew.id_of("vic"), "viewer", now=START)
    assert isinstance(crew.refused("vic", CREATE, n="mine"), PermissionDenied)


def test_an_invited_user_is_a_member_at_once_by_name_or_email(crew: House) -> None:
    invite = crew.ask("alice", INVITE, e="crew", u="carol", admin=True)["result"]["invite"]
    assert invite["toUser"] == {"name": "carol"}
    dan = crew.user("dan", email="Dan@example.org")
    acme = users.organization_by_name(crew.db, "acme")
    assert acme is not None
    members.set_organization_role(crew.db, acme.id, dan.id, "viewer", now=START)
    crew.ask("alice", INVITE, e="crew", m="DAN@example.org")
    roles = {m["name"]: m["role"] for m in team(crew, "alice")}
    assert roles == {"alice": "admin", "bob": "member", "carol": "admin", "dan": "member"}
    assert invite["id"] == next(m["id"] for m in team(crew, "alice") if m["name"] == "carol")


def test_inviting_a_member_or_nobody_is_refused(crew: House) -> None:
    assert isinstance(crew.refused("alice", INVITE, e="crew", u="bob"), Conflict)
    assert isinstance(crew.refused("alice", INVITE, e="crew", u="nobody"), NotFound)
    assert isinstance(crew.refused("alice", INVITE, e="alice", u="bob"), NotFound)


def test_only_admins_of_team_and_organization_invite(crew: House) -> None:
    assert isinstance(crew.refused("bob", INVITE, e="crew", u="carol"), PermissionDenied)
    assert isinstance(crew.refused("eve", INVITE, e="crew", u="eve"), NotFound)
    crew.ask("carol", INVITE, e="crew", u="carol")
    assert "carol" in [m["name"] for m in team(crew, "alice")]


def test_nobody_is_enrolled_from_outside_of_the_organization_but_by_the_server_admin(
    crew: House,
) -> None:
    crew.user("zoe", email="zoe@example.org")  # of the default organization
    crew.user("root2", is_admin=True)
    unknown = crew.refused("alice", INVITE, e="crew", u="nobody")
    for name in ("eve", "zoe"):
        refused = crew.refused("alice", INVITE, e="crew", m=f"{name}@example.org")
        assert isinstance(refused, NotFound)
        assert str(refused).replace(name, "nobody") == str(unknown)
        assert isinstance(crew.refused("alice", CREATE, n="second", a=name), NotFound)
    assert [m["name"] for m in team(crew, "alice")] == ["alice", "bob"]
    assert users.entity_by_name(crew.db, "second") is None
    crew.ask("root2", INVITE, e="crew", u="zoe")
    assert "zoe" in [m["name"] for m in team(crew, "alice")]


def organization_of(house: House, team_name: str) -> str:
    entity = users.entity_by_name(house.db, team_name)
    assert entity is not None
    assert entity.organization_id is not None
    return users.get_organization(house.db, entity.organization_id).name


def test_a_team_that_a_server_admin_makes_belongs_to_its_admins_organization(crew: House) -> None:
    crew.user("root2", is_admin=True)
    crew.user("zoe")
    crew.organization("newest", bob="member")
    for name, admin, expected in (
        ("first", "alice", "acme"),
        ("second", "eve", "evil"),
        ("third", "zoe", "local-org"),
        ("fifth", "bob", "newest"),
        ("fourth", None, "local-org"),
    ):
        crew.ask("root2", CREATE, n=name, a=admin)
        assert organization_of(crew, name) == expected
        assert [m["username"] for m in team(crew, "root2", name)] == [admin or "root2"]


def test_a_team_of_who_is_in_several_organizations_goes_to_one_that_the_maker_shares(
    crew: House,
) -> None:
    evil = users.organization_by_name(crew.db, "evil")
    assert evil is not None
    members.set_organization_role(crew.db, evil.id, crew.id_of("bob"), "member", now=START)
    crew.ask("alice", CREATE, n="second", a="bob")
    assert organization_of(crew, "second") == "acme"
    crew.ask("eve", CREATE, n="third", a="bob")
    assert organization_of(crew, "third") == "evil"


def test_who_looks_at_one_team_only_looks_at_the_organization(crew: House) -> None:
    acme = users.organization_by_name(crew.db, "acme")
    crew_team = users.entity_by_name(crew.db, "crew")
    assert acme is not None
    assert crew_team is not None
    owner, vic = users.organization_entity(crew.db, acme.id), crew.user("vic")
    second = crew.team("second", acme, carol="admin")
    for team_entity, role, expected in (
        (crew_team, "viewer", "viewer"),
        (second, "viewer", "viewer"),
        (second, "member", "member"),
    ):
        members.set_team_role(crew.db, team_entity.id, vic.id, role, now=START)
        assert users.role_in_entity(crew.db, vic, owner) == expected
    members.set_team_role(crew.db, second.id, vic.id, "viewer", now=START)
    make = (
        'mutation($n: String) { upsertModel(input: {name: $n, entityName: "acme"}) { inserted } }'
    )
    assert isinstance(crew.refused("vic", make, n="wandb-registry-x"), PermissionDenied)
    assert isinstance(crew.refused("vic", CREATE, n="mine"), PermissionDenied)


def test_a_removed_member_sees_nothing_any_more(crew: House) -> None:
    look = '{ project(entityName: "crew", name: "p") { id } }'
    crew.ask(
        "alice", 'mutation { upsertModel(input: {name: "p", entityName: "crew"}) { inserted } }'
    )
    assert crew.ask("bob", look)["project"]
    bob = next(m["id"] for m in team(crew, "alice") if m["name"] == "bob")
    assert crew.ask("alice", UNINVITE, id=bob, e="crew")["result"]["success"]
    assert crew.ask("bob", look)["project"] is None


def test_members_remove_themselves_but_not_each_other(crew: House) -> None:
    ids = {m["name"]: m["id"] for m in team(crew, "alice")}
    assert isinstance(crew.refused("bob", UNINVITE, id=ids["alice"], e="crew"), PermissionDenied)
    assert isinstance(crew.refused("eve", UNINVITE, id=ids["bob"], e="crew"), NotFound)
    crew.ask("bob", UNINVITE, id=ids["bob"], e="crew")
    assert [m["name"] for m in team(crew, "alice")] == ["alice"]


def test_the_last_admin_stays(crew: House) -> None:
    alice = next(m["id"] for m in team(crew, "alice") if m["name"] == "alice")
    assert isinstance(crew.refused("alice", UNINVITE, id=alice, e="crew"), Conflict)
    assert [m["name"] for m in team(crew, "alice")] == ["alice", "bob"]


def test_a_member_id_of_another_team_removes_nobody(crew: House) -> None:
    crew.ask("alice", CREATE, n="second")
    bob = next(m["id"] for m in team(crew, "alice") if m["name"] == "bob")
    assert isinstance(crew.refused("alice", UNINVITE, id=bob, e="second"), NotFound)
    assert len(team(crew, "alice")) == 2


def test_a_service_accounts_key_is_shown_once_to_its_maker(crew: House) -> None:
    crew.ask("alice", SERVICE, e="crew", d="nightly sweeps")
    assert team(crew, "bob")[-1]["apiKey"] is None
    account = team(crew, "alice")[-1]
    assert (account["name"], account["accountType"]) == ("nightly sweeps", "SERVICE")
    user = users.user_by_key(crew.db, account["apiKey"])
    assert user is not None
    assert user.is_service
    assert users.default_entity(crew.db, user).name == "crew"
    assert team(crew, "alice")[-1]["apiKey"] is None


def test_a_removed_service_account_cannot_log_in(crew: House) -> None:
    crew.ask("alice", SERVICE, e="crew", d="nightly sweeps")
    account = team(crew, "alice")[-1]
    crew.ask("alice", UNINVITE, id=account["id"], e="crew")
    assert users.user_by_key(crew.db, account["apiKey"]) is None


def test_a_removed_user_leaves_the_name_free_and_runs_with_a_maker(crew: House) -> None:
    bob = users.user_by_name(crew.db, "bob")
    assert bob is not None
    made = projects.ensure(crew.db, bob, "crew", "shared", now=START)
    own = projects.ensure(crew.db, bob, None, "own", now=START)
    members.remove_user(crew.db, bob, now=START)
    kept = '{ project(entityName: "crew", name: "shared") { user { name username deletedAt } } }'
    maker = crew.ask("alice", kept)["project"]["user"]
    assert maker["username"].startswith("bob~")
    assert maker["deletedAt"]
    assert projects.find_by_id(crew.db, made.id)
    assert projects.find_by_id(crew.db, own.id) is None
    again = crew.user("bob")
    assert again.id != bob.id
    assert users.role_in_entity(crew.db, again, users.entity_of_user(crew.db, again.id)) == "admin"


def test_leaving_an_organization_takes_its_teams_and_registry_roles_along(crew: House) -> None:
    acme = users.organization_by_name(crew.db, "acme")
    alice, bob = (users.user_by_name(crew.db, name) for name in ("alice", "bob"))
    assert acme
    assert alice
    assert bob
    registry = projects.ensure(crew.db, bob, "acme", "wandb-registry-x", now=START)
    assert projects.role(crew.db, bob, registry) == "admin"
    members.leave_organization(crew.db, acme.id, bob.id)
    assert projects.role(crew.db, bob, registry) is None
    assert [m["name"] for m in team(crew, "alice")] == ["alice"]
    with pytest.raises(Conflict, match="needs an admin"):
        members.leave_organization(crew.db, acme.id, alice.id)
