"""Filters of runs as SQL: they mean what the same filters mean in memory."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from housing_sweep.server.rules import filters
from housing_sweep.server.rules.filters import matches, parse
from housing_sweep.server.store.db import write
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import query, runs
from housing_sweep.server.store.runs.filter_sql import field_of, where
from housing_sweep.server.store.sweeps import sweeps
from tests.support.inprocess import START, House

words = st.one_of(
    st.sampled_from(["a", "ab", "b", "", "3", "3.0", "1", "NaN", "[1, 2]", "{}"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3),
)
numbers = st.one_of(st.integers(-2, 4), st.floats(), st.integers(), st.just(10**400), st.booleans())
leaves = st.one_of(st.none(), words, numbers, st.lists(st.integers(0, 2), max_size=2))
contents = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.one_of(leaves, st.dictionaries(st.sampled_from(["depth", "y"]), leaves, max_size=2)),
    max_size=2,
)
texts = st.one_of(st.none(), words)
rows = st.fixed_dictionaries(
    {
        "display_name": texts,
        "group_name": texts,
        "job_type": texts,
        "tags": st.lists(words, max_size=3),
        "config": contents,
        "summary": contents,
        "in_sweep": st.booleans(),
        "age": st.integers(0, 3),
    }
)

VALUES = [
    *("config.x", "config.x.value", "config.x.depth", "config.x.value.depth", "config.nope"),
    *("summary_metrics.x", "summary.y", "summaryMetrics.x.y"),
]
TEXTS = ["name", "displayName", "group", "jobType", "tags", "sweep", "state", "notes"]
MOMENTS = ["created_at", "heartbeat_at"]
COUNTS = ["history_line_count", "duration"]

moments = st.one_of(st.none(), st.sampled_from(["2026-09-21T14:13:21Z"]), numbers,
                    st.integers(0, 3).map(lambda n: START + n))  # fmt: skip
operands = {
    **dict.fromkeys(VALUES, leaves),
    **dict.fromkeys(TEXTS, st.one_of(st.none(), words, numbers)),
    **dict.fromkeys(MOMENTS, moments),
    **dict.fromkeys(COUNTS, st.one_of(st.none(), words, numbers)),
}
patterns = st.sampled_from(["^a", "b$", "[0-9]+", "", ".", "(a|b)", "a?b", "NaN"])


@st.composite
def clauses(draw: st.DrawFn) -> dict[str, Any]:
    """One field and what it is tested for."""
    name = draw(st.sampled_from([*VALUES, *TEXTS, *MOMENTS, *COUNTS]))
    operand = operands[name]
    tests = [
        operand,
        st.builds(lambda op, x: {op: x}, st.sampled_from(["$eq", "$ne", "$lt", "$lte"]), operand),
        st.builds(lambda op, x: {op: x}, st.sampled_from(["$gt", "$gte"]), operand),
        st.builds(lambda op, x: {op: x}, st.sampled_from(["$in", "$nin"]), st.lists(operand)),
        st.builds(lambda flag: {"$exists": flag}, st.booleans()),
    ]
    if name not in (*MOMENTS, *COUNTS):
        tests.append(st.builds(lambda x: {"$regex": x}, patterns))
        tests.append(st.builds(lambda x: {"$contains": x}, words))
    test = draw(st.one_of(tests))
    return {name: {"$not": test} if isinstance(test, dict) and draw(st.booleans()) else test}


documents = st.recursive(
    clauses(),
    lambda inner: st.one_of(
        st.builds(lambda op, parts: {op: parts}, st.sampled_from(["$and", "$or", "$nor"]),
                  st.lists(inner, max_size=3)),
        st.builds(lambda part: {"$not": part}, inner),
    ),
    max_leaves=5,
)  # fmt: skip


@pytest.fixture
def project(house: House) -> Project:
    """A project with a sweep."""
    user = house.user("ann")
    home = projects.ensure(house.db, user, None, "mine", now=START)
    sweeps.create(
        house.db,
        home.id,
        "a",
        config="method: random\nparameters: {x: {min: 0.0, max: 1.0}}",
        seed=1,
        user_id=user.id,
        controller_run_name=None,
        now=START,
    )
    return home


class _UndoError(Exception):
    """Nothing is wrong: what was written shall be forgotten."""


@contextmanager
def forgotten(house: House) -> Iterator[None]:
    """Write within a transaction that is rolled back."""
    with suppress(_UndoError), write(house.db):
        yield
        raise _UndoError


def add(house: House, project: Project, number: int, row: dict[str, Any]) -> filters.Record:
    """Add a run; returns what it is in memory."""
    (sweep,) = sweeps.of_project(house.db, project.id, before=None, limit=2)
    now = START + row["age"]
    content = {name: row[name] for name in ("display_name", "group_name", "job_type")}
    run = runs.create(
        house.db,
        project.id,
        f"r{number}",
        user_id=None,
        state="running" if number % 2 else "finished",
        now=now,
        tags=json.dumps(row["tags"]),
        config=json.dumps({name: {"value": value} for name, value in row["config"].items()}),
        summary=json.dumps(row["summary"]),
        **content,
        **({"sweep_id": sweep.id} if row["in_sweep"] else {}),
    )
    return {
        "name": run.name,
        "display_name": run.name if row["display_name"] is None else row["display_name"],
        "state": run.state,
        "sweep": sweep.name if row["in_sweep"] else None,
        "group": row["group_name"],
        "job_type": row["job_type"],
        "notes": None,
        "tags": tuple(row["tags"]),
        "created_at": now,
        "heartbeat_at": run.heartbeat_at,
        "history_line_count": 0,
        "duration": 0.0,
        "config": row["config"],
        "summary": row["summary"],
    }


ROW: dict[str, Any] = {
    **dict.fromkeys(("display_name", "group_name", "job_type")),
    "tags": [],
    "config": {},
    "summary": {},
    "in_sweep": False,
    "age": 0,
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(rows, min_size=1, max_size=4), documents)
@example([ROW], {"group": {"$ne": "a"}})
@example([ROW | {"summary": {"x": "b"}}], {"summary.x": {"$gt": 1}})
@example([ROW | {"summary": {"x": 1}}], {"summary.x": {"$gt": "a"}})
@example([ROW | {"summary": {"x": math.nan}}], {"summary.x": {"$lt": 1}})
@example([ROW | {"summary": {"x": math.inf}}], {"summary.x": {"$in": [math.inf]}})
@example([ROW | {"summary": {"x": {"y": 1}}}], {"summary.x": None})
@example([ROW | {"config": {"x": [0, 1]}}], {"config.x": 1})
@example([ROW | {"group_name": "3"}], {"group": 3})
@example([ROW | {"tags": ["a", "b"]}], {"tags": {"$ne": "a"}})
def test_a_filter_means_the_same_in_memory_and_in_sql(
    house: House, project: Project, items: list[dict[str, Any]], document: dict[str, Any]
) -> None:
    test = parse(json.dumps(document), field_of)
    with forgotten(house):
        records = [add(house, project, number, row) for number, row in enumerate(items)]
        expected = sorted(str(record["name"]) for record in records if matches(test, record))
        for few in (0, query.FEW):
            page = query.page(house.db, project.id, test, None, after=None, limit=9, few=few)
            assert sorted(item.run.name for item in page) == expected
            assert query.count(house.db, project.id, test, few) == len(expected)


def test_a_filter_of_very_many_tests_is_no_deeper_than_sqlite_reads(
    house: House, project: Project
) -> None:
    names = [{"name": f"r{i}"} for i in range(filters.MOST_TESTS)]
    with forgotten(house):
        add(house, project, 7, ROW)
        for document, number in (({"$or": names}, 1), ({"$nor": names}, 0), ({"$and": names}, 0)):
            test = parse(json.dumps(document), field_of)
            assert query.count(house.db, project.id, test) == number


def test_a_filter_of_one_value_is_told_from_a_wider_one() -> None:
    one, both = ({"config.x": 1}, {"config.x.value": 1})
    assert where(parse(json.dumps(one), field_of)).is_one_value
    assert not where(parse(json.dumps(both), field_of)).is_one_value
