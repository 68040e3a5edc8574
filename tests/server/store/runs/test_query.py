"""Pages of runs against a plain reading of the same filter in Python, both ways of finding them."""

import datetime
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.rules.filters import EVERYTHING, Filter, Not, all_of, any_of, parse
from housing_sweep.server.store.db import write
from housing_sweep.server.store.people.users import User
from housing_sweep.server.store.projects import projects
from housing_sweep.server.store.projects.projects import Project
from housing_sweep.server.store.runs import query, runs
from housing_sweep.server.store.runs.filter_sql import field_of, in_sweep, split_sweep
from housing_sweep.server.store.sweeps import sweeps
from housing_sweep.server.store.sweeps.sweeps import Sweep
from tests.support.inprocess import START, House

MODELS = ("forest", "trees", "boost")


def made(i: int) -> dict[str, Any]:
    """Return what run `i` is like; ties, gaps and other kinds of values are among them."""
    config: dict[str, Any] = {"i": i, "model": MODELS[i % 3], "net": {"depth": i % 4}}
    summary: dict[str, Any] = {"rmse": (i * 7) % 10 / 10, "flag": i % 2 == 0}
    if i % 5 == 0:
        del summary["rmse"]
    if i % 11 == 0:
        summary["rmse"] = math.nan
    if i % 13 == 0:
        config["model"] = i  # a number where others have text
    if i % 7 == 0:
        config["odd"] = [1, i]
    return {
        "name": f"r{i:02}",
        "display_name": f"shown {i % 9}" if i % 2 else None,
        "state": ("finished", "failed", "running")[i % 3],
        "tags": [t for t, every in (("a", 2), ("b", 3)) if i % every == 0],
        "group_name": f"g{i % 4}" if i % 6 else None,
        "job_type": "train" if i % 2 else None,
        "config": config,
        "summary": summary,
    }


MADE = [made(i) for i in range(60)]


@pytest.fixture
def project(house: House) -> Project:
    """A project with `MADE`, ten of them in a sweep, and another with a run that looks alike."""
    user = house.user("ann")
    home = projects.ensure(house.db, user, None, "mine", now=START)
    other = projects.ensure(house.db, user, None, "other", now=START)
    sweep = sweeps.create(
        house.db,
        home.id,
        "swp",
        config="method: random\nparameters: {x: {min: 0.0, max: 1.0}}",
        seed=1,
        user_id=user.id,
        controller_run_name=None,
        now=START,
    )
    with write(house.db):
        add_runs(house, user, home, other, sweep)
    return home


def add_runs(house: House, user: User, home: Project, other: Project, sweep: Sweep) -> None:
    """Make the runs, in one transaction."""
    for i, item in enumerate(MADE):
        for place in (home, other) if i == 0 else (home,):
            wrapped = {key: {"value": value} for key, value in item["config"].items()}
            runs.create(
                house.db,
                place.id,
                item["name"],
                user_id=user.id,
                state=item["state"],
                now=START + i,
                display_name=item["display_name"],
                group_name=item["group_name"],
                job_type=item["job_type"],
                tags=json.dumps(item["tags"]),
                config=json.dumps(wrapped),
                summary=json.dumps(item["summary"]),
                **({"sweep_id": sweep.id} if i % 6 == 0 and place is home else {}),
            )


FILTERS: list[dict[str, Any]] = [
    {},
    {"state": "failed"},
    {"state": {"$ne": "failed"}},
    {"state": {"$in": ["failed", "running"]}},
    {"state": {"$nin": ["failed", "running"]}},
    {"group": "g1"},
    {"group": None},
    {"jobType": {"$exists": False}},
    {"display_name": "shown 3"},
    {"displayName": {"$regex": "^shown [0-4]"}},
    {"name": "r07"},
    {"tags": "a"},
    {"tags": {"$in": ["b", "nope"]}},
    {"tags": {"$nin": ["b"]}},
    {"tags": {"$exists": True}},
    {"config.model": "trees"},
    {"config.model.value": "trees"},
    {"config.model": {"$ne": "trees"}},
    {"config.model": 13},
    {"config.model": {"$in": ["trees", 13, None]}},
    {"config.model": {"$nin": ["trees", 13]}},
    {"config.model": {"$regex": "r"}},
    {"config.model": {"$gt": "c", "$lt": "g"}},
    {"config.net.depth": 2},
    {"config.net.value.depth": {"$gte": 2}},
    {"config.odd": [1, 7]},
    {"config.odd": {"$exists": True}},
    {"config.nope": {"$exists": True}},
    {"config.nope": 1},
    {"config.i": {"$gte": 10, "$lt": 20}},
    {"summary_metrics.rmse": {"$lt": 0.3}},
    {"summary_metrics.rmse": {"$lte": 0.3}},
    {"summaryMetrics.rmse": {"$gt": 0.3}},
    {"summary_metrics.rmse": {"$not": {"$gt": 0.3}}},
    {"summary_metrics.rmse": None},
    {"summary_metrics.flag": True},
    {"sweep": "swp"},
    {"sweep": "none"},
    {"$and": [{"sweep": "swp"}, {"summary_metrics.rmse": {"$gt": 0.2}}, {"tags": "a"}]},
    {"$or": [{"config.model": "trees"}, {"tags": "a"}]},
    {"$nor": [{"config.model": "trees"}, {"tags": "a"}]},
    {"$not": {"config.model": "trees"}},
    {"$and": [{"config.model": "trees"}, {"$or": [{"tags": "a"}, {"config.i": 1}]}]},
]

