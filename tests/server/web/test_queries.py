"""What a page ranks runs by: the sweep's own score and direction, finished runs alone."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import ExecutionResult
from starlette.requests import Request

from housing_sweep.errors import NotFound
from housing_sweep.search.score import Goal, Score
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps import sweeps
from housing_sweep.server.store.sweeps.sweeps import Sweep
from housing_sweep.server.web import pages, queries
from tests.support.inprocess import START, House

DOWN, UP = Score("val_rmse", Goal.MINIMIZE), Score("acc", Goal.MAXIMIZE)


@pytest.fixture
def project(house: House) -> Project:
    """An empty project of Ann's."""
    return projects.ensure(house.db, house.user("ann"), None, "mine", now=START)


def add_sweep(house: House, project: Project, name: str, metric: Mapping[str, str]) -> Sweep:
    """Add a sweep with an objective."""
    spec = {
        "method": "random",
        "metric": metric,
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
    }
    return sweeps.create(
        house.db,
        project.id,
        name,
        config=json.dumps(spec),
        seed=1,
        user_id=house.id_of("ann"),
        controller_run_name=None,
        now=START,
    )


def add_run(
    house: House,
    project: Project,
    name: str,
    summary: Mapping[str, object],
    state: str = "finished",
    sweep: Sweep | None = None,
) -> None:
    """Add a run with a summary."""
    runs.create(
        house.db,
        project.id,
        name,
        user_id=house.id_of("ann"),
        state=state,
        now=START,
        summary=json.dumps(summary),
        **({"sweep_id": sweep.id} if sweep else {}),
    )


def best(house: House, score: Score, sweep: str | None = None) -> str | None:
    """Return the name of the best run."""
    run = queries.best_run(house.api, house.context("ann"), "ann", "mine", score, sweep)
    return None if run is None else str(run["name"])


