"""Who is given what: every field that returns an object, asked as six people and a stranger."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_named_type,
    is_leaf_type,
    parse,
)

from housing_sweep.server.graphql import decisions, relay
from housing_sweep.server.graphql.execute import resolve_attribute
from housing_sweep.server.graphql.relay import to_id
from tests.support.inprocess import House, shared_api
from tests.support.schema_walk import Seen, Walk
from tests.support.shared_world import World, make_world

PEOPLE = ("ann", "mem", "vic", "ray", "lin", "rex", "eve")


def walk_of(world: World) -> Walk:
    """Return a walk from everything that can be named, as somebody who knows every name and id."""
    names = (*PEOPLE, "core", "horde", "acme", "evil")
    versions = [to_id("Artifact", number) for number in range(1, 4)]
    collections = [to_id("ArtifactCollection", number) for number in range(1, 4)]
    entries = '[{name: "w", digest: "d"}]'
    roots = [
        *("serverInfo", "viewer", "users", "entity", "models", 'clientIDMapping(clientID: "mine")'),
        *(f'entity(name: "{name}")' for name in names),
        *(f'organization(name: "{name}")' for name in ("acme", "evil")),
        *(f'models(entityName: "{name}")' for name in names),
        *(f'artifact(id: "{opaque}")' for opaque in versions),
        *(f'artifactCollection(id: "{opaque}")' for opaque in collections),
        *(
            f'{field}(entityName: "{entity}", name: "{name}")'
            for field in ("project", "model")
            for entity, name in (("core", "mine"), ("acme", world.registry.name), ("ann", "own"))
        ),
    ]
    versioned = tuple(f'(name: "{name}")' for name in ("nets:v0", "nets:v1", "shown", "best"))
    by_name = tuple(f'(name: "{name}")' for name in ("nets", "shown", "best"))
    arguments = {
        "Entity.project": tuple(f'(name: "{n}")' for n in ("mine", "own", world.registry.name)),
        "Project.run": ('(name: "one")', '(name: "own")'),
        "Project.bucket": ('(name: "one")', '(name: "own")'),
        "Project.sweep": ('(sweepName: "sw")',),
        "Project.artifact": versioned,
        "Project.artifactCollectionMembership": versioned,
        "Project.artifactType": ('(name: "model")',),
        "Project.artifactCollection": by_name,
        "ArtifactType.artifactCollection": by_name,
        "Sweep.agent": (f'(agentName: "{world.agent}")',),
        "Run.parquetHistory": ("(liveKeys: [])",),
        "Artifact.filesByManifestEntries": (
            f'(storageLayout: "V2", manifestVersion: "1", entries: {entries})',
        ),
        **dict.fromkeys(
            ("ArtifactSequence.artifactMembership", "ArtifactPortfolio.artifactMembership"),
            ('(aliasName: "v0")', '(aliasName: "latest")'),
        ),
    }
    return Walk(world.house, roots, arguments)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    house = House(Path(tmp_path_factory.mktemp("world")))
    yield make_world(house)
    house.close()


@pytest.fixture(scope="module")
def walks(world: World) -> dict[str, Seen]:
    """What each of them is given."""
    walk = walk_of(world)
    return {who: walk.run(who) for who in PEOPLE}


TEAM = frozenset({"ann", "mem", "vic", "ray"})
READERS = TEAM | {"lin", "rex"}
WRITERS = {"ann", "mem"}


def expected(world: World) -> dict[str, frozenset[str]]:
    """Return every object that is somebody's, and who is given more of it than its name."""
    one, trial, own = (world.runs[name].id for name in ("one", "trial", "own"))
    linked, private, draft = world.linked.id, world.private.id, world.desk.number(world.draft)
    team_but_ray, everybody = TEAM - {"ray"}, READERS | {"eve"}
    mine, registry = world.project.id, world.registry.id
    table: dict[str, frozenset[str]] = {
        f"Project:{mine}": TEAM,
        f"Project:{registry}": READERS,
        **dict.fromkeys((f"Run:{one}", f"Run:{trial}", "Sweep:1", "Agent:1"), TEAM),
        **dict.fromkeys((f"Project:{registry + 1}", f"Run:{own}"), frozenset({"ann"})),
        f"Artifact:{linked}": READERS,
        **dict.fromkeys((f"Artifact:{private}", f"Artifact:{draft}"), TEAM),
        "ClientIDMapping:3": frozenset({"ann"}),
        # Of the source of a linked version its readers get what it is called, and nothing behind.
        **dict.fromkeys(("ArtifactSequence:1", "ArtifactPortfolio:2", "ArtifactType:1"), TEAM),
        **dict.fromkeys(("ArtifactPortfolio:3", "ArtifactType:2"), READERS),
        **dict.fromkeys(("ArtifactAlias:1", "ArtifactAlias:2"), TEAM),
        "ArtifactAlias:3": READERS,
        **dict.fromkeys((f"ArtifactCollectionMembership:{n}" for n in (1, 2, 3)), TEAM),
        "ArtifactCollectionMembership:4": READERS,
        # Who only looks is told what a version holds, and gets none of it. Ray, who may not
        # download in the team's project, may in the registry.
        **dict.fromkeys(("ArtifactManifest:1", "File:manifest-1"), READERS),
        **dict.fromkeys((f"ArtifactManifest:{n}" for n in (2, 3)), TEAM),
        **dict.fromkeys((f"File:manifest-{n}" for n in (2, 3)), TEAM),
        "File:1/w": READERS - {"rex"},
        **dict.fromkeys(("File:2/w", "File:run-1"), team_but_ray),
        **{f"ApiKey:{n}": frozenset({who}) for n, who in enumerate(PEOPLE, start=2)},
        "Organization:2": READERS,
        "Organization:3": frozenset({"eve"}),
    }
    for who in READERS:
        table[f"User:{world.number(who)}"] = READERS
    table[f"User:{world.number('eve')}"] = frozenset({"eve"})
    for name in (*READERS, "acme", "core"):
        table[f"Entity:{world.entity(name)}"] = READERS
    for name in ("eve", "evil", "horde"):
        table[f"Entity:{world.entity(name)}"] = frozenset({"eve"})
    assert all(people <= everybody for people in table.values())
    return table


