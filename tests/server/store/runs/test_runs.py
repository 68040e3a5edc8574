"""Rows of runs: what is gone, what is returned, and which events a change is."""

import json
import math
from collections.abc import Callable

import pytest

from housing_sweep.errors import BadInput, Gone, NotFound
from housing_sweep.server.store.db import Connection, write
from housing_sweep.server.store.events import (
    LinesAdded,
    RunChanged,
    RunDeleted,
    RunEnded,
)
from housing_sweep.server.store.runs import history, runs
from housing_sweep.server.store.runs.runs import Run, RunId
from tests.support.run_rows import NOW, Rows


def test_a_run_is_returned_as_it_was_stored(rows: Rows) -> None:
    config = json.dumps({"lr": {"value": 0.1}})
    run = rows.create("two", "pending", config=config, display_name="Zwei", trial_number=4)
    assert run == runs.get(rows.db, run.id) == runs.find(rows.db, rows.project.id, "two")
    assert (run.config_values, run.display_name, run.trial_number) == ({"lr": 0.1}, "Zwei", 4)
    renamed = runs.update(rows.db, run.id, now=NOW + 1, display_name="Drei")
    assert renamed == runs.get(rows.db, run.id)
    assert (renamed.display_name, renamed.updated_at) == ("Drei", NOW + 1)


def test_values_are_indexed_with_the_texts_that_hold_them(rows: Rows) -> None:
    def indexed(run: Run) -> list[tuple[str, str, float]]:
        found = rows.db.execute(
            "SELECT scope, key, number FROM run_values WHERE run_id = ? ORDER BY scope, key",
            (run.id,),
        )
        return [tuple(row) for row in found]

    run = rows.create("two", config='{"lr": {"value": 0.1}}', summary='{"loss": 3}')
    assert indexed(run) == [("config", "lr", 0.1), ("summary", "loss", 3.0)]
    runs.update(rows.db, run.id, now=NOW, summary='{"loss": 2, "n": 1}')
    assert indexed(run) == [("config", "lr", 0.1), ("summary", "loss", 2.0), ("summary", "n", 1.0)]


def test_a_run_whose_config_is_no_object_leaves_no_trace(rows: Rows) -> None:
    rows.events.clear()
    with pytest.raises(BadInput):
        rows.create("two", config="[1]")
    assert runs.find(rows.db, rows.project.id, "two") is None
    assert rows.events == []


def test_a_run_that_was_deleted_is_gone(rows: Rows) -> None:
    runs.delete(rows.db, rows.run.id)
    assert runs.find_by_id(rows.db, rows.run.id) is None
    with pytest.raises(Gone, match="was deleted"):
        runs.get(rows.db, rows.run.id)
    with pytest.raises(NotFound):
        runs.update(rows.db, rows.run.id, now=NOW, notes="x")
    with pytest.raises(Gone):
        runs.end(rows.db, rows.run.id, 0, NOW)


def end(code: int) -> Callable[[Connection, RunId], object]:
    return lambda db, run_id: runs.end(db, run_id, code, NOW)


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (end(0), "finished"),
        (end(1), "failed"),
        (lambda db, run_id: runs.close(db, run_id, "crashed", NOW), "crashed"),
        (lambda db, run_id: runs.set_state(db, run_id, "killed", NOW), "killed"),
        (lambda db, run_id: runs.update(db, run_id, now=NOW, state="failed"), "failed"),
        (lambda db, _run_id: runs.reap(db, math.inf, NOW + 2), "crashed"),
    ],
)
def test_every_end_is_an_event(
    rows: Rows, act: Callable[[Connection, RunId], object], state: str
) -> None:
    rows.events.clear()
    act(rows.db, rows.run.id)
    assert rows.events == [RunEnded(rows.project.id, rows.run.id, None, state)]
    assert runs.get(rows.db, rows.run.id).state == state


@pytest.mark.parametrize(
    "act",
    [
        lambda db, run_id: runs.update(db, run_id, now=NOW, notes="x"),
        lambda db, run_id: runs.ask_to_stop(db, run_id, NOW),
        lambda db, run_id: runs.set_state(db, run_id, "preempting", NOW),
        lambda db, run_id: runs.resume(db, run_id, NOW),
    ],
)
def test_any_other_change_is_another_event(
    rows: Rows, act: Callable[[Connection, RunId], object]
) -> None:
    rows.events.clear()
    act(rows.db, rows.run.id)
    state = runs.get(rows.db, rows.run.id).state
    assert rows.events == [RunChanged(rows.project.id, rows.run.id, None, state)]


def test_a_sign_of_life_is_news_only_of_a_run_that_was_not_alive(rows: Rows) -> None:
    rows.events.clear()
    runs.mark_alive(rows.db, rows.run, NOW + 5)
    assert rows.events == []
    assert runs.get(rows.db, rows.run.id).heartbeat_at == NOW + 5
    runs.close(rows.db, rows.run.id, "crashed", NOW + 6)
    rows.events.clear()
    runs.mark_alive(rows.db, runs.get(rows.db, rows.run.id), NOW + 7)
    assert rows.events == [RunChanged(rows.project.id, rows.run.id, None, "running")]
    run = runs.get(rows.db, rows.run.id)
    assert (run.finished_at, run.heartbeat_at) == (None, NOW + 7)


def test_a_run_that_reported_its_end_is_not_closed_over_it(rows: Rows) -> None:
    runs.end(rows.db, rows.run.id, 0, NOW)
    rows.events.clear()
    runs.close(rows.db, rows.run.id, "crashed", NOW)
    assert rows.events == []
    assert runs.get(rows.db, rows.run.id).state == "finished"


def test_lines_and_a_deletion_are_events_once_a_write(rows: Rows) -> None:
    project, run = rows.project.id, rows.run.id
    rows.events.clear()
    with write(rows.db):
        history.append_history(rows.db, run, 0, ['{"_step": 0}'])
        history.append_events(rows.db, run, 0, ["{}"])
        history.append_log(rows.db, run, 0, ["hello"])
    runs.delete(rows.db, run)
    assert rows.events == [LinesAdded(project, run, None), RunDeleted(project, run, None)]
