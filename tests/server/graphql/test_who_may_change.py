"""Every mutation, asked by everybody: who may not is refused, and nothing has changed."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from housing_sweep.errors import HousingSweepError, NotFound, NotSupported, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.failures import as_ours
from tests.support.inprocess import House, shared_api
from tests.support.shared_world import World, make_world

EVERYBODY = ("ann", "mem", "vic", "ray", "lin", "rex", "eve")
WRITERS, ADMIN = {"ann", "mem"}, {"ann"}
ACME = set(EVERYBODY) - {"eve"}


@dataclass(frozen=True)
class Question:
    """A mutation as it is asked, and who may."""

    mutation: str
    input: dict[str, Any]
    may: set[str]


def questions(world: World) -> list[Question]:
    """Return each mutation with what it needs; where it has several sides, several times."""
    core = {"entityName": "core", "projectName": "mine"}
    acme = {"entityName": "acme", "projectName": world.registry.name}
    run = {"id": to_id("Run", world.runs["one"].id)}
    of_run = {**core, "runName": "one"}
    sweep, agent = {"id": to_id("Sweep", 1)}, {"id": to_id("Agent", 1)}
    artifact = {"artifactID": world.desk.id(world.linked)}
    private = {"artifactID": world.desk.id(world.private)}
    draft = {"artifactID": world.draft}
    manifest = {**draft, **of_run, "name": "m", "digest": "d"}
    sequence = {"artifactSequenceID": to_id("ArtifactCollection", 1)}
    portfolio = {"artifactPortfolioID": to_id("ArtifactCollection", 2)}
    tags = {**core, "artifactCollectionName": "nets", "tags": [{"tagName": "t"}]}
    alias = {**core, "artifactCollectionName": "nets", "alias": "a"}
    project = {"projectId": to_id("Project", world.project.id)}
    registry = {"projectId": to_id("Project", world.registry.id)}
    ann, ray, lin, rex = (to_id("User", world.number(w)) for w in ("ann", "ray", "lin", "rex"))
    team = to_id("Entity", world.entity("core"))
    chart = {"entity": "core", "name": "c", "displayName": "c", "type": "t", "access": "private"}
    rewind = {**of_run, "metricName": "_step", "metricValue": 0}
    ask = Question
    return [
        ask("updateUser", {"defaultEntity": "core"}, {"ann", "mem", "vic", "ray"}),
        ask("createUser", {"email": "new@example.org"}, {"ann", "eve"}),
        ask("createUser", {"email": "new@example.org", "admin": True}, set()),
        ask("createTeam", {"teamName": "new", "teamAdminUserName": "mem"}, ACME - {"vic"}),
        ask("createTeam", {"teamName": "new", "teamAdminUserName": "eve"}, {"eve"}),
        ask("createInvite", {"entityName": "core", "username": "lin"}, ADMIN),
        ask("createInvite", {"entityName": "core", "username": "eve"}, set()),
        ask("createInvite", {"entityName": "core", "email": "eve@example.org"}, set()),
        ask("deleteInvite", {"entityName": "core", "id": to_id("Member", 3)}, {"ann", "mem"}),
        ask("createServiceAccount", {"entityName": "core", "description": "d"}, ADMIN),
        ask("generateApiKey", {}, set(EVERYBODY)),
        ask("deleteApiKey", {"id": to_id("ApiKey", 2)}, ADMIN),
        ask("upsertModel", {"entityName": "core", "name": "mine", "description": "d"}, WRITERS),
        ask("upsertModel", {"entityName": "core", "name": "mine", "access": "RESTRICTED"}, ADMIN),
        ask("upsertModel", {"id": project["projectId"], "access": "RESTRICTED"}, ADMIN),
        ask("upsertModel", {"entityName": "core", "name": "new"}, {"ann", "mem", "ray"}),
        ask("upsertModel", {"id": registry["projectId"], "description": "d"}, ADMIN),
        ask(
            "upsertModel",
            {"entityName": "acme", "name": "wandb-registry-new"},
            {"ann", "mem", "ray", "lin", "rex"},
        ),
        ask(
            "renameProject",
            {"entityName": "core", "oldProjectName": "mine", "newProjectName": "new"},
            WRITERS,
        ),
        ask("deleteModel", {"id": project["projectId"]}, WRITERS),
        ask("deleteModel", {"id": registry["projectId"]}, ADMIN),
        ask("deleteProjectMembers", {**project, "userIds": [ray]}, ADMIN),
        ask("updateProjectMember", {**project, "userId": ray, "userProjectRole": "admin"}, ADMIN),
        ask("createProjectMembers", {**registry, "userIds": [lin], "teamIds": [team]}, ADMIN),
        ask("deleteProjectMembers", {**registry, "userIds": [rex]}, ADMIN),
        ask("updateProjectMember", {**registry, "userId": rex, "userProjectRole": "admin"}, ADMIN),
        ask(
            "updateProjectTeamMember",
            {**registry, "teamId": team, "teamProjectRole": "admin"},
            ADMIN,
        ),
        ask("createProjectMembers", {**project, "userIds": [ann]}, ADMIN),
        ask("upsertBucket", {"entityName": "core", "modelName": "mine", "name": "new"}, WRITERS),
        ask("upsertBucket", {**run, "notes": "n"}, WRITERS),
        ask("deleteRun", {**run, "deleteArtifacts": True}, WRITERS),
        ask("stopRun", run, WRITERS),
        ask("updateRunState", {**run, "state": "failed"}, WRITERS),
        ask("rewindRun", rewind, WRITERS),
        ask("notifyScriptableRunAlert", {**of_run, "title": "t", "text": "t"}, WRITERS),
        ask("createCustomChart", {**chart, "spec": "{}"}, set()),
        ask("createRunFiles", {**of_run, "files": ["f"]}, WRITERS),
        ask("markRunFilesUploaded", {**of_run, "files": ["f"]}, WRITERS),
        ask("deleteFiles", {"files": [to_id("File", 1)]}, WRITERS),
        ask(
            "upsertSweep",
            {**core, "config": "method: random\nparameters: {a: {value: 1}}"},
            WRITERS,
        ),
        ask("upsertSweep", {**sweep, "state": "FINISHED"}, WRITERS),
        ask("createAgent", {**core, "host": "h", "sweep": "sw"}, WRITERS),
        ask("agentHeartbeat", {**agent, "runState": "{}"}, WRITERS),
        ask("enqueueSweepRun", {**sweep, "config": "{}"}, WRITERS),
        ask("retrySweep", sweep, WRITERS),
        ask(
            "createArtifact",
            {**core, "artifactTypeName": "model", "artifactCollectionName": "nets", "digest": "n"},
            WRITERS,
        ),
        ask("createArtifactManifest", manifest, WRITERS),
        ask(
            "updateArtifactManifest", {"artifactManifestID": to_id("ArtifactManifest", 3)}, WRITERS
        ),
        ask(
            "createArtifactFiles", {"artifactFiles": [{**draft, "name": "f", "md5": "x"}]}, WRITERS
        ),
        ask("commitArtifact", draft, WRITERS),
        ask("useArtifact", {**of_run, **artifact}, WRITERS),
        ask("updateArtifact", {**artifact, "description": "d"}, WRITERS),
        # In the registry members of the team only look.
        ask("deleteArtifact", {**artifact, "deleteAliases": True}, ADMIN),
        ask("deleteArtifact", {**private, "deleteAliases": True}, WRITERS),
        ask(
            "completeMultipartUploadArtifact",
            {
                **draft,
                "completeMultipartAction": "Abort",
                "completedParts": [],
                "storagePath": "w",
                "uploadID": "u",
            },
            WRITERS,
        ),
        ask("addAliases", {**artifact, "aliases": [alias]}, WRITERS),
        ask("deleteAliases", {**artifact, "aliases": [alias]}, WRITERS),
        ask("linkArtifact", {**private, **core, "artifactPortfolioName": "x"}, WRITERS),
        ask("linkArtifact", {**artifact, **acme, "artifactPortfolioName": "x"}, {"ann", "lin"}),
        # Who may not download does not show it to others, nor to themselves elsewhere.
        ask(
            "linkArtifact",
            {**artifact, "entityName": "rex", "projectName": "p", "artifactPortfolioName": "x"},
            set(),
        ),
        ask("unlinkArtifact", {**private, **portfolio}, WRITERS),
        ask("updateArtifactSequence", {**sequence, "description": "d"}, WRITERS),
        ask("updateArtifactPortfolio", {**portfolio, "description": "d"}, WRITERS),
        ask("moveArtifactSequence", {**sequence, "destinationArtifactTypeName": "other"}, WRITERS),
        ask("deleteArtifactSequence", sequence, WRITERS),
        ask("deleteArtifactPortfolio", portfolio, WRITERS),
        ask("createArtifactCollectionTagAssignments", tags, WRITERS),
        ask("deleteArtifactCollectionTagAssignments", tags, WRITERS),
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    house = House(Path(tmp_path_factory.mktemp("world")))
    yield make_world(house)
    house.close()


def attempt(world: World, who: str, question: Question) -> HousingSweepError | None:
    """Ask; return how it was refused."""
    house, mutation = world.house, shared_api().schema.mutation_type
    assert mutation is not None
    required = mutation.fields[question.mutation].args["input"].type
    text = f"mutation($i: {required}) {{ {question.mutation}(input: $i) {{ __typename }} }}"
    result = house.api.execute(text, {"i": question.input}, None, house.context(who))
    if not result.errors:
        return None
    original = result.errors[0].original_error
    ours = as_ours(original) if original else None
    assert ours is not None, f"{question.mutation} by {who}: {result.errors[0]}"
    return ours


@contextmanager
def taken_back(world: World) -> Iterator[None]:
    """Undo what a block writes."""
    db = world.house.db
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.events, db.unsettled = {}, {}


def content(world: World) -> str:
    """Return a digest of all that the database holds."""
    return hashlib.sha256("\n".join(world.house.db.iterdump()).encode()).hexdigest()


def test_every_mutation_is_for_those_who_may_and_changes_nothing_for_others(world: World) -> None:
    told: dict[str, set[str]] = {}
    expected: dict[str, set[str]] = {}
    before = content(world)
    for question in questions(world):
        name = f"{question.mutation} {question.input}"
        told[name], expected[name] = set(), question.may
        for who in EVERYBODY:
            with taken_back(world) if who in question.may else nullcontext():
                error = attempt(world, who, question)
            # A refusal for another reason (there is no such step) is none for who may.
            if not isinstance(error, NotFound | PermissionDenied | NotSupported):
                told[name].add(who)
    assert told == expected
    assert content(world) == before


def test_the_table_has_every_mutation(world: World) -> None:
    mutation = shared_api().schema.mutation_type
    assert mutation is not None
    assert {question.mutation for question in questions(world)} == mutation.fields.keys()
