"""The sweep's charts."""

import re
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from housing_sweep.drawing.scales import LARGEST
from housing_sweep.report import sweep_charts
from housing_sweep.report.contents import Curve
from housing_sweep.search.importance import Importance, Importances
from tests.report.charts import SIZES, any_number, check_drawing
from tests.report.reports import REPORT, TRIALS, trial
from tests.support.examples import examples


@examples(40)
@given(
    st.lists(st.tuples(any_number, any_number), max_size=8),
    st.lists(st.tuples(any_number, any_number), max_size=6),
    st.booleans(),
)
@example(
    [(n, s) for n, s in zip(SIZES, SIZES[::-1], strict=True)],
    list(zip(SIZES, SIZES, strict=True)),
    False,
)
@example([(1.634e308, 0.0), (-1.634e308, 1.0), (0.0, 2.0)], [], True)
@example([(LARGEST, LARGEST)] * 3, [(5e-324, LARGEST), (LARGEST, -LARGEST)], False)
@example([(5e-324, 5e-324), (0.0, 1e-323), (1e-323, 0.0)], [(1.0, 5e-324), (2.0, 0.0)], True)
def test_any_finite_score_value_and_curve_is_drawn(
    trials: list[tuple[float, float]], curve: list[tuple[float, float]], maximize: bool
) -> None:
    report = replace(
        REPORT,
        trials=[trial(n, score, p=value) for n, (score, value) in enumerate(trials, 1)],
        curves=[Curve("id1", curve), Curve("id2", curve[::-1])],
        maximize=maximize,
    )
    drawn = [sweep_charts.parallel(report, None), sweep_charts.best_so_far(report)]
    drawn += [sweep_charts.curves(report), *sweep_charts.slices(report, ["p", "depth"])]
    for svg in drawn:
        check_drawing(svg)


def test_the_best_so_far_never_gets_worse() -> None:
    (way,) = re.findall(r'class="best" d="([^"]*)"', sweep_charts.best_so_far(REPORT))
    heights = [float(v) for v in re.findall(r"V([\d.]+)", way)]
    assert heights == sorted(heights)  # SVG counts downwards, and low is good


def test_what_there_is_too_little_of_is_not_drawn() -> None:
    one = replace(REPORT, trials=TRIALS[:1], curves=[Curve("id1", [(1, 0.5)])])
    assert sweep_charts.parallel(one, None) == ""
    assert sweep_charts.curves(one) == ""
    assert sweep_charts.slices(one, ["depth"]) == []
    assert sweep_charts.importance_bars(None) == ""
    assert sweep_charts.best_so_far(replace(REPORT, trials=[trial(1, None, "failed")])) == ""


def test_a_trial_without_a_score_has_no_line_and_the_winner_is_marked_once() -> None:
    drawn = sweep_charts.parallel(REPORT, None)
    assert set(re.findall(r'data-trial="(\w+)"', drawn)) == {one.id for one in TRIALS}
    assert re.findall(r'class="way q\d winner" data-trial="(\w+)"', drawn) == ["id6"]


def test_the_colour_of_the_best_is_the_same_whichever_way_is_good() -> None:
    for maximize, best in ((False, "id6"), (True, "id7")):
        drawn = sweep_charts.parallel(replace(REPORT, maximize=maximize), None)
        assert f'class="way q0 winner" data-trial="{best}"' in drawn


def test_of_too_many_parameters_those_that_matter_are_drawn() -> None:
    params = [{f"p{i:02}": n * i for i in range(1, 15)} for n in range(1, 6)]
    many = [replace(trial(n, n / 10), params=point) for n, point in enumerate(params, 1)]
    rows = tuple(Importance(f"p{i:02}", 0.1, None) for i in range(14, 4, -1))
    drawn = sweep_charts.parallel(replace(REPORT, trials=many), Importances(rows, 0.9, 5))
    assert "through p06, p07, p08, p09, p10, p11, p12, p13, p14" in drawn


def test_a_correlation_that_there_is_none_of_is_told_as_words() -> None:
    rows = (Importance("depth", 0.75, -0.5), Importance("features", 0.25, None))
    drawn = sweep_charts.importance_bars(Importances(rows, 0.9, 20))
    check_drawing(drawn)
    assert "What mattered: depth 75%, features 25%" in drawn
    assert drawn.count(">words</text>") == 1
    assert drawn.count('class="falls"') == 1
