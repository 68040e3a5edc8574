"""Users, keys, entities and organisations, asked as the SDK asks."""

import pytest

from housing_sweep.errors import BadInput, Conflict, NotFound, NotSupported, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.people import keys, members, users
from tests.support.inprocess import START, House

USERS = """query($q: String) { users(query: $q) { edges { node {
    name apiKeys { edges { node { id name } } } } } } }"""
VIEWER = "{ viewer { id username entity admin flags teams { edges { node { name } } } } }"
ENTITY = """query($n: String!) { entity(name: $n) {
    id available members { name } organization { name } } }"""
ORGANIZATION = (
    "query($n: String!) { organization(name: $n) { id name orgEntity { name entityType } } }"
)
GENERATE = "mutation { result: generateApiKey(input: {}) { apiKey { id name } } }"
DELETE = "mutation($id: String!) { deleteApiKey(input: {id: $id}) { success } }"


def found(house: House, who: str, text: str | None) -> list[str]:
    edges = house.ask(who, USERS, q=text)["users"]["edges"]
    return [edge["node"]["name"] for edge in edges]


def test_a_plain_users_teams_hold_exactly_the_own_entity(house: House) -> None:
    house.user("alice")
    viewer = house.ask("alice", VIEWER)["viewer"]
    assert viewer["username"] == viewer["entity"] == "alice"
    assert viewer["teams"]["edges"] == [{"node": {"name": "alice"}}]
    assert viewer["admin"] is False
    assert "code_saving" not in viewer["flags"]


def test_an_exact_name_comes_first_in_a_search(house: House) -> None:
    for name in ("annabel", "anna", "joanna"):
        house.user(name)
    assert found(house, "anna", "anna") == ["anna", "annabel", "joanna"]
    assert found(house, "anna", "nobody") == []


def test_users_are_found_by_email_whatever_its_case(house: House) -> None:
    house.user("alice", email="Alice@Example.org")
    assert found(house, "alice", "alice@example.org") == ["alice"]


def test_a_search_shows_only_people_of_ones_own_organizations(house: House) -> None:
    for name in ("alice", "bob", "eve"):
        house.user(name)
    house.organization("acme", alice="admin", bob="viewer")
    house.organization("evil", eve="admin")
    assert found(house, "alice", None) == ["alice", "bob"]
    assert found(house, "eve", "bob") == []


def test_only_the_owner_and_admins_see_names_of_keys(house: House) -> None:
    alice = house.user("alice")
    house.user("bob")
    house.user("root2", is_admin=True)
    keys.add(house.db, alice.id, "k" * 40, description=None, now=START)
    for who, held in {"alice": ["kkkkkkkk"], "bob": [], "root2": ["kkkkkkkk"]}.items():
        (edge,) = house.ask(who, USERS, q="alice")["users"]["edges"]
        assert [key["node"]["name"] for key in edge["node"]["apiKeys"]["edges"]] == held


def test_a_generated_key_works_and_a_deleted_one_does_not(house: House) -> None:
    house.user("alice")
    made = house.ask("alice", GENERATE)["result"]["apiKey"]
    assert len(made["name"]) >= 40
    owner = users.user_by_key(house.db, made["name"])
    assert owner is not None
    assert owner.name == "alice"
    (edge,) = house.ask("alice", USERS, q="alice")["users"]["edges"]
    (key,) = edge["node"]["apiKeys"]["edges"]
    assert made["name"].startswith(key["node"]["name"])
    assert len(key["node"]["name"]) == 8
    house.ask("alice", DELETE, id=made["id"])
    assert users.user_by_key(house.db, made["name"]) is None


def test_nobody_deletes_another_users_key_but_an_admin(house: House) -> None:
    house.user("alice")
    house.user("bob")
    house.user("root2", is_admin=True)
    made = house.ask("alice", GENERATE)["result"]["apiKey"]
    assert isinstance(house.refused("bob", DELETE, id=made["id"]), NotFound)
    assert users.user_by_key(house.db, made["name"])
    house.ask("root2", DELETE, id=made["id"])
    assert users.user_by_key(house.db, made["name"]) is None


