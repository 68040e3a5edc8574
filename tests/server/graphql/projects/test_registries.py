"""Registries: finding them, naming their members, and what each role may do."""

import json
from itertools import product
from typing import Any

import pytest

from housing_sweep.errors import BadInput, Conflict, NotFound, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects
from tests.support.inprocess import House
from tests.support.local_server import LocalServer

UPSERT = """mutation($input: UpsertModelInput!) { upsertModel(input: $input) { inserted project {
    id internalId name description access updatedAt
    entity { name organization { name } }
    allowAllArtifactTypes: allowAllArtifactTypesInRegistry
    artifactTypes(includeAll: true) { edges { node { name } } } } } }"""
FETCH = "query($n: String, $e: String) { entity(name: $e) { project(name: $n) { id access } } }"
LIST = """query($o: String!, $f: JSONString, $after: String, $first: Int, $order: String) {
    organization(name: $o) { orgEntity {
        projects(filters: $f, after: $after, first: $first, order: $order) {
            pageInfo { endCursor hasNextPage } edges { node { name } } } } } }"""
MEMBERS = """query($p: String!, $e: String!) { project(name: $p, entityName: $e) {
    members { id name username email role { name } }
    teamMembers { team { id name isTeam members { name } } role { name } } } }"""
ADD = """mutation($input: CreateProjectMembersInput!) {
    result: createProjectMembers(input: $input) { success } }"""
REMOVE = """mutation($input: DeleteProjectMembersInput!) {
    result: deleteProjectMembers(input: $input) { success } }"""
USER_ROLE = """mutation($input: UpdateProjectMemberInput!) {
    result: updateProjectMember(input: $input) { success } }"""
TEAM_ROLE = """mutation($input: UpdateProjectTeamMemberInput!) {
    result: updateProjectTeamMember(input: $input) { success } }"""
RENAME = """mutation($input: RenameProjectInput!) {
    renameProject(input: $input) { inserted project { name } } }"""
DELETE = "mutation($id: String!) { deleteModel(input: {id: $id}) { success } }"


@pytest.fixture
def acme(house: House) -> House:
    """Alice rules, Bob and Mia are members, Vic only looks, Eve is a stranger, crew is Mia's."""
    for name in ("alice", "bob", "mia", "vic", "eve"):
        house.user(name)
    organization = house.organization(
        "Acme", alice="admin", bob="member", mia="member", vic="viewer"
    )
    house.organization("evil", eve="admin")
    house.team("crew", organization, mia="admin")
    return house


def make(house: House, who: str, name: str, access: str = "PRIVATE", **more: object) -> Any:
    given = {"name": f"wandb-registry-{name}", "entityName": "Acme", "access": access, **more}
    return house.ask(who, UPSERT, input=given)["upsertModel"]["project"]


def role(house: House, who: str, name: str) -> str | None:
    user = users.user_by_name(house.db, who)
    project = projects.find(house.db, "Acme", f"wandb-registry-{name}")
    assert user
    assert project
    return projects.role(house.db, user, project)


def listed(house: House, who: str, **arguments: object) -> list[str]:
    organization = house.ask(who, LIST, o="Acme", **arguments)["organization"]
    names = [edge["node"]["name"] for edge in organization["orgEntity"]["projects"]["edges"]]
    return [name.removeprefix("wandb-registry-") for name in names]


def user_id(house: House, name: str) -> str:
    return to_id("User", house.id_of(name))


def team_id(house: House, name: str) -> str:
    entity = users.entity_by_name(house.db, name)
    assert entity
    return to_id("Entity", entity.id)


def test_a_registry_is_made_with_its_maker_as_admin(acme: House) -> None:
    made = make(
        acme,
        "bob",
        "models",
        description="",
        allowAllArtifactTypesInRegistry=False,
        artifactTypes=[{"name": "model"}, {"name": "dataset"}],
    )
    assert made["entity"] == {"name": "Acme", "organization": {"name": "Acme"}}
    assert (made["access"], made["description"]) == ("PRIVATE", "")
    assert made["allowAllArtifactTypes"] is False
    assert {e["node"]["name"] for e in made["artifactTypes"]["edges"]} == {"model", "dataset"}
    (member,) = acme.ask("alice", MEMBERS, p=made["name"], e="Acme")["project"]["members"]
    assert (member["id"], member["username"]) == (user_id(acme, "bob"), "bob")
    assert member["role"] == {"name": "admin"}


def test_types_are_only_added(acme: House) -> None:
    make(acme, "bob", "models", artifactTypes=[{"name": "model"}])
    more = make(acme, "bob", "models", artifactTypes=[{"name": "dataset"}])
    assert {e["node"]["name"] for e in more["artifactTypes"]["edges"]} == {"model", "dataset"}


