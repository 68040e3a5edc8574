"""Runs on the wire: lists, states by hand, deletion with what a run made, and single fields."""

from typing import Any

import pytest

from housing_sweep.errors import BadInput, Conflict, NotSupported
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.artifacts import collections, memberships, versions
from housing_sweep.server.store.artifacts.collections import PORTFOLIO, SEQUENCE
from housing_sweep.server.store.artifacts.versions import Artifact
from housing_sweep.server.store.runs import history, runs
from housing_sweep.server.store.runs.runs import Run
from tests.support.sweep_play import RANDOM, Play

DELETE = "mutation($input: DeleteRunInput!) { deleteRun(input: $input) { clientMutationId } }"
STATE = "mutation($input: UpdateRunStateInput!) { updateRunState(input: $input) { success } }"
LIST = """query(
    $entity: String, $filters: JSONString, $order: String, $after: String, $first: Int) {
    project(entityName: $entity, name: "play") { runCount(filters: $filters)
    runs(filters: $filters, order: $order, after: $after, first: $first) {
    pageInfo { endCursor hasNextPage } edges { node { name } } } } }"""
FIELDS = """query($entity: String, $name: String!) { project(entityName: $entity, name: "play") {
    run(name: $name) { displayName sweepName readOnly failed stopped running exitcode
    user { username } project { name } wandbConfig systemMetrics } } }"""


def create(play: Play, name: str, state: str = "running", **columns: object) -> Run:
    """Add a run."""
    return runs.create(
        play.ctx.db,
        play.project.id,
        name,
        user_id=play.user.id,
        state=state,
        now=play.now,
        **columns,
    )


def listed(play: Play, **variables: object) -> Any:
    """Return the project as it lists its runs."""
    return play.graphql(LIST, entity=play.project.entity_name, **variables)["project"]


def fields(play: Play, name: str) -> Any:
    """Return what is told of a run."""
    answer = play.graphql(FIELDS, entity=play.project.entity_name, name=name)
    return answer["project"]["run"]


def made_by(play: Play, run: Run) -> Artifact:
    """Return a version that a run made."""
    db = play.ctx.db
    nets = collections.ensure(db, play.project.id, "nets", "model", SEQUENCE, play.now)
    draft = versions.create(
        db,
        collection_id=nets.id,
        digest=run.name,
        digest_algorithm="MANIFEST_MD5",
        pending_aliases="[]",
        run_id=run.id,
        created_at=play.now,
        updated_at=play.now,
    )
    versions.output(db, run.id, draft.id, play.now)
    return versions.publish(db, draft, digest="d", size=1, file_count=1, now=play.now)


def test_runs_come_page_by_page_filtered_and_counted(play: Play) -> None:
    for number in range(5):
        create(play, f"r{number}", "finished" if number % 2 else "running")
    page = listed(play, order="+created_at", first=3)
    assert [edge["node"]["name"] for edge in page["runs"]["edges"]] == ["r0", "r1", "r2"]
    assert page["runCount"] == 5
    rest = listed(play, order="+created_at", after=page["runs"]["pageInfo"]["endCursor"])
    assert [edge["node"]["name"] for edge in rest["runs"]["edges"]] == ["r3", "r4"]
    assert not rest["runs"]["pageInfo"]["hasNextPage"]
    assert listed(play, filters='{"state": "finished"}')["runCount"] == 2


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("running", "pending", True),
        ("crashed", "pending", True),
        ("running", "failed", True),
        ("finished", "failed", False),
        ("running", "finished", False),
        ("running", "nonsense", False),
    ],
)
def test_a_state_is_set_by_hand_where_wandb_allows_it(
    play: Play, before: str, after: str, allowed: bool
) -> None:
    run = create(play, "one", before)
    request = {"id": to_id("Run", run.id), "state": after.upper()}
    if allowed:
        play.graphql(STATE, input=request)
    else:
        with pytest.raises(BadInput, match=f"from {before} to {after}"):
            play.graphql(STATE, input=request)
    assert play.run("one").state == (after if allowed else before)


def test_the_state_of_a_trial_is_its_sweeps(play: Play) -> None:
    name = play.given(play.agent(play.sweep(RANDOM)))
    run = play.start(name)
    with pytest.raises(BadInput, match="invalid state transition"):
        play.graphql(STATE, input={"id": to_id("Run", run.id), "state": "failed"})


def test_a_deleted_runs_artifacts_go_only_where_asked(play: Play) -> None:
    for name, with_artifacts in (("one", False), ("two", True)):
        run = create(play, name)
        artifact = made_by(play, run)
        request = {"id": to_id("Run", run.id), "deleteArtifacts": with_artifacts}
        play.graphql(DELETE, input=request)
        assert runs.find_by_id(play.ctx.db, run.id) is None
        assert (versions.find_by_id(play.ctx.db, artifact.id) is None) is with_artifacts


def test_a_run_that_is_gone_is_deleted_again_without_complaint(play: Play) -> None:
    run = create(play, "one")
    for _ in range(2):
        answer = play.graphql(DELETE, input={"id": to_id("Run", run.id)})
        assert answer == {"deleteRun": {"clientMutationId": None}}
    assert runs.find_by_id(play.ctx.db, run.id) is None


def test_a_run_whose_version_has_aliases_elsewhere_stays_with_it(play: Play) -> None:
    run, db = create(play, "one"), play.ctx.db
    artifact = made_by(play, run)
    portfolio = collections.ensure(db, play.project.id, "shown", "model", PORTFOLIO, play.now)
    link = memberships.add_version(db, portfolio.id, artifact.id, play.now)
    memberships.set_alias(db, link, "staging")
    with pytest.raises(Conflict, match="staging"):
        play.graphql(DELETE, input={"id": to_id("Run", run.id), "deleteArtifacts": True})
    assert play.run("one") == run
    assert versions.find_by_id(db, artifact.id) is not None


def test_a_run_tells_who_made_it_where_and_how_it_ended(play: Play) -> None:
    create(play, "one", "crashed")
    assert fields(play, "one") == {
        "displayName": "one",
        "sweepName": None,
        "readOnly": False,
        "failed": True,
        "stopped": False,
        "running": False,
        "exitcode": None,
        "user": {"username": play.user.name},
        "project": {"name": "play"},
        "wandbConfig": "{}",
        "systemMetrics": "{}",
    }


def test_a_trial_tells_its_sweep_its_config_and_its_last_metrics(play: Play) -> None:
    sweep = play.sweep(RANDOM)
    run = play.start(play.given(play.agent(sweep)))
    config = '{"_wandb": {"value": {"t": 1}}, "lr": {"value": 2}}'
    runs.update(play.ctx.db, run.id, now=play.now, config=config)
    history.append_events(play.ctx.db, run.id, 0, ['{"cpu": 1}', '{"cpu": 2}'])
    answer = fields(play, run.name)
    assert answer["sweepName"] == sweep.name
    assert (answer["wandbConfig"], answer["systemMetrics"]) == ('{"t": 1}', '{"cpu": 2}')


def test_a_run_that_does_not_exist_is_null(play: Play) -> None:
    assert fields(play, "nosuch") is None


def test_a_custom_chart_is_refused_in_words(play: Play) -> None:
    request = dict.fromkeys(("entity", "name", "displayName", "type", "access"), "x")
    request["spec"] = "{}"
    mutation = """mutation($input: CreateCustomChartInput!) {
        createCustomChart(input: $input) { chart { id } } }"""
    with pytest.raises(NotSupported, match="custom chart 'x'"):
        play.graphql(mutation, input=request)