def test_keys_with_the_same_start_get_different_names(house: House) -> None:
    alice = house.user("alice")
    for last in "abc":
        keys.add(house.db, alice.id, f"user_gw0-{'0' * 39}{last}", description=None, now=START)
    shown = [key.name for key in keys.of_user(house.db, alice.id)]
    assert len(set(shown)) == 3
    assert all(len(name) < 30 for name in shown)


def test_the_database_holds_no_key(house: House) -> None:
    alice = house.user("alice")
    secret = keys.new_api_key()
    keys.add(house.db, alice.id, secret, description=None, now=START)
    dump = "\n".join(house.db.iterdump())
    assert secret not in dump
    assert secret[:12] not in dump


def test_a_key_cannot_become_another_users(house: House) -> None:
    alice, bob = house.user("alice"), house.user("bob")
    keys.add(house.db, alice.id, "k" * 40, description=None, now=START)
    keys.add(house.db, alice.id, "k" * 40, description=None, now=START)
    with pytest.raises(Conflict):
        keys.add(house.db, bob.id, "k" * 40, description=None, now=START)
    assert len(keys.of_user(house.db, alice.id)) == 1


@pytest.mark.parametrize("name", ["alice", "ALICE", "acme", "Acme"])
def test_a_name_is_taken_whatever_its_case_and_kind(house: House, name: str) -> None:
    house.user("alice")
    house.organization("acme")
    with pytest.raises(Conflict, match="exists already"):
        house.user(name)


def test_a_free_name_is_available_to_who_asks_for_that_and_null_to_others(house: House) -> None:
    house.user("alice")
    free = house.ask("alice", ENTITY, n="nobody")["entity"]
    assert free["available"] is True
    assert free["members"] == []
    plain = house.ask("alice", '{ entity(name: "nobody") { name project(name: "p") { id } } }')
    assert plain["entity"] is None


def test_a_taken_name_is_not_available_and_tells_strangers_nothing(house: House) -> None:
    for name in ("alice", "eve"):
        house.user(name)
    acme = house.organization("acme", alice="admin")
    house.organization("evil", eve="admin")
    house.team("crew", acme, alice="admin")
    seen = house.ask("eve", ENTITY, n="crew")["entity"]
    assert (seen["available"], seen["members"], seen["organization"]) == (False, [], None)
    mine = house.ask("alice", ENTITY, n="crew")["entity"]
    assert mine["members"] == [{"name": "alice"}]
    assert mine["organization"] == {"name": "acme"}


def test_an_organization_is_found_by_both_its_names_by_members_only(house: House) -> None:
    for name in ("alice", "eve"):
        house.user(name)
    house.organization("Acme & Sons", alice="admin")
    house.organization("evil", eve="admin")
    shown = house.ask("alice", ORGANIZATION, n="Acme & Sons")["organization"]
    assert shown["orgEntity"] == {"name": "Acme-Sons", "entityType": "organization"}
    assert house.ask("alice", ORGANIZATION, n="Acme-Sons")["organization"] == shown
    assert house.ask("eve", ORGANIZATION, n="Acme & Sons")["organization"] is None
    assert house.ask("alice", ORGANIZATION, n="nowhere")["organization"] is None


def test_without_membership_a_user_belongs_to_the_default_organization_alone(house: House) -> None:
    alice = house.user("alice")
    assert [o.is_default for o in users.organizations_of_user(house.db, alice.id)] == [True]
    acme = house.organization("acme", alice="member")
    assert users.organizations_of_user(house.db, alice.id) == [acme]


def test_the_default_entity_is_what_requests_without_one_mean(house: House) -> None:
    house.user("alice")
    acme = house.organization("acme", alice="member")
    house.team("crew", acme, alice="admin")
    change = "mutation($e: String) { updateUser(input: {defaultEntity: $e}) { user { entity } } }"
    assert house.ask("alice", change, e="crew")["updateUser"]["user"]["entity"] == "crew"
    assert house.ask("alice", "{ entity { name } }") == {"entity": {"name": "crew"}}
    house.user("bob")
    assert isinstance(house.refused("bob", change, e="crew"), NotFound)
    assert isinstance(house.refused("bob", change, e="nowhere"), NotFound)


