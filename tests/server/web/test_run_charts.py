"""Series as SVG: the right places, nothing that is not finite, no text that could be markup."""

import math
import re
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from housing_sweep.search.score import Goal, Score
from housing_sweep.server.web.queries import curves, flat, metric_names, numbers, plain_config
from housing_sweep.server.web.run_charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Series,
    chart,
    running_best,
)

LARGEST, SMALLEST = sys.float_info.max, 5e-324
numbers_of_any_kind = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-5, 5).map(float),
    st.sampled_from([LARGEST, -LARGEST, SMALLEST, -SMALLEST, 1.634e308]),
)
points = st.lists(st.tuples(numbers_of_any_kind, numbers_of_any_kind), max_size=20)


def circles(svg: str) -> list[tuple[float, float]]:
    return [
        (float(x), float(y))
        for x, y in re.findall(r'<circle class="s\d" cx="([^"]+)" cy="([^"]+)"', svg)
    ]


def test_the_lowest_value_is_at_the_bottom_and_the_first_step_at_the_left() -> None:
    svg = chart([Series("a", [(0, 1.0), (10, 3.0), (5, 2.0)], "dots")], "step", "y")
    low, high, middle = circles(svg)
    assert low == pytest.approx((LEFT, HEIGHT - BOTTOM))
    assert high == pytest.approx((WIDTH - RIGHT, TOP))
    assert middle == pytest.approx(((low[0] + high[0]) / 2, (low[1] + high[1]) / 2))


def test_a_constant_lies_in_the_middle() -> None:
    svg = chart([Series("a", [(3, 0.0)], "dots")], "step", "y")
    assert circles(svg) == [
        pytest.approx(((LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2), abs=0.1)
    ]


def test_ticks_are_round_numbers() -> None:
    svg = chart([Series("a", [(0, 0.1234), (7, 0.9876)])], "step", "y")
    assert re.findall(r'text-anchor="end">([^<]+)</text>', svg)[:4] == ["0.2", "0.4", "0.6", "0.8"]


def test_without_a_finite_value_there_is_a_sentence() -> None:
    assert chart([Series("a", [(0, math.nan)])], "step", "y<") == (
        '<p class="empty">no finite value of y&lt; yet</p>'
    )


@given(points, points, st.sampled_from(["line", "dots", "steps"]), st.text(max_size=10))
@example([(0, 1.634e308), (1, -1.634e308)], [(0, 0.0)], "line", "y")
@example([(0, LARGEST), (1, -LARGEST)], [], "dots", "y")
@example([(LARGEST, LARGEST)], [], "dots", "y")
@example([(0, SMALLEST), (1, 0.0)], [(1, -SMALLEST)], "steps", "y")
@example([(0, 1e308), (1, math.nextafter(1e308, 0))], [], "line", "y")
@example([(0, 1.0), (1, math.nextafter(1.0, 2))], [], "line", "y")
def test_whatever_is_drawn_is_well_formed_and_inside(
    one: list[tuple[float, float]], other: list[tuple[float, float]], style: str, name: str
) -> None:
    name = "".join(c for c in name if c.isprintable())
    svg = chart([Series(name, one, style), Series("b", other, "dots")], "x", name)
    root = ET.fromstring(svg)
    if root.tag == "svg":
        for x, y in circles(svg):
            assert LEFT - 1 <= x <= WIDTH - RIGHT + 1
            assert TOP - 1 <= y <= HEIGHT - BOTTOM + 1
        for element in root.iter():
            for way, most in (("x", WIDTH), ("y", HEIGHT)):
                for key in (way, f"{way}1", f"{way}2", f"c{way}"):
                    assert 0 <= float(element.get(key, 0)) <= most
            for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", element.get("d", "")):
                assert 0 <= float(x) <= WIDTH
                assert 0 <= float(y) <= HEIGHT
            assert re.fullmatch(r"(?:M[\d.]+ [\d.]+|L[\d.]+ [\d.]+|H[\d.]+V[\d.]+)*",
                                element.get("d", ""))  # fmt: skip


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(-5, 5))), st.sampled_from(Goal))
def test_the_best_so_far_never_gets_worse(points: list[tuple[float, float]], goal: Goal) -> None:
    score = Score("y", goal)
    best = [y for _, y in running_best(points, score)]
    assert best == sorted(best, reverse=not score.maximize)
    assert best[-1:] == ([score.best(y for _, y in points)] if points else [])


def test_nan_is_never_the_best() -> None:
    points = [(1, math.nan), (2, 5.0), (3, math.nan), (4, 6.0)]
    assert running_best(points, Score("y", Goal.MINIMIZE)) == [(2, 5.0), (4, 5.0)]


def test_training_and_validation_share_a_chart() -> None:
    history = [
        f'{{"_step": {n}, "train_rmse": {n}, "val_rmse": NaN, "val_mae": {n}, "note": "x"}}'
        for n in range(3)
    ]
    charts = curves(history)
    assert {name: [s.name for s in held] for name, held in charts.items()} == {
        "rmse": ["train_rmse"],
        "mae": ["val_mae"],
    }
    assert charts["mae"][0].points == [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]


def test_a_config_is_shown_flat_and_without_what_wandb_keeps_there() -> None:
    text = '{"_wandb": {"value": {"t": 1}}, "b": {"value": {"c": 1}}, "a": {"value": [1]}, "d": 2}'
    assert plain_config(text) == {"a": [1], "b.c": 1, "d": 2}
    assert plain_config("no json") == plain_config(None) == {}
    assert flat({"table": {"_type": "table-file"}, "x": {"y": 1}}) == {"x.y": 1}


def test_metrics_are_numbers_and_the_commonest_come_first() -> None:
    assert numbers({"a": True, "b": 1, "_c": 2, "d": "x", "e": {"max": 3}}) == {"b": 1, "e.max": 3}
    runs = [{"summaryMetrics": t} for t in ('{"a": 1, "val_b": 1}', '{"a": 1, "val_b": 2, "c": 3}')]
    assert metric_names(runs, 2) == ["val_b", "a"]