def test_a_registry_needs_an_organization_a_name_and_a_writer(acme: House) -> None:
    for entity in ("alice", "crew"):
        given = {"name": "wandb-registry-x", "entityName": entity}
        assert isinstance(
            acme.refused("mia" if entity == "crew" else "alice", UPSERT, input=given), BadInput
        )
    given = {"name": "wandb-registry-", "entityName": "Acme"}
    assert isinstance(acme.refused("alice", UPSERT, input=given), BadInput)
    given = {"name": "wandb-registry-x", "entityName": "Acme"}
    assert isinstance(acme.refused("vic", UPSERT, input=given), PermissionDenied)
    assert isinstance(acme.refused("eve", UPSERT, input=given), PermissionDenied)


def test_open_registries_are_the_organizations_restricted_ones_their_members(acme: House) -> None:
    make(acme, "bob", "open")
    make(acme, "bob", "closed", "RESTRICTED")
    assert {w: role(acme, w, "open") for w in ("alice", "bob", "mia", "vic", "eve")} == {
        "alice": "admin",
        "bob": "admin",
        "mia": "member",
        "vic": "viewer",
        "eve": None,
    }
    assert {w: role(acme, w, "closed") for w in ("alice", "bob", "mia", "vic", "eve")} == {
        "alice": "admin",
        "bob": "admin",
        "mia": None,
        "vic": None,
        "eve": None,
    }
    assert listed(acme, "bob") == ["open", "closed"]
    assert listed(acme, "mia") == ["open"]
    assert acme.ask("eve", LIST, o="Acme")["organization"] is None
    assert acme.ask("mia", FETCH, n="wandb-registry-closed", e="Acme")["entity"]["project"] is None


def test_a_role_in_the_registry_wins_over_the_one_in_the_organization(acme: House) -> None:
    made = make(acme, "alice", "models")
    for who, wanted in product(("vic", "mia"), projects.ROLES):
        acme.ask("alice", ADD, input={"projectId": made["id"], "userIds": [user_id(acme, who)]})
        given = {"projectId": made["id"], "userId": user_id(acme, who), "userProjectRole": wanted}
        acme.ask("alice", USER_ROLE, input=given)
        assert role(acme, who, "models") == wanted


def test_a_team_brings_its_members_in_and_the_best_team_counts(acme: House) -> None:
    made = make(acme, "alice", "models", "RESTRICTED")
    assert role(acme, "mia", "models") is None
    acme.ask("alice", ADD, input={"projectId": made["id"], "teamIds": [team_id(acme, "crew")]})
    assert role(acme, "mia", "models") == "member"
    organization = users.organization_by_name(acme.db, "Acme")
    assert organization
    acme.team("second", organization, mia="admin")
    acme.ask("alice", ADD, input={"projectId": made["id"], "teamIds": [team_id(acme, "second")]})
    for team, wanted in (("crew", "viewer"), ("second", "admin")):
        acme.ask(
            "alice",
            TEAM_ROLE,
            input={
                "projectId": made["id"],
                "teamId": team_id(acme, team),
                "teamProjectRole": wanted,
            },
        )
    assert role(acme, "mia", "models") == "admin"
    (first, _) = acme.ask("alice", MEMBERS, p=made["name"], e="Acme")["project"]["teamMembers"]
    assert first["team"]["id"] == team_id(acme, "crew")
    assert first["team"]["members"] == [{"name": "mia"}]
    assert first["role"] == {"name": "viewer"}


def test_only_admins_of_a_registry_name_members_change_or_delete_it(acme: House) -> None:
    made = make(acme, "bob", "models")
    mia = {"projectId": made["id"], "userIds": [user_id(acme, "mia")]}
    renaming = {
        "entityName": "Acme",
        "oldProjectName": made["name"],
        "newProjectName": "wandb-registry-mine",
    }
    attempts: list[tuple[str, dict[str, Any]]] = [
        (ADD, {"input": mia}),
        (REMOVE, {"input": {**mia, "userIds": [user_id(acme, "bob")]}}),
        (RENAME, {"input": renaming}),
        (DELETE, {"id": made["id"]}),
        (UPSERT, {"input": {"name": made["name"], "entityName": "Acme", "description": "x"}}),
        (
            USER_ROLE,
            {
                "input": {
                    "projectId": made["id"],
                    "userId": user_id(acme, "bob"),
                    "userProjectRole": "viewer",
                }
            },
        ),
    ]
    for query, variables in attempts:
        assert isinstance(acme.refused("mia", query, **variables), PermissionDenied)
        assert isinstance(acme.refused("vic", query, **variables), PermissionDenied)
        assert isinstance(acme.refused("eve", query, **variables), NotFound)
    assert role(acme, "bob", "models") == "admin"


