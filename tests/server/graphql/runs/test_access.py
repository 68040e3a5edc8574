"""Which runs a request may change: missing and foreign ones look the same, viewers are told."""

import pytest

from housing_sweep.errors import BadInput, NotFound, PermissionDenied
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.runs.runs import Run
from tests.support.inprocess import House

UPSERT = "mutation($input: UpsertBucketInput!) { upsertBucket(input: $input) { inserted } }"
STOP = "mutation($input: StopRunInput!) { stopRun(input: $input) { success } }"
ALERT = "mutation($input: NotifyInput!) { notifyScriptableRunAlert(input: $input) { success } }"


@pytest.fixture
def run(team: House) -> Run:
    """A run of the team's."""
    team.ask("ann", UPSERT, input={"entityName": "core", "modelName": "p", "name": "one"})
    (number,) = team.db.execute("SELECT id FROM runs").fetchone()
    return runs.get(team.db, number)


def alert(name: str, project: str = "p") -> dict[str, str]:
    """Return an alert of a run of the team's."""
    return {
        "entityName": "core",
        "projectName": project,
        "runName": name,
        "title": "t",
        "text": "x",
    }


def test_a_writer_may_by_id_and_by_name(team: House, run: Run) -> None:
    assert team.ask("ann", STOP, input={"id": to_id("Run", run.id)})["stopRun"]["success"]
    assert runs.get(team.db, run.id).should_stop
    assert team.ask("ann", ALERT, input=alert("one"))
    assert team.db.execute("SELECT title FROM alerts").fetchone()[0] == "t"


@pytest.mark.parametrize(("who", "kind"), [("vic", PermissionDenied), ("eve", NotFound)])
def test_a_viewer_is_told_and_to_a_stranger_it_does_not_exist(
    team: House, run: Run, who: str, kind: type[Exception]
) -> None:
    assert type(team.refused(who, STOP, input={"id": to_id("Run", run.id)})) is kind
    assert type(team.refused(who, ALERT, input=alert("one"))) is kind
    assert runs.get(team.db, run.id) == run


def test_what_does_not_exist_is_not_found(team: House, run: Run) -> None:
    assert isinstance(team.refused("ann", STOP, input={"id": to_id("Run", 999)}), NotFound)
    for wrong in (alert("two"), alert("one", project="q")):
        assert isinstance(team.refused("ann", ALERT, input=wrong), NotFound)
    runs.delete(team.db, run.id)
    assert isinstance(team.refused("ann", ALERT, input=alert("one")), NotFound)


@pytest.mark.parametrize("opaque", ["", "x", to_id("Sweep", 1), to_id("Run", 10**30)])
def test_what_is_no_id_of_a_run_is_refused(team: House, run: Run, opaque: str) -> None:
    assert isinstance(team.refused("ann", STOP, input={"id": opaque}), BadInput)