ORDERS = ("+created_at", "-created_at", "+state", "-display_name", "+config.model",
          "-config.model.value", "+summary_metrics.rmse", "-summary_metrics.rmse",
          "-summary_metrics.flag", "+config.nope")  # fmt: skip


def value(item: Mapping[str, Any], field: str) -> Any:
    """Return what a field of a run holds; None is missing."""
    scope, _, key = field.partition(".")
    if scope in ("config", "summary_metrics", "summaryMetrics"):
        held: Any = item["config" if scope == "config" else "summary"]
        for part in (p for p in key.split(".") if scope != "config" or p != "value"):
            held = held.get(part) if isinstance(held, Mapping) else None
        return held
    if field in ("display_name", "displayName"):
        return item["display_name"] or item["name"]
    if field == "sweep":
        return "swp" if int(item["name"][1:]) % 6 == 0 else None
    return item[{"group": "group_name", "jobType": "job_type"}.get(field, field)]


def same_kind(a: Any, b: Any) -> bool:
    """Whether two values can be compared."""
    numbers = int | float
    return (isinstance(a, numbers) and isinstance(b, numbers)) or type(a) is type(b)


def holds(item: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    """Whether a run meets a filter, read plainly."""
    return all(clause(item, name, wanted) for name, wanted in filters.items())


def clause(item: Mapping[str, Any], name: str, wanted: Any) -> bool:
    """Whether a run meets one clause."""
    if name in ("$and", "$or", "$nor"):
        results = [holds(item, part) for part in wanted]
        return {"$and": all(results), "$or": any(results), "$nor": not any(results)}[name]
    if name == "$not":
        return not holds(item, wanted)
    if not isinstance(wanted, Mapping):
        wanted = {"$eq": wanted}
    held = value(item, name)
    return all(meets(held, operator, to) for operator, to in wanted.items())


def meets(held: Any, operator: str, to: Any) -> bool:
    """Whether a value meets one test; of tags, whether one of them does."""
    if operator == "$not":
        return not all(meets(held, op, item) for op, item in to.items())
    if operator in ("$ne", "$nin"):
        return not meets(held, "$eq" if operator == "$ne" else "$in", to)
    if operator == "$in":
        return any(meets(held, "$eq", item) for item in to)
    if isinstance(held, list) and not isinstance(to, list):  # tags
        return bool(bool(held) == to if operator == "$exists" else to in held)
    if operator == "$exists":
        return (held is not None) is to
    if operator == "$regex":
        return isinstance(held, str) and re.search(to, held) is not None
    if to is None:
        return held is None
    if not same_kind(held, to) or (isinstance(held, float) and math.isnan(held)):
        return False
    return bool({"$eq": held == to, "$lt": held < to, "$lte": held <= to, "$gt": held > to,
                 "$gte": held >= to}[operator])  # fmt: skip


def ordered(items: list[dict[str, Any]], order: str) -> list[str]:
    """Return names in an order, read plainly: numbers, text, the rest by age."""
    down, field = order[0] == "-", order[1:]
    if field == "created_at":
        return [item["name"] for item in (items[::-1] if down else items)]
    groups: tuple[list[tuple[Any, str]], list[tuple[Any, str]]] = ([], [])
    missing = []
    for item in items:
        held = value(item, field)
        if isinstance(held, str):
            groups[1].append((held, item["name"]))
        elif held is None:
            missing.append(item["name"])
        elif math.isnan(held):
            groups[1].append(("NaN", item["name"]))
        else:
            groups[0].append((float(held), item["name"]))
    return [
        *(name for _, name in sorted(groups[0], reverse=down)),
        *(name for _, name in sorted(groups[1], reverse=down)),
        *missing,
    ]


def of_runs(document: object) -> Filter:
    """Return the filter of runs that a document is."""
    return parse(json.dumps(document), field_of)


def pages(house: House, project: Project, filters: Filter, order: str, few: int) -> list[str]:
    """Return the names on all pages of seven."""
    names: list[str] = []
    after: str | None = None
    while rows := query.page(house.db, project.id, filters, order, after=after, limit=7, few=few):
        names += [item.run.name for item in rows]
        after = rows[-1].cursor
    return names


@pytest.mark.parametrize("few", [0, query.FEW])
def test_pages_and_counts_are_those_of_a_plain_reading(
    house: House, project: Project, few: int
) -> None:
    cases = {(json.dumps(filters), order) for filters in FILTERS for order in ORDERS[:3]}
    cases |= {(json.dumps(filters), order) for filters in FILTERS[::9] for order in ORDERS}
    for text, order in sorted(cases):
        filters = parse(text, field_of)
        expected = [item for item in MADE if holds(item, json.loads(text))]
        assert query.count(house.db, project.id, filters, few) == len(expected), text
        assert pages(house, project, filters, order, few) == ordered(expected, order), (text, order)


def test_the_filters_of_this_test_tell_runs_apart() -> None:
    sizes = [sum(holds(item, filters) for item in MADE) for filters in FILTERS]
    assert sum(0 < size < len(MADE) for size in sizes) > 35


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"colour": "red"}, "colour"),
        ({"displayname": "x"}, "did you mean display_name"),
        ({"config.i": {"$near": 1}}, r"\$near"),
        ({"$xor": []}, r"\$xor"),
        ({"$and": {}}, r"\$and takes a list"),
        ({"state": {"$in": "x"}}, r"\$in and \$nin take a list"),
        ({"display_name": {"$regex": "("}}, "not a regular expression"),
        ({"created_at": {"$gt": "soon"}}, "not a time"),
        ({"config.i": {"$gt": {"a": 1}}}, "cannot compare"),
    ],
)
def test_a_filter_nobody_understands_is_refused_and_named(document: object, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        of_runs(document)


@pytest.mark.parametrize(
    "cursor", ["x", "[]", '["column", 1]', '["number", null, 1]', '["a", 1, 1]']
)
def test_a_cursor_of_somebody_else_is_refused(house: House, project: Project, cursor: str) -> None:
    with pytest.raises(BadInput, match="cursor"):
        query.page(house.db, project.id, EVERYTHING, "+created_at", after=cursor, limit=1)


def test_times_are_compared_as_moments(house: House, project: Project) -> None:
    moment = datetime.datetime.fromtimestamp(START + 30, datetime.UTC)
    for words in (moment.isoformat(), moment.strftime("%Y-%m-%dT%H:%M:%S"), START + 30):
        filters = of_runs({"created_at": {"$gte": words}})
        assert query.count(house.db, project.id, filters) == 30


def test_a_sweep_is_found_wherever_the_filter_names_it() -> None:
    mine, a, b = in_sweep("s"), of_runs({"config.a": 1}), of_runs({"state": "b"})
    assert split_sweep(of_runs({"sweep": "s", "state": "b"})) == ("s", b)
    assert split_sweep(of_runs({"$and": [{"config.a": 1}, {"sweep": "s"}]})) == ("s", a)
    assert split_sweep(all_of([all_of([mine, a]), b])) == ("s", all_of([a, b]))
    assert split_sweep(all_of([mine, in_sweep("t")])) == ("s", in_sweep("t"))
    for other in (any_of([mine, a]), of_runs({"sweep": {"$in": ["s"]}}), Not(mine)):
        assert split_sweep(other) == (None, other)


def test_no_page_or_count_of_these_reads_every_run(house: House, project: Project) -> None:
    """What SQLite says it does: a full scan, or a sort of all runs, grows with the project."""
    said: list[str] = []
    house.db.set_trace_callback(said.append)
    for document in ({}, {"config.model": "trees"}, {"tags": "a"}, {"display_name": "shown 3"}):
        filters = of_runs(document)
        query.count(house.db, project.id, filters)
        for order in ("+created_at", "-created_at", "-config.model", "-summary_metrics.rmse"):
            query.page(house.db, project.id, filters, order, after=None, limit=7)
    for plain in ("group", "job_type", "state", "display_name", "heartbeat_at", "name"):
        rows = query.page(house.db, project.id, EVERYTHING, f"-{plain}", after=None, limit=7)
        last = rows[-1].cursor
        query.page(house.db, project.id, EVERYTHING, f"-{plain}", after=last, limit=7)
    house.db.set_trace_callback(None)
    for sql in said:
        plan = [row[3] for row in house.db.execute(f"EXPLAIN QUERY PLAN {sql}")]
        assert not any(re.match(r"SCAN [rvt]\b", step) for step in plan), (
            sql,
            plan,
        )
        if " IN (SELECT" not in sql:
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, (sql, plan)