def test_everybody_is_given_all_that_is_theirs_to_see_and_nothing_else(
    world: World, walks: dict[str, Seen]
) -> None:
    asked = {name for name in decisions.ASKED if name != "Member"}
    objects = {name for seen in walks.values() for name in seen.open}
    given = {
        name: frozenset(who for who in PEOPLE if name in walks[who].open)
        for name in objects
        if name.partition(":")[0] in asked
    }
    assert given == expected(world)


def test_the_walk_asks_every_field_that_returns_an_object(walks: dict[str, Seen]) -> None:
    schema = shared_api().schema
    fields = {
        f"{kind.name}.{name}"
        for kind, name in object_fields(schema)
        if decisions.decision_of(kind.name) in ("asked", "part") or kind.name == "Query"
    }
    of_mutations = {"Invite.toUser", "UploadMultipartUrls.uploadUrlParts"}
    assert fields - walks["ann"].by_field.keys() == of_mutations
    never = {field for field, given in walks["ann"].by_field.items() if not given}
    assert never == {
        "ServerInfo.latestLocalVersionInfo",
        "Organization.featureFlags",
        "Artifact.tags",
        "ArtifactSequence.tags",
        "ArtifactPortfolio.tags",
        "Run.logLines",
        "File.uploadMultipartUrls",  # of who sends a large file
    }


def test_nothing_that_anybody_asks_is_a_bug(walks: dict[str, Seen]) -> None:
    assert [bug for seen in walks.values() for bug in seen.bugs] == []


def test_urls_to_write_are_for_writers_and_those_to_read_for_who_may_download(
    walks: dict[str, Seen],
) -> None:
    for who, seen in walks.items():
        files = [facts for name, facts in seen.objects.items() if name.startswith("File:")]
        to_write = {facts["name"] for facts in files if facts["uploadUrl"]}
        assert to_write == ({"output.log", "wandb_manifest.json"} if who in WRITERS else set()), who
        assert all(facts["directUrl"] for facts in files)
    of_rex = {name for name in walks["rex"].objects if name.startswith("File:")}
    assert of_rex == {"File:manifest-1"}


