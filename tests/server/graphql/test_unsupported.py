"""What this server leaves out on purpose, said in words, and nothing else said so."""

import pytest
from graphql import GraphQLError

from housing_sweep.server.graphql.unsupported import explain
from tests.support.inprocess import House


@pytest.fixture
def alone(house: House) -> House:
    """A house with one user."""
    house.user("alice")
    return house


def failure(house: House, query: str) -> str:
    """Return what a query is refused with."""
    with pytest.raises(GraphQLError) as error:
        house.ask("alice", query)
    return error.value.message


@pytest.mark.parametrize(
    ("query", "feature"),
    [
        ('{ project(name: "p") { allViews(first: 1) { edges { cursor } } } }', "W&B reports"),
        ('{ project(name: "p") { runQueue(name: "q") { id } } }', "launch queues"),
        ('mutation { createRunQueue(input: {queueName: "q"}) { success } }', "launch queues"),
        (
            "mutation($i: UpsertRunQueueInput!) { upsertRunQueue(input: $i) { ok } }",
            "launch queues",
        ),
        ('{ launchAgent(id: "x") { name } }', "launch queues"),
        ("{ scope: viewer { projects(first: 1) { pageInfo { endCursor } } } }", "automations"),
        ('{ entity(name: "e") { integrations { edges { cursor } } } }', "automations"),
        ('mutation { deleteTrigger(input: {triggerID: "x"}) { success } }', "automations"),
        ('{ organization(name: "o") { billingDetails { plan } } }', "billing and usage"),
    ],
)
def test_what_is_left_out_on_purpose_is_said_in_words(
    alone: House, query: str, feature: str
) -> None:
    told = failure(alone, query)
    assert told.endswith(f": {feature} are not supported by the local server")
    # The SDK falls back to poorer queries when it sees this spelling.
    assert told.startswith(("Cannot query field", "Unknown type"))


@pytest.mark.parametrize("query", ["{ viewer { usernam } }", "{ viewer { views } }"])
def test_a_mere_mistake_is_not_called_a_feature(alone: House, query: str) -> None:
    assert ("not supported" in failure(alone, query)) is ("views" in query)


def test_the_error_in_words_comes_first_and_the_others_stay() -> None:
    errors = [
        GraphQLError("Cannot query field 'a' on type 'B'."),
        GraphQLError("Cannot query field 'runQueue' on type 'Project'. Did you mean 'runs'?"),
    ]
    explained = explain(errors)
    assert explained[1:] == errors
    assert explained[0].message == (
        "Cannot query field 'runQueue' on type 'Project': launch queues are not supported by the"
        " local server"
    )


def test_errors_of_another_kind_stay_as_they_are() -> None:
    errors = [GraphQLError("Syntax Error: trigger")]
    assert explain(errors) == errors
