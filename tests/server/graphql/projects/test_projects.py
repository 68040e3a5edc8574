"""Projects: making, changing, listing, and who may."""

from typing import Any

import pytest

from housing_sweep.errors import BadInput, Conflict, NotFound, NotSupported, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.people import users
from housing_sweep.server.store.projects import projects
from tests.support.inprocess import START, House

UPSERT = """mutation($input: UpsertModelInput!) { result: upsertModel(input: $input) {
    project { id name entityName description access views createdAt updatedAt }
    model { name } inserted } }"""
RENAME = """mutation($input: RenameProjectInput!) { renameProject(input: $input) {
    inserted project { id name } } }"""
DELETE = "mutation($id: String!) { deleteModel(input: {id: $id}) { success } }"
PROJECT = """query($e: String, $n: String) { project(entityName: $e, name: $n) {
    id internalId name entityName readOnly isBenchmark user { name } entity { name } } }"""
MODELS = """query($e: String, $after: String, $first: Int) {
    models(entityName: $e, after: $after, first: $first) {
        pageInfo { endCursor hasNextPage } edges { cursor node { name } } } }"""


@pytest.fixture
def crew(house: House) -> House:
    for name in ("alice", "bob", "vic", "eve"):
        house.user(name)
    acme = house.organization("acme", alice="admin", bob="member", vic="viewer")
    house.organization("evil", eve="admin")
    house.team("crew", acme, alice="admin", bob="member", vic="viewer")
    return house


def make(house: House, who: str, name: str, entity: str | None = None, **more: object) -> Any:
    given = {"name": name, "entityName": entity, **more}
    return house.ask(who, UPSERT, input=given)["result"]


def test_a_project_is_made_once_and_changed_after(crew: House) -> None:
    made = make(crew, "alice", "p", description="first")
    assert (made["inserted"], made["project"]["entityName"]) == (True, "alice")
    assert made["model"] == {"name": "p"}
    again = make(crew, "alice", "p", views="{}")
    assert again["inserted"] is False
    assert again["project"]["id"] == made["project"]["id"]
    assert (again["project"]["description"], again["project"]["views"]) == ("first", "{}")


def test_null_keeps_a_description_and_empty_clears_it(crew: House) -> None:
    assert make(crew, "alice", "p")["project"]["description"] is None
    assert make(crew, "alice", "p", description="d")["project"]["description"] == "d"
    assert make(crew, "alice", "p", description=None)["project"]["description"] == "d"
    assert make(crew, "alice", "p", description="")["project"]["description"] == ""


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a:b", "a%b", "a?b", "a#b", "a\\b", "a\nb", "x" * 129]
)
def test_a_bad_project_name_is_refused_whoever_makes_it(crew: House, name: str) -> None:
    assert isinstance(crew.refused("alice", UPSERT, input={"name": name}), BadInput)
    alice = users.user_by_name(crew.db, "alice")
    assert alice
    with pytest.raises(BadInput):
        projects.ensure(crew.db, alice, None, name, now=START)


def test_access_that_the_server_does_not_have_is_refused(crew: House) -> None:
    refusal = crew.refused("alice", UPSERT, input={"name": "p", "access": "USER_READ"})
    assert isinstance(refusal, NotSupported)
    assert crew.ask("alice", PROJECT, e="alice", n="p")["project"] is None


@pytest.mark.parametrize(
    ("who", "entity", "sees", "read_only"),
    [
        ("alice", "alice", True, False),
        ("bob", "alice", False, None),
        ("alice", "crew", True, False),
        ("bob", "crew", True, False),
        ("vic", "crew", True, True),
        ("eve", "crew", False, None),
        ("eve", "alice", False, None),
    ],
)
def test_members_see_their_entities_projects_and_nothing_else(
    crew: House, who: str, entity: str, sees: bool, read_only: bool | None
) -> None:
    make(crew, "alice", "p", entity)
    seen = crew.ask(who, PROJECT, e=entity, n="p")["project"]
    assert (seen is not None) is sees
    if sees:
        assert seen["readOnly"] is read_only