def test_who_reads_a_linked_version_learns_what_its_source_is_called(
    world: World, walks: dict[str, Seen]
) -> None:
    for who in ("lin", "rex"):
        sequence = walks[who].objects["ArtifactSequence:1"]
        assert (sequence["name"], sequence["description"]) == ("nets", None)
        assert walks[who].by_field["ArtifactSequence.artifacts"] == set()
        assert walks[who].by_field["ArtifactSequence.project"] == set()
        assert "ArtifactSequence:1" not in walks["eve"].objects
    assert world.linked.digest


def test_a_type_that_nobody_decided_on_does_not_start() -> None:
    schema = build_schema("type Query { secret: Secret } type Secret { id: ID! }")
    with pytest.raises(LookupError, match="nobody decided who may see a Secret"):
        decisions.install(schema, resolve_attribute)


def test_a_part_is_reached_through_what_it_is_a_part_of_only() -> None:
    schema = build_schema("type Query { log: LogLine } type LogLine { line: String }")
    with pytest.raises(LookupError, match="a LogLine is no part of a Query"):
        decisions.install(schema, resolve_attribute)


def test_every_decision_is_that_of_a_type() -> None:
    names = shared_api().schema.type_map.keys()
    assert decisions.ASKED.keys() | decisions.PART_OF.keys() | decisions.NAMES.keys() <= names
    for kind, field in decisions.NAMED:
        assert field in shared_api().schema.type_map[kind].fields  # type: ignore[attr-defined]


NEW_EDGES = """
    type Query { one: Run many: [Run!]! page: RunConnection needed: Run! maker: User }
    type Run { id: ID! name: String! }
    type User { id: ID! name: String! username: String deletedAt: String email: String }
    type RunConnection { totalCount: Int edges: [RunEdge!]! pageInfo: PageInfo! }
    type RunEdge { node: Run }
    type PageInfo { hasNextPage: Boolean! }
"""


def test_a_new_edge_to_an_old_type_is_decided_although_nobody_thought_of_it(world: World) -> None:
    """Resolvers that ask nobody, as one may write them tomorrow."""
    run, ann = world.runs["one"], world.desk.ann
    schema = build_schema(NEW_EDGES)
    query = schema.query_type
    assert query is not None
    careless = {
        "one": run,
        "many": [run],
        "page": relay.offset_page([run], None, None),
        "needed": run,
        "maker": ann,
    }
    for name, value in careless.items():
        query.fields[name].resolve = lambda _source, _info, value=value: value
    decisions.install(schema, resolve_attribute)

    def ask(who: str, text: str) -> tuple[object, list[str]]:
        result = execute_sync(
            schema,
            parse(text),
            context_value=world.house.context(who),
            field_resolver=resolve_attribute,
        )
        return result.data, [error.message for error in result.errors or ()]

    text = """{ one { name } many { name } page { totalCount edges { node { name } } }
        maker { name email } }"""
    named = {"name": "one"}
    for who in TEAM:
        assert ask(who, text)[0] == {
            "one": named,
            "many": [named],
            "page": {"totalCount": 1, "edges": [{"node": named}]},
            "maker": {"name": "ann", "email": "ann@example.org"},
        }
    for who in ("lin", "rex", "eve"):
        data, errors = ask(who, text)
        assert errors == []
        assert isinstance(data, dict)
        maker = {"name": "ann", "email": "ann@example.org"} if who != "eve" else None
        assert data == {
            "one": None,
            "many": [],
            "page": {"totalCount": 0, "edges": []},
            "maker": maker,
        }
        data, errors = ask(who, "{ needed { name } }")
        assert data is None
        assert "not found" in errors[0]


def object_fields(schema: GraphQLSchema) -> Iterator[tuple[GraphQLObjectType, str]]:
    """Yield each field of an object type that returns objects."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                if not is_leaf_type(get_named_type(field.type)):
                    yield kind, name
