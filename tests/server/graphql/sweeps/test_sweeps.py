"""Sweeps on the wire: newest_first, changed, listed, and what is told of them."""

import json
from typing import Any

import pytest
import yaml

from housing_sweep.errors import BadInput, NotFound, SpecError
from housing_sweep.server.graphql.relay import to_id
from tests.support.inprocess import House
from tests.support.sweep_play import GRID6, RANDOM, Play

TEXT = yaml.safe_dump(RANDOM)
UPSERT = """mutation($input: UpsertSweepInput!) { upsertSweep(input: $input) {
    sweep { id name } } }"""
LIST = """query($entity: String, $filters: JSONString, $after: String, $first: Int) {
    project(entityName: $entity, name: "play") { totalSweeps
    sweeps(filters: $filters, after: $after, first: $first) {
    pageInfo { endCursor hasNextPage } edges { node { name } } } } }"""
SHOW = """query($entity: String, $name: String!) { project(entityName: $entity, name: "play") {
    sweep(sweepName: $name) { method bestLoss runCount runCountExpected heartbeatAt
    project { name } runs { edges { node { name } } } priorRuns { edges { node { name } } } } } }"""


def listed(play: Play, **variables: object) -> Any:
    """Return the project as it lists its sweeps."""
    return play.graphql(LIST, entity=play.project.entity_name, **variables)["project"]


def names(play: Play, filters: object) -> list[str]:
    """Return the names of the sweeps that a filter lets pass."""
    page = listed(play, filters=json.dumps(filters))["sweeps"]
    return [edge["node"]["name"] for edge in page["edges"]]


def sweep_view(play: Play, name: str) -> Any:
    """Return what is told of a sweep."""
    return play.graphql(SHOW, entity=play.project.entity_name, name=name)["project"]["sweep"]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, BadInput),
        ({"config": "method: grit"}, SpecError),
        ({"config": "]"}, BadInput),
        ({"config": yaml.safe_dump({**RANDOM, "early_terminate": {"type": "nope"}})}, SpecError),
        ({"config": TEXT, "priorRunsFilters": "3"}, BadInput),
        ({"config": TEXT, "priorRunsFilters": '{"$or": [3]}'}, BadInput),
        ({"config": TEXT, "priorRunsFilters": "[" * 100_000}, BadInput),
        (
            {"config": TEXT, "priorRunsFilters": '{"$or": [{"name": "x"}]}'},
            NotFound,
        ),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_and_none_is_made(
    play: Play, fields: dict[str, str], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        play.upsert(**fields)
    assert listed(play)["totalSweeps"] == 0


def test_a_sweep_is_named_by_its_spec_unless_the_request_names_it(play: Play) -> None:
    spec = {**RANDOM, "name": "of the spec", "description": "why"}
    sweep = play.sweep(spec)
    assert (sweep.display_name, sweep.description) == ("of the spec", "why")
    assert play.sweep(spec, displayName="of the request").display_name == "of the request"


def test_a_change_keeps_what_it_does_not_name(play: Play) -> None:
    sweep = play.sweep(RANDOM, displayName="one")
    play.upsert(id=to_id("Sweep", sweep.id), description="why")
    changed = play.look(sweep.name)
    assert (changed.display_name, changed.description, changed.config) == (
        "one",
        "why",
        sweep.config,
    )


def test_a_state_that_is_none_is_refused_and_changes_nothing(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    with pytest.raises(BadInput, match="unknown sweep state 'LAZY'"):
        play.upsert(id=to_id("Sweep", sweep.id), state="LAZY", displayName="new")
    assert play.look(sweep.name) == sweep


def test_a_bad_spec_leaves_the_old_one(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    with pytest.raises(SpecError):
        play.upsert(id=to_id("Sweep", sweep.id), config="method: grit")
    assert play.look(sweep.name) == sweep


def test_only_a_writer_makes_or_changes_a_sweep(team: House) -> None:
    where = {"entityName": "core", "projectName": "p", "config": yaml.safe_dump(RANDOM)}
    assert team.refused("vic", UPSERT, input=where).http_status == 403
    assert team.refused("eve", UPSERT, input=where).http_status in (403, 404)
    sweep = team.ask("ann", UPSERT, input=where)["upsertSweep"]["sweep"]
    change = {"id": sweep["id"], "state": "CANCELED"}
    assert team.refused("vic", UPSERT, input=change).http_status == 403
    assert team.refused("eve", UPSERT, input=change).http_status == 404
    assert team.db.execute("SELECT state FROM sweeps").fetchone()[0] == "PENDING"
    nobody = {"id": to_id("Sweep", 999), "state": "CANCELED"}
    assert team.refused("ann", UPSERT, input=nobody).http_status == 404


def test_sweeps_are_listed_newest_first_page_by_page_and_filtered(play: Play) -> None:
    newest_first = [play.sweep(spec).name for spec in (RANDOM, GRID6, RANDOM)][::-1]
    page = listed(play, first=2)
    assert page["totalSweeps"] == 3
    assert [edge["node"]["name"] for edge in page["sweeps"]["edges"]] == newest_first[:2]
    rest = listed(play, after=page["sweeps"]["pageInfo"]["endCursor"])["sweeps"]
    assert [edge["node"]["name"] for edge in rest["edges"]] == newest_first[2:]
    assert not rest["pageInfo"]["hasNextPage"]
    assert names(play, {"method": "grid"}) == [newest_first[1]]
    assert names(play, {"display_name": newest_first[0]}) == [newest_first[0]], (
        "without a title it is the name"
    )
    with pytest.raises(BadInput):
        names(play, {"nosuch": 1})


def test_a_sweep_tells_its_trials_its_best_and_when_it_was_last_heard_of(play: Play) -> None:
    prior = play.finish(play.start(play.given(play.agent(play.sweep(RANDOM)))).name, 0.9)
    filters = json.dumps({"$or": [{"name": prior.name}]})
    sweep = play.sweep({**GRID6, "run_cap": 4}, priorRunsFilters=filters)
    agent = play.agent(sweep)
    trials = [play.trial(agent, loss).name for loss in (0.5, 0.2, float("nan"))]
    answer = sweep_view(play, sweep.name)
    assert (answer["method"], answer["bestLoss"]) == ("grid", 0.2)
    assert (answer["runCount"], answer["runCountExpected"]) == (3, 4)
    assert [edge["node"]["name"] for edge in answer["runs"]["edges"]] == trials
    assert [edge["node"]["name"] for edge in answer["priorRuns"]["edges"]] == [prior.name]
    play.beat(agent, after=100.0)
    assert sweep_view(play, sweep.name)["heartbeatAt"] > answer["heartbeatAt"]


def test_a_sweep_that_does_not_exist_is_null(play: Play) -> None:
    assert sweep_view(play, "nosuch") is None