def test_a_strangers_write_is_refused_like_a_missing_project(crew: House) -> None:
    made = make(crew, "alice", "p", "crew")["project"]
    for entity in ("crew", "alice"):
        assert isinstance(
            crew.refused("eve", UPSERT, input={"name": "new", "entityName": entity}),
            PermissionDenied,
        )
    assert isinstance(
        crew.refused("eve", UPSERT, input={"name": "p", "entityName": "crew"}), NotFound
    )
    assert isinstance(crew.refused("eve", DELETE, id=made["id"]), NotFound)
    assert isinstance(crew.refused("eve", UPSERT, input={"id": made["id"]}), NotFound)
    assert crew.ask("alice", PROJECT, e="crew", n="p")["project"]


def test_a_viewer_reads_and_changes_nothing(crew: House) -> None:
    made = make(crew, "alice", "p", "crew")["project"]
    renaming = {"entityName": "crew", "oldProjectName": "p", "newProjectName": "q"}
    changed = {"name": "p", "entityName": "crew", "description": "x"}
    for query, variables in [
        (UPSERT, {"input": changed}),
        (UPSERT, {"input": {"name": "new", "entityName": "crew"}}),
        (RENAME, {"input": renaming}),
        (DELETE, {"id": made["id"]}),
    ]:
        assert isinstance(crew.refused("vic", query, **variables), PermissionDenied)


def test_an_unknown_entity_is_not_found(crew: House) -> None:
    refusal = crew.refused("alice", UPSERT, input={"name": "p", "entityName": "nowhere"})
    assert isinstance(refusal, NotFound)
    assert isinstance(crew.refused("alice", MODELS, e="nowhere"), NotFound)
    assert isinstance(crew.refused("eve", MODELS, e="crew"), NotFound)


def test_projects_come_page_by_page_without_gap_or_repeat(crew: House) -> None:
    for number in range(7):
        make(crew, "alice", f"p{number}")
    seen: list[str] = []
    after, more = None, True
    while more:
        page = crew.ask("alice", MODELS, e="alice", after=after, first=3)["models"]
        seen += [edge["node"]["name"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == [f"p{number}" for number in range(7)]


@pytest.mark.parametrize("hidden", [{1, 3, 5}, {1, 2, 5}, {0, 1, 2, 3}, set(), set(range(7))])
def test_a_page_skips_what_the_viewer_may_not_see(crew: House, hidden: set[int]) -> None:
    for number in range(7):
        access = "RESTRICTED" if number in hidden else "PRIVATE"
        make(crew, "alice", f"p{number}", "crew", access=access)
    seen: list[str] = []
    after, more = None, True
    while more:
        page = crew.ask("bob", MODELS, e="crew", first=2, after=after)["models"]
        names = [edge["node"]["name"] for edge in page["edges"]]
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
        assert len(names) == 2 or not more
        seen += names
    assert seen == [f"p{number}" for number in range(7) if number not in hidden]


def test_a_renamed_project_keeps_its_id(crew: House) -> None:
    made = make(crew, "alice", "p")["project"]
    given = {"entityName": "alice", "oldProjectName": "p", "newProjectName": "q"}
    renamed = crew.ask("alice", RENAME, input=given)["renameProject"]
    assert renamed == {"inserted": False, "project": {"id": made["id"], "name": "q"}}
    assert crew.ask("alice", PROJECT, e="alice", n="p")["project"] is None
    make(crew, "alice", "p")
    assert isinstance(crew.refused("alice", RENAME, input=given), Conflict)
    given["newProjectName"] = "wandb-registry-q"
    assert isinstance(crew.refused("alice", RENAME, input=given), BadInput)


def test_a_deleted_project_is_gone_and_cannot_be_deleted_twice(crew: House) -> None:
    made = make(crew, "alice", "p")["project"]
    assert crew.ask("alice", DELETE, id=made["id"])["deleteModel"] == {"success": True}
    assert crew.ask("alice", PROJECT, e="alice", n="p")["project"] is None
    assert isinstance(crew.refused("alice", DELETE, id=made["id"]), NotFound)
    assert isinstance(crew.refused("alice", DELETE, id=to_id("Run", 1)), BadInput)


def test_the_internal_id_decodes_to_the_projects_number(crew: House) -> None:
    make(crew, "alice", "p")
    seen = crew.ask("alice", PROJECT, e="alice", n="p")["project"]
    held = projects.find(crew.db, "alice", "p")
    assert held
    assert seen["internalId"] == to_id("Project", held.id)
    assert (seen["user"], seen["entity"]) == ({"name": "alice"}, {"name": "alice"})
