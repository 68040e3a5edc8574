"""How a run begins, goes on, starts over, forks and rewinds."""

import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.server.graphql.relay import to_id
from housing_sweep.server.graphql.runs.start import own_part
from housing_sweep.server.store.runs import history, runs
from housing_sweep.server.store.runs.runs import Run
from tests.support.sweep_play import RANDOM, Play

UPSERT = """mutation($input: UpsertBucketInput!) { upsertBucket(input: $input) {
    inserted bucket { name } } }"""
REWIND = "mutation($input: RewindRunInput!) { rewindRun(input: $input) { rewoundRun { name } } }"
FIRST_WORD = json.dumps({"_wandb": {"value": {"t": {"1": [1]}}}, "lr": {"value": 0.1}})
LATER_WORD = json.dumps({"_wandb": {"value": {"t": {"1": [1]}, "e": {}}}, "lr": {"value": 0.2}})


class Desk:
    """Runs of a project, asked for as the SDK does."""

    def __init__(self, play: Play) -> None:
        self.play, self.db = play, play.ctx.db
        self.where = {"entityName": play.project.entity_name, "modelName": "play"}

    def upsert(self, **fields: object) -> tuple[Run, bool]:
        """Send `upsertBucket`; return the run, and whether it is new."""
        answer = self.play.graphql(UPSERT, input={**self.where, **fields})["upsertBucket"]
        return self.play.run(answer["bucket"]["name"]), answer["inserted"]

    def init(self, name: str = "one", config: str = FIRST_WORD, **fields: object) -> Run:
        """Send what `wandb.init` sends first."""
        return self.upsert(name=name, config=config, host="here", **fields)[0]

    def rewind(self, step: float, metric: str = "_step") -> Run:
        """Rewind run `one`."""
        where = {"entityName": self.where["entityName"], "projectName": "play", "runName": "one"}
        request = {**where, "metricName": metric, "metricValue": step}
        self.play.graphql(REWIND, input=request)
        return self.play.run("one")

    def steps(self, name: str) -> list[int]:
        """Return the steps of a run's history."""
        lines = history.lines(self.db, self.play.run(name).id)
        return [json.loads(line)["_step"] for line in lines]


@pytest.fixture
def desk(play: Play) -> Desk:
    """No run yet."""
    return Desk(play)


def test_a_name_begins_a_run_and_is_the_same_run_again(desk: Desk) -> None:
    run, inserted = desk.upsert(name="one", displayName="Eins", tags=["b", "a", "b"])
    assert inserted
    assert (run.state, run.display_name, run.tag_list) == ("running", "Eins", ["b", "a"])
    again, inserted = desk.upsert(name="one", notes="x")
    assert not inserted
    assert (again.id, again.display_name, again.notes) == (run.id, "Eins", "x")


def test_null_keeps_and_empty_clears(desk: Desk) -> None:
    desk.upsert(name="one", notes="x", displayName="Eins")
    run, _ = desk.upsert(name="one", notes="", displayName=None)
    assert (run.notes, run.display_name) == ("", "Eins")


def test_without_a_name_each_run_gets_its_own(desk: Desk) -> None:
    names = {desk.upsert()[0].name for _ in range(3)}
    assert len(names) == 3


@pytest.mark.parametrize("name", ["", "a/b", "a?b", "x" * 129, "\ud800"])
def test_what_is_no_run_id_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(BadInput, match="is not a run id"):
        desk.upsert(name=name)


