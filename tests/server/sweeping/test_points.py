"""Which points a sweep tries: grid, random, bayes; again, after an update, beside prior runs."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from housing_sweep.errors import BadInput, NotFound, SpecError
from housing_sweep.server.store.runs import runs
from housing_sweep.server.store.sweeps import trials
from tests.support.sweep_play import BAYES, GRID6, RANDOM, Play
from tests.support.work import work_of


def test_random_trials_do_not_depend_on_who_asks(play: Play) -> None:
    sweep = play.sweep({**RANDOM, "run_cap": 6})
    twin = play.sweep({**RANDOM, "run_cap": 6})
    play.ctx.db.execute("UPDATE sweeps SET seed = ? WHERE id = ?", (sweep.seed, twin.id))
    alone = play.agent(sweep)
    for _ in range(6):
        play.trial(alone)
    for _ in range(3):
        for agent in (play.agent(twin), play.agent(twin)):
            play.trial(agent)
    assert play.points(sweep) == play.points(twin)
    assert len({point["lr"] for point in play.points(sweep)}) == 6
    assert {point["seed"] for point in play.points(sweep)} == {7}


def test_bayes_hands_out_trials_and_learns(play: Play) -> None:
    sweep = play.sweep({**BAYES, "run_cap": 20})
    agent = play.agent(sweep)
    for _ in range(20):
        name = play.given(agent)
        play.start(name)
        rate = play.run(name).config_values["lr"]
        assert isinstance(rate, float)
        play.finish(name, (rate - 0.3) ** 2)
    rates = [point["lr"] for point in play.points(sweep)]
    assert sum(abs(rate - 0.3) < 0.05 for rate in rates[10:]) >= 5
    assert play.look(sweep.name).state == "FINISHED"


def test_bayes_agents_that_ask_at_once_get_different_points(play: Play) -> None:
    sweep = play.sweep(BAYES)
    crowd = [play.agent(sweep) for _ in range(4)]
    for agent in crowd:
        play.trial(agent, 0.5)
        play.trial(agent, 0.4)
    given = [play.given(agent, after=0.2) for agent in crowd]
    assert len({play.run(name).config_values["lr"] for name in given}) == 4


def test_failed_trials_run_again_when_asked_and_their_first_attempt_stays(play: Play) -> None:
    sweep = play.sweep({**GRID6, "run_cap": 3})
    agent = play.agent(sweep)
    good, bad = play.given(agent), None
    play.start(good)
    play.finish(good, 0.1)
    bad = play.given(agent)
    play.start(bad)
    play.finish(bad, exitcode=1)
    gone = play.trial(agent, 0.2)
    runs.delete(play.ctx.db, gone.id)
    assert play.look(sweep.name).state == "FINISHED"
    assert play.upsert(id=_id(sweep))["state"] == "FINISHED"
    assert _retry(play, sweep) == [1, 2]
    assert play.look(sweep.name).state == "RUNNING"
    play.trial(agent, 0.3)
    play.trial(agent, 0.4)
    assert play.look(sweep.name).state == "FINISHED"
    assert play.run(bad).state == "failed"
    tried = [tuple(p.values()) for p in play.points(sweep)]
    assert tried == [(1, "x"), (1, "y"), (1, "y"), (2, "x")]
    assert _retry(play, sweep) == []


def test_a_state_that_cannot_be_retried_is_named(play: Play) -> None:
    sweep = play.sweep(GRID6)
    with pytest.raises(BadInput, match="finished"):
        _retry(play, sweep, ["finished"])


def test_failed_trials_run_again_by_themselves_up_to_retries(
    play_with: Callable[..., Play],
) -> None:
    play = play_with(retries=2)
    sweep = play.sweep({**GRID6, "run_cap": 1})
    agent = play.agent(sweep)
    for _ in range(3):
        name = play.given(agent)
        play.start(name)
        play.finish(name, exitcode=1)
    assert [told.kind for told in play.beat(agent)] == ["exit"]
    assert play.states(sweep) == ["failed"] * 3
    assert play.look(sweep.name).state == "FINISHED"


def test_an_update_adds_points_and_repeats_none(play: Play) -> None:
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    for _ in range(3):
        play.trial(agent)
    wider = {**GRID6, "parameters": {"a": {"values": [0, 1, 2, 3]}, "b": {"values": ["y", "x"]}}}
    play.upsert(id=_id(sweep), config=yaml.safe_dump(wider))
    for _ in range(5):
        play.trial(agent)
    assert [told.kind for told in play.beat(agent)] == ["exit"]
    points = [(p["a"], p["b"]) for p in play.points(sweep)]
    assert sorted(points) == [(a, b) for a in (0, 1, 2, 3) for b in ("x", "y")]


def test_a_grid_passes_over_what_prior_runs_tried(play: Play) -> None:
    db = play.ctx.db
    prior = runs.create(
        db,
        play.project.id,
        "old",
        user_id=play.user.id,
        state="running",
        now=play.now,
        config='{"a": {"value": 2.0}, "b": {"value": "y"}, "note": {"value": 1}}',
    )
    runs.end(db, prior.id, 0, play.now)
    sweep = play.sweep(GRID6, priorRunsFilters='{"$or": [{"name": "old"}]}')
    agent = play.agent(sweep)
    for _ in range(5):
        play.trial(agent)
    assert [told.kind for told in play.beat(agent)] == ["exit"]
    assert {"a": 2, "b": "y"} not in play.points(sweep)


def test_a_prior_run_that_does_not_exist_is_named_and_no_sweep_made(play: Play) -> None:
    with pytest.raises(NotFound, match="nosuchrun"):
        play.sweep(GRID6, priorRunsFilters='{"$or": [{"name": "nosuchrun"}]}')
    (count,) = play.ctx.db.execute("SELECT count(*) FROM sweeps").fetchone()
    assert count == 0


def test_a_bad_spec_names_every_violation(play: Play) -> None:
    spec = {"method": "grit", "parameters": {"a": {"min": 3, "max": 1, "distribution": "uniform"}}}
    with pytest.raises(SpecError, match=r"(?s)grit.*parameters\.a"):
        play.sweep(spec)


def test_a_grid_of_ten_million_points_starts_at_once(play: Play) -> None:
    values = list(range(100))
    spec = {"method": "grid", "parameters": {k: {"values": values} for k in "abcd"}}

    def begin() -> None:
        sweep = play.sweep(spec)
        assert play.upsert(id=_id(sweep))["runCountExpected"] == 10**8
        play.trial(play.agent(sweep))

    assert work_of(begin, play.ctx.db) < 1_000_000


def test_an_update_that_leaves_thousands_of_known_points_takes_several_heartbeats(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("housing_sweep.server.sweeping.points.MOST_SKIPS", 2)
    sweep = play.sweep(GRID6)
    agent = play.agent(sweep)
    for _ in range(5):
        play.trial(agent)
    renamed = {**GRID6, "parameters": {"a": {"values": [3, 2, 1]}, "b": {"values": ["y", "x"]}}}
    play.upsert(id=_id(sweep), config=yaml.safe_dump(renamed))
    told = [play.beat(agent) for _ in range(3)]
    assert [len(item) for item in told] in ([1, 1, 1], [0, 1, 1], [0, 0, 1])
    assert len({tuple(p.values()) for p in play.points(sweep)}) == 6


def test_points_are_told_apart_by_value_alone() -> None:
    assert trials.point_digest({"a": 1, "b": {"c": 2.0}}) == trials.point_digest(
        {"b": {"c": 2}, "a": 1.0}
    )
    assert trials.point_digest({"a": 1}) != trials.point_digest({"a": "1"})
    assert trials.point_digest({"a": True}) != trials.point_digest({"a": 1})


def _id(sweep: Any) -> str:
    from housing_sweep.server.graphql.relay import to_id

    return to_id("Sweep", sweep.id)


def _retry(play: Play, sweep: Any, states: list[str] | None = None) -> list[int]:
    data = play.graphql(
        "mutation($input: RetrySweepInput!) { retrySweep(input: $input) { numbers } }",
        input={"id": _id(sweep), "states": states},
    )
    numbers: list[int] = data["retrySweep"]["numbers"]
    return numbers
