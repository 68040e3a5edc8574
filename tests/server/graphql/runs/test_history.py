"""What a run logged, as it is asked for: samples, ranges, keys, without a server."""

import json
from typing import Any

import pytest

from housing_sweep.errors import BadInput
from housing_sweep.server.graphql.runs.history import console_line
from housing_sweep.server.store.runs import history, runs
from tests.support.inprocess import House

PROJECT = 'mutation { upsertBucket(input: {modelName: "p", name: "one"}) { inserted } }'
RUN = """query Q($min: Int64, $max: Int64, $n: Int, $specs: [JSONString!]!) {
    project(name: "p") { run(name: "one") { historyKeys historyLineCount
    history(minStep: $min, maxStep: $max, samples: $n) sampledHistory(specs: $specs) } } }"""


class Logged:
    """A run with lines."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.user("ann")
        house.ask("ann", PROJECT)
        (number,) = house.db.execute("SELECT id FROM runs WHERE name = 'one'").fetchone()
        self.id = runs.RunId(number)

    def log(self, *rows: str) -> None:
        """Add lines."""
        held = runs.find_by_id(self.house.db, self.id)
        assert held is not None
        history.append_history(self.house.db, self.id, held.history_lines, rows)

    def ask(self, *specs: dict[str, Any], **given: object) -> Any:
        """Ask for the history in all ways."""
        texts = [json.dumps(spec) for spec in specs]
        found = self.house.ask("ann", RUN, specs=texts, **given)
        return found["project"]["run"]


@pytest.fixture
def logged(house: House) -> Logged:
    """A run without lines."""
    return Logged(house)


def test_samples_are_spread_from_the_first_line_to_the_last(logged: Logged) -> None:
    logged.log(*(json.dumps({"_step": i, "x": i}) for i in range(101)))
    held = logged.ask({"keys": ["x"], "samples": 3}, {"keys": ["x"], "samples": 1}, n=5)
    assert [json.loads(line)["x"] for line in held["history"]] == [0, 25, 50, 75, 100]
    assert held["sampledHistory"] == [[{"x": 0}, {"x": 50}, {"x": 100}], [{"x": 100}]]
    assert held["historyLineCount"] == 101


def test_a_range_of_steps_comes_whole_and_in_the_order_of_steps(logged: Logged) -> None:
    steps = [0, 2, 2, 9, 5]  # processes of a shared run log the same steps, and out of order
    logged.log(*(json.dumps({"_step": step, "line": i}) for i, step in enumerate(steps)))
    held = logged.ask(min=2, max=9, n=7)
    assert [json.loads(line)["line"] for line in held["history"]] == [1, 2, 4]


def test_rows_have_all_the_keys_asked_for_nested_ones_by_their_dots(logged: Logged) -> None:
    logged.log('{"_step": 0, "a": {"b": 1}}', '{"_step": 1, "a": {"b": 2}, "c": 3}', '{"_step": 2}')
    spec = {"keys": ["a.b", "c"], "samples": 9}
    held = logged.ask({"keys": ["a.b"], "samples": 9}, spec, {"samples": 9, "minStep": 2})
    assert held["sampledHistory"] == [
        [{"a.b": 1}, {"a.b": 2}],
        [{"a.b": 2, "c": 3}],
        [{"_step": 2}],
    ]


def test_sampled_lines_have_their_keys_in_one_order(logged: Logged) -> None:
    logged.log('{"b": 1, "a": NaN, "_step": 0}', '{"_step": 1, "a": 2, "b": 1e300}', "not JSON")
    assert logged.ask()["history"] == [
        '{"_step": 0, "a": NaN, "b": 1}',
        '{"_step": 1, "a": 2, "b": 1e+300}',
        "not JSON",
    ]


def test_nan_is_spelled_wherever_it_hides(logged: Logged) -> None:
    """A bare NaN in an inline answer makes the client drop the whole page."""
    logged.log(
        '{"_step": 0, "x": NaN, "list": [1, NaN, {"y": -Infinity}], "t": {"_type": "q", "z": NaN}}'
    )
    held = logged.ask({"keys": ["x", "list"], "samples": 1})
    row = {"x": "NaN", "list": [1, "NaN", {"y": "-Infinity"}]}
    assert held["sampledHistory"] == [[row]]
    keys = held["historyKeys"]["keys"]
    assert keys["list"]["previousValue"] == row["list"]
    assert keys["t"]["previousValue"] == {"_type": "q", "z": "NaN"}
    json.dumps(held["historyKeys"], allow_nan=False)


def test_keys_tell_kinds_and_whether_a_metric_only_rose(logged: Logged) -> None:
    logged.log(
        '{"_step": 0, "up": 1, "down": 2, "mixed": 1, "text": "a"}',
        '{"_step": 1, "up": NaN, "down": 1, "mixed": "x", "text": null}',
        '{"_step": 1, "hist": {"_type": "histogram"}}',
        '{"_step": 2, "up": 3, "flag": true, "list": []}',
        "not JSON",
        "[1]",
    )
    found = logged.ask()["historyKeys"]
    keys = found["keys"]
    assert found["lastStep"] == 2
    assert {key for key in keys if keys[key]["monotonic"]} == {"_step", "up", "mixed"}
    kinds = {key: {c["type"]: c["count"] for c in keys[key]["typeCounts"]} for key in keys}
    assert kinds["mixed"] == {"number": 1, "string": 1}
    assert kinds["text"] == {"string": 1, "nil": 1}
    assert (kinds["hist"], kinds["flag"], kinds["list"]) == (
        {"histogram": 1},
        {"boolean": 1},
        {"array": 1},
    )


def test_a_run_without_lines_has_no_step_and_no_keys(logged: Logged) -> None:
    held = logged.ask({"keys": ["x"]})
    assert held["historyKeys"] == {"keys": {}, "lastStep": -1, "sets": []}
    assert (held["history"], held["sampledHistory"]) == ([], [[]])


@pytest.mark.parametrize("spec", [{"keys": "x"}, {"keys": [1]}, {"minStep": "a"}, {"samples": []}])
def test_a_spec_that_is_none_is_refused(logged: Logged, spec: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="history spec"):
        logged.ask(spec)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ('{"ts": "2026-11-23T10:00:00", "content": "hi", "level": "error", "label": "w"}',
         {"timestamp": "2026-11-23T10:00:00", "line": "hi", "level": "error", "label": "w"}),
        ("2026-11-23T10:00:00.5 hi there",
         {"timestamp": "2026-11-23T10:00:00.5", "line": "hi there", "level": "info"}),
        ("ERROR 2026-11-23T10:00:00 bad",
         {"timestamp": "2026-11-23T10:00:00", "line": "bad", "level": "error"}),
        ("plain", {"timestamp": None, "line": "plain", "level": "info"}),
        ('{"content": 5}', {"timestamp": None, "line": '{"content": 5}', "level": "info"}),
        ("{", {"timestamp": None, "line": "{", "level": "info"}),
    ],
)  # fmt: skip
def test_a_console_line_is_read_in_either_form(sent: str, told: dict[str, Any]) -> None:
    assert console_line(7, sent) == {"number": 7, **told}
