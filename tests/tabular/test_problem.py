"""What a table is about, as a value, and as JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import DataError
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.tabular import metrics
from housing_sweep.tabular.problem import METRICS, SPLITS, Column, Problem, Unit
from tests.tabular.flats import FLATS


@pytest.mark.parametrize(
    ("text", "scale", "name"),
    [
        ("100,000 USD", 100_000, "USD"),
        ("10 kg per m2", 10, "kg per m2"),
        ("0.5 degrees", 0.5, "degrees"),
        ("EUR", 1, "EUR"),
        ("m2", 1, "m2"),
        ("", 1, ""),
        ("0 K", 1, "K"),
    ],
)
def test_a_unit_has_a_scale_and_a_name(text: str, scale: float, name: str) -> None:
    assert Unit.parse(text) == Unit(scale, name)


numbers = st.none() | st.integers(-9, 9) | st.floats(-1e9, 1e9)
texts = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=8)
columns = st.builds(Column, texts, texts, numbers, numbers, texts)


@given(st.lists(columns, min_size=2, max_size=5, unique_by=lambda c: c.name), st.booleans())
def test_a_problem_survives_json(some: list[Column], placed: bool) -> None:
    target, *inputs = some
    place = (inputs[0].name, target.name) if placed else None
    problem = replace(FLATS, target=target, columns=tuple(inputs), place=place)
    document = json.loads(json.dumps(problem.as_document()))
    assert Problem.parse(document, "here") == problem


def test_the_guards_margin_is_four_of_the_others_unless_it_is_stated() -> None:
    assert FLATS.guard_margin == 4 * FLATS.margin
    stated = replace(FLATS, hard_margin=0.5)
    assert Problem.parse(json.loads(json.dumps(stated.as_document())), "here") == stated
    assert stated.guard_margin == 0.5
    assert "hard_margin" not in FLATS.as_document(), "what stands in data that is published stays"


def test_the_first_problem_survives_json_too() -> None:
    assert Problem.parse(json.loads(json.dumps(PROBLEM.as_document())), "here") == PROBLEM


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "a/b"}, "name: 'a/b' is not a name"),
        ({"file": "../x.csv"}, "file: '../x.csv' is not a name"),
        ({"metric": "mape"}, "metric: 'mape' is unknown"),
        ({"margin": 0}, "margin: 0 is not a number above 0"),
        ({"margin": True}, "margin: True"),
        ({"hard_margin": -1}, "hard_margin: -1 is not a number above 0"),
        ({"columns": []}, "columns: there are none"),
        ({"columns": [{"name": "area"}, {"name": "area"}]}, "column area: it is there twice"),
        ({"columns": [{"name": "area", "kind": "category"}]}, "column 1, kind: this version"),
        ({"columns": [{"name": "area", "low": "5"}]}, "column 1, low: '5' is not a number"),
        ({"columns": ["area"]}, "column 1: it is not an object"),
        ({"target": None}, "target: it is not an object"),
        ({"place": ["lat", "nowhere"]}, "place: .* does not name two columns"),
        ({"group": "building"}, "group: this version does not know it"),
    ],
)
def test_what_is_wrong_or_of_a_later_version_is_named(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        Problem.parse({**FLATS.as_document(), **changed}, "schema.json")
    assert caught.value.fix


def test_everything_wrong_is_named_at_once() -> None:
    with pytest.raises(DataError, match=r"(?s)name: None.*margin: None.*columns: there are none"):
        Problem.parse({}, "schema.json")


def test_the_order_of_splits_is_what_seeds_them() -> None:
    assert SPLITS == ("random", "spatial")


def test_what_promotion_may_compare_can_be_computed() -> None:
    assert tuple(metrics.METRICS) == METRICS