def page(house: House, show: pages.Page, search: str = "", **where: str) -> str:
    """Return a page as Ann sees it."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": search.encode(),
        "headers": [],
        "path_params": {"entity": "ann", "project": "mine", **where},
    }
    return bytes(show(house.api, house.context("ann"), Request(scope)).body).decode()


def test_the_best_is_the_lowest_or_the_highest_as_the_score_says(
    house: House, project: Project
) -> None:
    for name, rmse, acc in (("a", 0.5, 0.1), ("b", 0.3, 0.9), ("c", 0.4, 0.95)):
        add_run(house, project, name, {"val_rmse": rmse, "acc": acc})
    assert best(house, DOWN) == "b"
    assert best(house, UP) == "c"
    assert best(house, Score("none", Goal.MINIMIZE)) is None


@pytest.mark.parametrize("state", ["failed", "crashed", "killed", "running"])
def test_a_run_that_did_not_finish_is_never_the_best(
    house: House, project: Project, state: str
) -> None:
    add_run(house, project, "bad", {"val_rmse": 0.1}, state)
    assert best(house, DOWN) is None
    add_run(house, project, "good", {"val_rmse": 0.4})
    assert best(house, DOWN) == "good"


@pytest.mark.parametrize("value", [math.nan, -math.inf, "0.0", True, None, [0.0]])
def test_what_is_no_finite_number_is_never_the_best(
    house: House, project: Project, value: object
) -> None:
    add_run(house, project, "good", {"val_rmse": 0.4})
    add_run(house, project, "odd", {"val_rmse": value})
    assert best(house, DOWN) == "good"


@pytest.mark.parametrize("key", ["min", "best", "last"])
def test_a_score_that_the_summary_nests_is_found_with_one_request_more(
    house: House, project: Project, key: str
) -> None:
    for name, value in (("a", 0.5), ("b", 0.3), ("c", 0.4)):
        add_run(house, project, name, {"val_rmse": {key: value, "mean": 0.1}})
    assert best(house, DOWN) == "b"
    assert best(house, Score("val_rmse", Goal.MAXIMIZE)) == (None if key == "min" else "a")


class CountingApi(Api):
    """The API, which counts what it is asked."""

    requests = 0

    def execute(self, *args: Any) -> ExecutionResult:
        """Answer as the API does."""
        self.requests += 1
        return super().execute(*args)


def test_requests_are_one_and_two_where_the_plain_key_is_absent(
    house: House, project: Project
) -> None:
    api = CountingApi()
    for value, requests in (({"last": 0.5}, 2), (0.7, 3)):
        name = f"r{requests}"
        add_run(house, project, name, {"val_rmse": value})
        run = queries.best_run(api, house.context("ann"), "ann", "mine", DOWN)
        assert run is not None
        assert run["name"] == name
        assert api.requests == requests


def test_a_sweeps_best_is_of_that_sweep(house: House, project: Project) -> None:
    sweep = add_sweep(house, project, "s", {"name": "val_rmse", "goal": "minimize"})
    add_run(house, project, "other", {"val_rmse": 0.1})
    add_run(house, project, "mine", {"val_rmse": 0.4}, sweep=sweep)
    assert best(house, DOWN, "s") == "mine"
    assert best(house, DOWN) == "other"


def test_nobody_reads_a_project_that_is_not_theirs(house: House, project: Project) -> None:
    add_run(house, project, "a", {"val_rmse": 0.5})
    house.user("eve")
    assert queries.best_run(house.api, house.context("eve"), "ann", "mine", DOWN) is None
    with pytest.raises(NotFound):
        queries.require(None, "it")


def test_a_projects_page_ranks_by_its_newest_sweep(house: House, project: Project) -> None:
    add_sweep(house, project, "old", {"name": "val_rmse", "goal": "minimize"})
    add_sweep(house, project, "new", {"name": "acc", "goal": "maximize"})
    add_run(house, project, "low", {"val_rmse": 0.1, "acc": 0.2})
    add_run(house, project, "high", {"val_rmse": 0.9, "acc": {"max": 0.8}})
    add_run(house, project, "top", {"val_rmse": 0.5, "acc": 0.7})
    text = page(house, pages.project)
    assert "Highest acc: <strong>0.7</strong>" in text
    assert "Lowest" not in text
    assert "Lowest val_rmse: <strong>0.1</strong>" in page(house, pages.project, "metric=val_rmse")
    # Nothing says which way is good.
    assert 'class="best"' not in page(house, pages.project, "metric=something")


def test_a_project_without_such_runs_names_no_best(house: House, project: Project) -> None:
    assert 'class="best"' not in page(house, pages.project)
    add_run(house, project, "a", {"loss": 0.5})
    assert "val_rmse" not in page(house, pages.project)
    add_run(house, project, "b", {"val_rmse": 0.5})
    assert "Lowest val_rmse: <strong>0.5</strong>" in page(house, pages.project)


def test_a_sweeps_page_draws_the_best_of_those_that_finished(
    house: House, project: Project
) -> None:
    sweep = add_sweep(house, project, "s", {"name": "acc", "goal": "maximize"})
    trials: list[tuple[str, object, str]] = [
        ("a", {"max": 0.2}, "finished"),
        ("b", {"max": 0.9}, "failed"),
        ("c", {"max": 0.6}, "finished"),
        ("d", {"max": 0.4}, "finished"),
    ]
    for name, value, state in trials:
        add_run(house, project, name, {"acc": value}, state, sweep)
    text = page(house, pages.sweep, sweep="s")
    assert "Best acc: <strong>0.6</strong>" in text
    assert text.count('<tr class="best">') == 1
    assert '<tr class="best"><td><a href="/ann/mine/runs/c">' in text
    assert text.count("<circle") == 4
    assert 'class="s1" d="M' in text
    for words in ("0.2", "0.9", "0.6", "0.4"):
        assert f'<td class="number">{words}</td>' in text


def test_a_sweep_without_an_objective_has_a_page(house: House, project: Project) -> None:
    sweep = sweeps.create(
        house.db,
        project.id,
        "s",
        config="method: random\nparameters: {x: {min: 0.0, max: 1.0}}",
        seed=1,
        user_id=house.id_of("ann"),
        controller_run_name=None,
        now=START,
    )
    add_run(house, project, "a", {"val_rmse": 0.5}, sweep=sweep)
    text = page(house, pages.sweep, sweep="s")
    assert "/runs/a" in text
    assert "<svg" not in text