@pytest.mark.parametrize(
    "fields", [{"state": "lazy"}, {"config": "[]"}, {"summaryMetrics": "{"}, {"config": "3"}]
)
def test_a_bad_value_is_refused_and_begins_nothing(desk: Desk, fields: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        desk.upsert(name="one", **fields)
    assert runs.find(desk.db, desk.play.project.id, "one") is None


def test_a_first_word_with_the_id_of_a_run_that_ended_starts_it_over(desk: Desk) -> None:
    desk.init()
    desk.play.log("one", 0.5)
    desk.play.finish("one")
    run = desk.init()
    assert (run.state, run.history_lines, run.exit_code) == ("running", 0, None)


def test_a_later_word_of_a_process_that_ended_starts_nothing_over(desk: Desk) -> None:
    desk.init()
    desk.play.log("one", 0.5)
    desk.play.finish("one")
    run = desk.init(config=LATER_WORD)
    assert (run.state, run.history_lines, run.config_values) == ("running", 1, {"lr": 0.2})


def test_an_id_edits_a_run_and_with_a_name_resumes_it(desk: Desk) -> None:
    run = desk.init()
    desk.play.log("one", 0.5)
    ended = desk.play.finish("one")
    edited, _ = desk.upsert(id=to_id("Run", run.id), notes="x")
    assert (edited.state, edited.notes, edited.exit_code) == ("finished", "x", ended.exit_code)
    resumed, inserted = desk.upsert(id=to_id("Run", run.id), name="one")
    assert not inserted
    assert (resumed.state, resumed.history_lines) == ("running", 1)


def test_an_unknown_sweep_is_not_found_and_begins_nothing(desk: Desk) -> None:
    with pytest.raises(NotFound, match=r"sweep .*/nosuch not found"):
        desk.upsert(name="one", sweep="nosuch")
    assert runs.find(desk.db, desk.play.project.id, "one") is None
    sweep = desk.play.sweep(RANDOM)
    assert desk.upsert(name="one", sweep=sweep.name)[0].sweep_id == sweep.id


def fork(**branch: object) -> str:
    """Return the config of a fork."""
    return json.dumps({"_wandb": {"value": {"branch_point": branch}}})


def test_a_fork_begins_with_its_parents_history(desk: Desk) -> None:
    desk.init()
    desk.play.log("one", 0.5, 0.4, 0.3)
    desk.init("two", config=fork(run_id="one", step=1))
    assert desk.steps("two") == [0, 1]
    desk.init("all", config=fork(run_id="one", step=10**30))
    assert desk.steps("all") == [0, 1, 2]


def test_a_fork_of_nothing_is_refused_and_begins_nothing(desk: Desk) -> None:
    with pytest.raises(NotFound, match="to fork from, not found"):
        desk.init("two", config=fork(run_id="nosuch", step=1))
    with pytest.raises(BadInput, match="not a point to fork from"):
        desk.init("two", config=fork(run_id="one"))
    assert runs.find(desk.db, desk.play.project.id, "two") is None


def test_a_rewound_run_goes_on_behind_the_step(desk: Desk) -> None:
    desk.init()
    desk.play.log("one", 0.5, 0.4, 0.3)
    desk.play.finish("one")
    run = desk.rewind(1)
    assert (run.state, run.history_lines, desk.steps("one")) == ("running", 2, [0, 1])


@pytest.mark.parametrize(
    ("step", "metric"), [(3, "_step"), (0.5, "_step"), (-1, "_step"), (1e300, "_step"), (0, "loss")]
)
def test_a_run_is_not_rewound_to_a_step_it_does_not_have(
    desk: Desk, step: float, metric: str
) -> None:
    desk.init()
    desk.play.log("one", 0.5, 0.4, 0.3)
    with pytest.raises(BadInput):
        desk.rewind(step, metric)
    assert desk.steps("one") == [0, 1, 2]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, {}),
        ("{}", {}),
        ('{"_wandb": {"value": {"t": 1}}}', {"t": 1}),
        ('{"_wandb": {"t": 1}}', {"t": 1}),
        ('{"_wandb": 3}', {}),
        ('{"_wandb": {"value": 3}}', {}),
    ],
)
def test_wandbs_own_part_of_a_config_is_found_in_either_form(
    config: str | None, expected: dict[str, Any]
) -> None:
    assert own_part(config) == expected