def test_members_must_belong_to_the_organization(acme: House) -> None:
    made = make(acme, "alice", "models")
    evil = users.organization_by_name(acme.db, "evil")
    assert evil
    acme.team("horde", evil, eve="admin")
    for given in ({"userIds": [user_id(acme, "eve")]}, {"teamIds": [team_id(acme, "horde")]}):
        assert isinstance(
            acme.refused("alice", ADD, input={"projectId": made["id"], **given}), NotFound
        )
    assert role(acme, "eve", "models") is None


def test_an_unknown_role_or_a_non_member_is_refused(acme: House) -> None:
    made = make(acme, "alice", "models")
    given = {"projectId": made["id"], "userId": user_id(acme, "mia"), "userProjectRole": "king"}
    assert isinstance(acme.refused("alice", USER_ROLE, input=given), BadInput)
    given["userProjectRole"] = "viewer"
    assert isinstance(acme.refused("alice", USER_ROLE, input=given), NotFound)
    gone = {"projectId": made["id"], "userIds": [user_id(acme, "mia")]}
    assert isinstance(acme.refused("alice", REMOVE, input=gone), NotFound)


def test_adding_a_member_again_keeps_the_role(acme: House) -> None:
    made = make(acme, "alice", "models")
    mia = {"projectId": made["id"], "userIds": [user_id(acme, "mia")]}
    acme.ask("alice", ADD, input=mia)
    change = {"projectId": made["id"], "userId": user_id(acme, "mia"), "userProjectRole": "viewer"}
    acme.ask("alice", USER_ROLE, input=change)
    acme.ask("alice", ADD, input=mia)
    assert role(acme, "mia", "models") == "viewer"
    acme.ask("alice", REMOVE, input=mia)
    assert role(acme, "mia", "models") == "member"


def test_registries_are_listed_in_order_and_without_plain_projects(acme: House) -> None:
    for name in ("b", "c", "a"):
        make(acme, "alice", name)
    acme.ask("alice", UPSERT, input={"name": "plain", "entityName": "Acme"})
    assert listed(acme, "alice") == ["b", "c", "a"]
    assert listed(acme, "alice", order="name") == ["a", "b", "c"]
    assert listed(acme, "alice", order="-name") == ["c", "b", "a"]
    assert listed(acme, "alice", order="+created_at") == ["b", "c", "a"]
    error = acme.refused("alice", LIST, o="Acme", order="size")
    assert isinstance(error, BadInput)
    assert "created_at" in str(error)


def test_a_saved_cursor_continues_in_a_new_query(acme: House) -> None:
    for name in "edcba":
        make(acme, "alice", name)
    seen, after = [], None
    for _ in range(5):
        page = acme.ask("alice", LIST, o="Acme", first=1, after=after, order="name")
        page = page["organization"]["orgEntity"]["projects"]
        seen += [edge["node"]["name"][-1] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == ["a", "b", "c", "d", "e"]
    assert page["pageInfo"]["hasNextPage"] is False


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"name": "wandb-registry-b"}, ["b"]),
        ({"name": {"$in": ["wandb-registry-a", "wandb-registry-c"]}}, ["a", "c"]),
        ({"name": {"$regex": "registry-[bc]$"}}, ["b", "c"]),
        ({"$or": [{"name": "wandb-registry-a"}, {"description": "third"}]}, ["a", "c"]),
        ({"description": {"$ne": "third"}}, ["a", "b"]),
        ({"$not": {"name": "wandb-registry-a"}}, ["b", "c"]),
        ({"created_at": {"$gt": "2999-01-01T00:00:00Z"}}, []),
        ({"created_at": {"$lt": "2999-01-01"}, "name": {"$exists": True}}, ["a", "b", "c"]),
    ],
)
def test_registries_are_filtered(acme: House, filters: object, wanted: list[str]) -> None:
    for name, description in (("a", None), ("b", "second"), ("c", "third")):
        make(acme, "alice", name, description=description)
    assert listed(acme, "alice", f=json.dumps(filters)) == wanted


def test_a_registry_is_found_by_its_number_as_the_client_sends_it(acme: House) -> None:
    make(acme, "alice", "a")
    held = projects.find(acme.db, "Acme", "wandb-registry-a")
    make(acme, "alice", "b")
    assert held
    assert listed(acme, "alice", f=json.dumps({"id": held.id})) == ["a"]


@pytest.mark.parametrize("filters", ["{", '{"nope": 1}', '{"name": {"$near": 1}}', '{"$and": 3}'])
def test_a_wrong_filter_is_refused(acme: House, filters: str) -> None:
    make(acme, "alice", "a")
    assert isinstance(acme.refused("alice", LIST, o="Acme", f=filters), BadInput)