def test_a_user_is_not_renamed_in_silence(house: House) -> None:
    house.user("alice")
    rename = 'mutation { updateUser(input: {username: "al"}) { user { id } } }'
    assert isinstance(house.refused("alice", rename), NotSupported)


def test_only_admins_add_users_by_email(house: House) -> None:
    house.user("alice")
    house.user("root2", is_admin=True)
    add = "mutation($e: String!) { createUser(input: {email: $e}) { user { name email admin } } }"
    assert isinstance(house.refused("alice", add, e="bob@example.org"), PermissionDenied)
    made = house.ask("root2", add, e="bob.b@example.org")["createUser"]["user"]
    assert made == {"name": "bob-b", "email": "bob.b@example.org", "admin": False}
    assert isinstance(house.refused("root2", add, e="bob.b@example.org"), Conflict)
    assert isinstance(house.refused("root2", add, e="not an address"), BadInput)


def test_who_rules_an_organization_adds_users_to_it(house: House) -> None:
    for name in ("alice", "bob"):
        house.user(name)
    house.user("root2", is_admin=True)
    house.organization("first", root2="admin")
    house.organization("acme", alice="admin", bob="member", root2="admin")
    add = """mutation($e: String!, $a: Boolean) {
        createUser(input: {email: $e, admin: $a}) { user { name email } } }"""
    for who, email in (("alice", "carl@x.org"), ("root2", "dora@x.org")):
        made = house.ask(who, add, e=email)["createUser"]["user"]
        assert made["email"] == email
        mine = users.organizations_of_user(house.db, house.id_of(made["name"]))
        assert [one.name for one in mine] == ["acme"]
    assert isinstance(house.refused("alice", add, e="emil@x.org", a=True), PermissionDenied)
    assert isinstance(house.refused("bob", add, e="emil@x.org"), PermissionDenied)
    assert users.user_by_name(house.db, "emil") is None


def test_an_outsider_learns_of_a_person_no_more_than_the_name(house: House) -> None:
    alice = house.user("alice", email="alice@example.org")
    for name in ("bob", "eve"):
        house.user(name)
    acme = house.organization("acme", alice="admin", bob="member")
    evil = house.organization("evil", eve="admin")
    house.team("crew", acme, alice="admin")
    house.team("secret", evil, eve="admin")
    ask = """{ entity(name: "alice") { name user { email teams { edges { node { name } } } }
        members { email } organization { name } } }"""
    assert house.ask("eve", ask)["entity"] == {
        "name": "alice",
        "user": None,
        "members": [],
        "organization": None,
    }
    seen = house.ask("bob", ask)["entity"]
    assert seen["user"]["email"] == "alice@example.org"
    assert [e["node"]["name"] for e in seen["user"]["teams"]["edges"]] == ["alice", "crew"]
    members.set_organization_role(house.db, evil.id, alice.id, "member", now=START)
    (secret,) = users.teams_of_user(house.db, house.id_of("eve"))
    members.set_team_role(house.db, secret.id, alice.id, "member", now=START)
    teams = house.ask("bob", ask)["entity"]["user"]["teams"]["edges"]
    assert [e["node"]["name"] for e in teams] == ["alice", "crew"], "not those of elsewhere"


def test_ids_decode_to_what_the_client_parses(house: House) -> None:
    alice = house.user("alice")
    assert house.ask("alice", VIEWER)["viewer"]["id"] == to_id("User", alice.id)


def test_an_admin_of_the_server_does_not_see_other_peoples_projects(house: House) -> None:
    house.user("alice")
    house.user("root2", is_admin=True)
    make = 'mutation { upsertModel(input: {name: "p", entityName: "alice"}) { inserted } }'
    house.ask("alice", make)
    look = '{ project(entityName: "alice", name: "p") { id } }'
    assert house.ask("alice", look)["project"]
    assert house.ask("root2", look)["project"] is None
