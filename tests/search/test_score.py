"""One reading of scores and one source of directions, over whatever a summary holds."""

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.search.score import (
    Goal,
    Score,
    finite,
    known_goal,
    metric_names,
    score_of,
    unknown_metric,
)

LOW, HIGH = Score("m", Goal.MINIMIZE), Score("m", Goal.MAXIMIZE)

SUMMARIES = [
    ({"m": 0.5}, 0.5, 0.5, ""),
    ({"m": 0}, 0.0, 0.0, ""),
    ({"m": {"min": 1.0, "max": 2.0}}, 1.0, 2.0, ""),
    ({"m": {"max": 2.0, "min": 1.0}}, 1.0, 2.0, ""),
    ({"m.min": 1.0, "m.max": 2.0}, 1.0, 2.0, ""),
    ({"m": {"best": 3.0, "last": 4.0}}, 3.0, 3.0, ""),
    ({"m": {"last": 4.0, "mean": 9.0}}, 4.0, 4.0, ""),
    ({"m": {"mean": 9.0}}, None, None, "m is kept as its mean only"),
    ({}, None, None, "no m in its summary"),
    ({"m": None}, None, None, "no m in its summary"),
    ({"m": "NaN"}, None, None, "m is NaN, not a finite number"),
    ({"m": math.nan}, None, None, "m is nan, not a finite number"),
    ({"m": "Infinity"}, None, None, "m is Infinity, not a finite number"),
    ({"m": -math.inf}, None, None, "m is -inf, not a finite number"),
    ({"m": "0.5"}, None, None, "m is '0.5', not a finite number"),
    ({"m": True}, None, None, "m is True, not a finite number"),
    ({"m": 10**400}, None, None, "m is a whole number beyond any double, not a finite number"),
    ({"m": [0.5]}, None, None, "m is [0.5], not a finite number"),
    ({"m": {"min": "NaN", "max": 10**400}}, None, None, None),
    ({"m": "x" * 500}, None, None, None),
]


@pytest.mark.parametrize(("summary", "low", "high", "why"), SUMMARIES)
def test_a_summary_is_read_in_one_way(
    summary: dict[str, object], low: float | None, high: float | None, why: str | None
) -> None:
    assert (LOW.read(summary), HIGH.read(summary)) == (low, high)
    reason = LOW.why_unscored(summary)
    assert (reason == "") == (low is not None)
    assert len(reason) < 100
    if why is not None:
        assert reason == why


@given(st.one_of(st.floats(), st.integers(), st.text(), st.booleans(), st.none()))
def test_whatever_stands_there_is_a_finite_float_or_none(value: object) -> None:
    number = finite(value)
    assert number is None or (type(number) is float and math.isfinite(number))
    assert (number is not None) == (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def test_nested_values_have_dotted_names() -> None:
    assert Score("loss.val", Goal.MINIMIZE).read({"loss": {"val": 0.1}}) == 0.1
    assert Score("a.b", Goal.MINIMIZE).read({"a.b": {"min": 0.1}}) == 0.1
    assert Score("a.b", Goal.MINIMIZE).read({"a": {"b": {"min": 0.1}}}) == 0.1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_the_best_is_the_lowest_or_the_highest(values: list[float]) -> None:
    assert (LOW.best(values), HIGH.best(values)) == (min(values), max(values))
    assert (LOW.order, HIGH.order) == ("+", "-")
    assert not any(HIGH.better(value, max(values)) for value in values)
    assert LOW.best([]) is None


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("val_rmse", Goal.MINIMIZE),
        ("val_mae", Goal.MINIMIZE),
        ("val_r2", Goal.MAXIMIZE),
        ("test_r2", Goal.MAXIMIZE),
        ("train_rmse", Goal.MINIMIZE),
        ("fit_seconds", Goal.MINIMIZE),
        ("model_bytes", Goal.MINIMIZE),
        ("my_val_r2", None),
        ("accuracy", None),
    ],
)
def test_scores_of_every_regression_have_a_direction(name: str, goal: Goal | None) -> None:
    assert known_goal(name) is goal


def test_a_direction_comes_from_the_person_then_the_sweep_then_what_is_known() -> None:
    sweep = {"val_r2": Goal.MINIMIZE, "gain": Goal.MAXIMIZE}
    assert score_of(sweep, "val_r2", Goal.MAXIMIZE) == Score("val_r2", Goal.MAXIMIZE)
    assert score_of(sweep, "val_r2") == Score("val_r2", Goal.MINIMIZE)
    assert score_of(sweep, "gain") == Score("gain", Goal.MAXIMIZE)
    assert score_of({"gain": Goal.MAXIMIZE}, "val_r2") == Score("val_r2", Goal.MAXIMIZE)
    assert score_of({"gain": Goal.MAXIMIZE}) == Score("gain", Goal.MAXIMIZE)
    assert score_of({}) == Score("val_rmse", Goal.MINIMIZE)


def test_who_cannot_say_which_way_is_good_may_not_rank() -> None:
    with pytest.raises(BadInput, match=r"a low or a high accuracy is good\n.*--goal"):
        score_of({"gain": Goal.MAXIMIZE}, "accuracy")
    with pytest.raises(BadInput, match=r"several objectives: a, b\n.*--metric a"):
        score_of({"a": Goal.MINIMIZE, "b": Goal.MAXIMIZE})


def test_a_metric_that_nobody_has_is_an_error_that_lists_those_that_exist() -> None:
    summaries: list[dict[str, object]] = [
        {"val_rmse": 0.5, "note": "x", "_step": 3, "flag": True},
        {"gain": {"max": 1.0}, "bad": "NaN", "huge": 10**400, "kept": {"mean": 1.0}},
    ]
    names = metric_names(summaries)
    assert names == ("gain", "val_rmse")
    error = unknown_metric("val_rsme", names)
    assert "val_rsme" in error.what
    assert "did you mean val_rmse? they have gain, val_rmse" in error.fix
    assert "nor any other" in unknown_metric("x", ()).what