def test_a_renamed_registry_stays_one_and_a_deleted_one_is_gone(acme: House) -> None:
    made = make(acme, "alice", "old")
    given = {
        "entityName": "Acme",
        "oldProjectName": made["name"],
        "newProjectName": "wandb-registry-new",
    }
    renamed = acme.ask("alice", RENAME, input=given)["renameProject"]
    assert renamed == {"inserted": False, "project": {"name": "wandb-registry-new"}}
    make(acme, "alice", "old")
    assert isinstance(acme.refused("alice", RENAME, input=given), Conflict)
    acme.ask("alice", DELETE, id=made["id"])
    assert acme.ask("alice", FETCH, n="wandb-registry-new", e="Acme")["entity"]["project"] is None
    assert isinstance(acme.refused("alice", DELETE, id=made["id"]), NotFound)


SDK_WRITES = """
import json, sys, wandb
api = wandb.Api()
org = api.organization()
registry = api.create_registry("plants", visibility="organization", description="green",
    artifact_types=["model"])
registry.description = ""
registry.artifact_types.append("dataset")
registry.save()
api.create_registry("secret", visibility="restricted")
renamed = api.registry("plants")
renamed.name = "flowers"
renamed.save()
anna, team = api.user("sdk-anna"), api.create_team("sdk-team")
renamed.add_members(anna, team)
renamed.update_member(anna, "viewer")
renamed.update_member(team, "restricted_viewer")
secret = api.registry("secret")
secret.add_members(anna, team)
secret.remove_members(anna, team)
team.invite("sdk-anna@example.org", admin=True)
account = api.team("sdk-team").create_service_account("robot")
print(json.dumps([org.name, account.api_key]))
"""

SDK_READS = """
import json, wandb
api = wandb.Api()
found = api.registry("flowers")
again = None
try:
    api.create_registry("flowers", visibility="restricted")
except ValueError as error:
    again = str(error)
print(json.dumps({
    "names": [r.name for r in api.registries(order="-name")],
    "filtered": [r.name for r in api.registries(filter={"name": {"$regex": "flow"}})],
    "types": sorted(found.artifact_types),
    "description": found.description,
    "visibility": found.visibility,
    "users": {m.user.username: m.role for m in found.user_members()},
    "teams": {m.team.name: m.role for m in found.team_members()},
    "team": [[m.name, m.account_type, m.admin] for m in api.team("sdk-team").members],
    "again": again,
    "full": [found.full_name, bool(found.internal_id), found.updated_at >= found.created_at],
    "any_type": [r.allow_all_artifact_types for r in (found, api.registry("secret"))],
    "secret": [m.user.username for m in api.registry("secret").user_members()],
    "secret_teams": [m.team.name for m in api.registry("secret").team_members()],
}))
"""

SDK_AS_MEMBER = """
import json, wandb
api = wandb.Api()
def told(function):
    try:
        return str(function())
    except Exception as error:
        return f"{type(error).__name__}: {error}"
print(json.dumps({
    "names": [r.name for r in api.registries()],
    "secret": told(lambda: api.registry("secret")),
    "delete": told(api.registry("flowers").delete),
    "viewer": [api.viewer.username, api.viewer.teams],
    "key": api.viewer.api_keys,
}))
"""


@pytest.mark.slow
def test_the_sdk_makes_registries_and_teams_and_others_read_them_back(
    own_server: LocalServer,
) -> None:
    add = ("housing-sweep", "users", "add", "--json", "--data-dir", str(own_server.data_dir))
    done = own_server.cli(*add, "sdk-anna", "--email", "sdk-anna@example.org")
    anna = json.loads(done.stdout)["api_key"]
    org, robot = own_server.sdk(SDK_WRITES)
    assert org == "local-org"
    seen = own_server.sdk(SDK_READS)
    assert "already exists" in seen["again"]
    del seen["again"]
    assert seen == {
        "names": ["secret", "flowers"],
        "filtered": ["flowers"],
        "types": ["dataset", "model"],
        "description": "",
        "visibility": "organization",
        "users": {own_server.user: "admin", "sdk-anna": "viewer"},
        "teams": {"sdk-team": "restricted_viewer"},
        "team": [
            [own_server.user, "USER", True],
            ["sdk-anna", "USER", True],
            ["robot", "SERVICE", False],
        ],
        "full": ["wandb-registry-flowers", True, True],
        "any_type": [False, True],
        "secret": [own_server.user],
        "secret_teams": [],
    }
    told = own_server.sdk(SDK_AS_MEMBER, env={"WANDB_API_KEY": anna})
    assert told["names"] == ["flowers"]
    assert "Failed to load registry 'secret'" in told["secret"]
    assert "Failed to delete registry 'flowers'" in told["delete"]
    assert told["viewer"] == ["sdk-anna", ["sdk-anna", "sdk-team"]]
    assert [len(name) for name in told["key"]] == [8]
    robots = own_server.sdk(SDK_AS_MEMBER, env={"WANDB_API_KEY": robot})
    assert robots["viewer"][1] == ["sdk-team-service-1", "sdk-team"]
