"""Run files on the wire: where to put bytes, where to get them, and who may."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from housing_sweep.errors import BadInput, NotFound, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.runs import files
from housing_sweep.server.store.runs.runs import RunId
from tests.support.inprocess import START, House

UPSERT = "mutation($input: UpsertBucketInput!) { upsertBucket(input: $input) { inserted } }"
CREATE = """mutation($input: CreateRunFilesInput!) { createRunFiles(input: $input) {
    runID files { id name uploadUrl directUrl sizeBytes mimetype } } }"""
DELETE = "mutation($input: DeleteFilesInput!) { deleteFiles(input: $input) { success } }"
FILES = """query($names: [String!], $after: String, $first: Int, $pattern: String) {
    project(entityName: "core", name: "p") { run(name: "one") { fileCount
    files(names: $names, after: $after, first: $first, pattern: $pattern) { totalCount
    pageInfo { endCursor hasNextPage } edges { node { name } } } } } }"""
ONE = {"entityName": "core", "projectName": "p", "runName": "one"}


@pytest.fixture
def run(team: House) -> RunId:
    """A run of the team's without files."""
    team.ask("ann", UPSERT, input={"entityName": "core", "modelName": "p", "name": "one"})
    (number,) = team.db.execute("SELECT id FROM runs").fetchone()
    return RunId(number)


def store(house: House, run: RunId, *names: str) -> None:
    """Record bytes for files."""
    blob = house.server.services.blobs.put(b"bytes")
    for name in names:
        files.record_upload(house.db, run, name, blob, START)


def page(house: House, **variables: object) -> Any:
    """Return a page of the run's files."""
    return house.ask("vic", FILES, **variables)["project"]["run"]["files"]


def names(house: House, **variables: object) -> list[str]:
    """Return the names on a page."""
    return [edge["node"]["name"] for edge in page(house, **variables)["edges"]]


def scope(house: House, url: str) -> dict[str, str]:
    """Return what a URL vouches for."""
    (token,) = parse_qs(urlsplit(url).query)["token"]
    return house.server.services.signer.check(token)


def test_announced_files_come_back_in_order_each_with_its_own_url(team: House, run: RunId) -> None:
    answer = team.ask("ann", CREATE, input={**ONE, "files": ["b.txt", "./a b"]})["createRunFiles"]
    assert answer["runID"] == to_id("Run", run)
    assert [file["name"] for file in answer["files"]] == ["b.txt", "a b"]
    for file in answer["files"]:
        vouched = {"run": str(run), "name": file["name"], "user": str(team.id_of("ann"))}
        assert scope(team, file["uploadUrl"]) == {"allows": "put", **vouched}
        assert scope(team, file["directUrl"]) == {"allows": "get", **vouched}
    assert "/a%20b?" in answer["files"][1]["uploadUrl"]
    assert answer["files"][0]["mimetype"] == "text/plain"
    assert names(team) == [], "nothing was uploaded yet"


def test_a_name_outside_the_run_is_refused_and_announces_nothing(team: House, run: RunId) -> None:
    refusal = team.refused("ann", CREATE, input={**ONE, "files": ["good", "../x"]})
    assert isinstance(refusal, BadInput)
    assert files.find(team.db, run, "good") is None


def test_uploaded_files_are_listed_by_name_page_by_page(team: House, run: RunId) -> None:
    store(team, run, "c", "a", "b.txt")
    first = page(team, first=2)
    assert [edge["node"]["name"] for edge in first["edges"]] == ["a", "b.txt"]
    assert first["totalCount"] == 3
    assert first["pageInfo"] == {"endCursor": "b.txt", "hasNextPage": True}
    assert names(team, first=2, after="b.txt") == ["c"]
    assert names(team, names=["c", "nothing"]) == ["c"]
    assert names(team, pattern="%.txt") == ["b.txt"]


def test_a_writer_deletes_files_and_a_viewer_none(team: House, run: RunId) -> None:
    store(team, run, "a", "b")
    file = files.find(team.db, run, "a")
    assert file is not None
    request = {"files": [to_id("File", file.id)]}
    assert isinstance(team.refused("vic", DELETE, input=request), PermissionDenied)
    assert isinstance(team.refused("eve", DELETE, input=request), NotFound)
    assert names(team) == ["a", "b"]
    team.ask("ann", DELETE, input=request)
    assert names(team) == ["b"]
    assert isinstance(team.refused("ann", DELETE, input=request), NotFound)


def test_only_a_writer_announces_files(team: House, run: RunId) -> None:
    request = {**ONE, "files": ["a"]}
    assert isinstance(team.refused("vic", CREATE, input=request), PermissionDenied)
    assert isinstance(team.refused("eve", CREATE, input=request), NotFound)
    assert files.find(team.db, run, "a") is None
