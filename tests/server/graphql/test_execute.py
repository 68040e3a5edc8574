"""How one GraphQL request is taken apart: newer clients, unknown fields, hostile texts."""

import json
from typing import Any

import pytest
from graphql import GraphQLError

from housing_sweep.server.graphql import execute
from tests.support.inprocess import House
from tests.support.local_server import AT_ONCE, LocalServer

UPSERT = "mutation($input: UpsertModelInput!) { upsertModel(input: $input) { inserted } }"


@pytest.fixture
def alone(house: House) -> House:
    house.user("alice")
    return house


def failure(house: House, query: str, **variables: object) -> str:
    with pytest.raises(GraphQLError) as error:
        house.ask("alice", query, **variables)
    return error.value.message


def test_input_that_a_newer_sdk_sends_is_dropped_and_counted(alone: House) -> None:
    before = execute.dropped_input["UpsertModelInput.fromTheFuture"]
    given = {
        "name": "p",
        "fromTheFuture": {"deep": [1]},
        "icon": {"name": "i", "color": "c", "newer": 1},
    }
    assert alone.ask("alice", UPSERT, input=given)["upsertModel"]["inserted"] is True
    assert execute.dropped_input["UpsertModelInput.fromTheFuture"] == before + 1
    literal = 'mutation { upsertModel(input: {name: "q", fromTheFuture: 1}) { inserted } }'
    assert alone.ask("alice", literal)["upsertModel"]["inserted"] is True


def test_variables_that_no_operation_declares_are_ignored(alone: House) -> None:
    assert alone.ask("alice", "{ viewer { username } }", undeclared=1, deleteArtifacts=True)


def test_a_declared_variable_may_stay_unused(alone: House) -> None:
    assert alone.ask("alice", "query($spare: String) { viewer { username } }", spare="x")


def test_an_unknown_output_field_is_a_clear_error(alone: House) -> None:
    told = failure(alone, "{ viewer { usernam } }")
    assert told.startswith("Cannot query field 'usernam' on type 'User'.")
    assert "username" in told


@pytest.mark.parametrize(
    "query",
    [
        "",
        "nonsense",
        "{",
        "{ viewer { " * 20_000 + " }" * 40_000,
        "{ viewer { username } } #" + "x" * 300_000,
        "query A { viewer { id } } query B { viewer { id } }",
        "{ viewer }",
        "query($n: Nope) { viewer { id } }",
        "{ ...Missing }",
        "subscription { viewer { id } }",
        "fragment A on User { ...A } { viewer { ...A } }",
    ],
)
def test_a_hostile_or_broken_text_is_an_error_and_no_crash(alone: House, query: str) -> None:
    assert failure(alone, query)


@pytest.mark.parametrize("variables", [{}, {"input": None}, {"input": 3}, {"input": {"name": 3}}])
def test_a_variable_of_the_wrong_kind_is_an_error(
    alone: House, variables: dict[str, object]
) -> None:
    assert "input" in failure(alone, UPSERT, **variables)


def test_every_resolver_belongs_to_a_field_and_every_mutation_has_one(house: House) -> None:
    mutations = house.api.schema.mutation_type
    assert mutations is not None
    assert [name for name, field in mutations.fields.items() if field.resolve is None] == []


UNSUPPORTED: dict[str, str] = {
    "reports": "list(api.reports(path))",
    "automations": "list(api.automations())",
    "automations of an entity": "list(api.automations(entity=api.default_entity))",
    "run queue": "api.run_queue(api.default_entity, 'q').items",
    "new run queue": "api.create_run_queue(name='q', type='local-container')",
    "slack": "list(api.slack_integrations())",
    "webhooks": "list(api.webhook_integrations())",
    "launch": (
        "wandb.sdk.launch.launch_add(docker_image='x', project='p', queue_name='q',"
        " entity=api.default_entity)"
    ),
}
ASK = """
import json, sys, time, wandb
import wandb.sdk.launch
api = wandb.Api()
api.create_project("p", api.default_entity)
path = f"{api.default_entity}/p"
told = {}
for name, code in json.loads(sys.argv[1]).items():
    began = time.monotonic()
    try:
        told[name] = [f"no error but {eval(code)!r}", 0]
    except BaseException as error:
        told[name] = [f"{type(error).__name__}: {error}", time.monotonic() - began]
print(json.dumps(told))
"""


@pytest.mark.slow
def test_the_sdk_ends_quickly_with_our_words_on_what_is_not_supported(
    local_server: LocalServer,
) -> None:
    told: dict[str, Any] = local_server.sdk(ASK, json.dumps(UNSUPPORTED))
    wrong = {
        name: answer
        for name, answer in told.items()
        if "not supported by the local server" not in answer[0] or answer[1] > AT_ONCE
    }
    assert wrong == {}
