"""Where and when the best model errs."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from housing_sweep.drawing.scales import LARGEST
from housing_sweep.report import error_charts
from housing_sweep.report.contents import Errors, Land, Place, Target
from tests.report.charts import any_number, check_drawing
from tests.report.reports import ERRORS, LAND, PRICE
from tests.support.examples import examples


def test_without_a_strong_error_colours_go_by_the_errors_there_are() -> None:
    loose = replace(ERRORS, target=replace(PRICE, strong_error=None))
    far = float(np.quantile(np.abs(ERRORS.predicted - ERRORS.actual), 0.95))
    assert f"+{far * 100:.4g}k USD" in error_charts.error_map(loose)
    exact = replace(loose, predicted=loose.actual)
    check_drawing(error_charts.error_map(exact))
    check_drawing(error_charts.residuals(exact))


@examples(40)
@given(
    st.lists(st.tuples(*[any_number] * 4), min_size=1, max_size=8),
    st.sampled_from([LAND, None]),
    st.sampled_from([None, 1.0]),
)
@example([(LARGEST, -LARGEST, LARGEST, -LARGEST), (-LARGEST, LARGEST, 0.0, 0.0)], None, None)
@example([(5e-324, 0.0, 5e-324, 0.0)], None, None)
@example([(1.634e308, 1.634e308, 37.0, -120.0)], LAND, None)
def test_any_finite_prediction_is_drawn_and_counted(
    rows: list[tuple[float, ...]], land: Land | None, strong: float | None
) -> None:
    actual, predicted, latitude, longitude = np.array(rows).T
    errors = Errors(
        actual, predicted, replace(PRICE, strong_error=strong), Place(latitude, longitude, land)
    )
    for svg in (
        error_charts.error_map(errors),
        error_charts.predicted_actual(errors),
        error_charts.residuals(errors),
    ):
        check_drawing(svg)
    assert sum(count for _, count, _, _ in error_charts.by_target(errors)) == len(rows)


def test_every_error_is_drawn_once_and_counted_in_one_price_band() -> None:
    drawn = error_charts.error_map(ERRORS)
    assert sum(part.count("h0") for part in re.findall(r'd="(M[^"]*)"', drawn)) == 300
    assert sum(count for _, count, _, _ in error_charts.by_target(ERRORS)) == 300
    whole = float(np.sqrt(np.mean((ERRORS.predicted - ERRORS.actual) ** 2)))
    bands = error_charts.by_target(ERRORS)
    mixed = float(np.sqrt(sum(n * r * r for _, n, r, _ in bands) / 300))
    assert mixed == pytest.approx(whole)


def _errors(predicted_less_actual: list[float], target: Target = PRICE) -> Errors:
    actual = np.linspace(1.0, 5.0, len(predicted_less_actual))
    return Errors(actual, actual + np.array(predicted_less_actual), target)


def test_a_row_that_is_right_is_pale_and_too_low_and_too_high_are_the_ends() -> None:
    drawn = error_charts.predicted_actual(_errors([-1.0, 0.0, 2.0]))
    assert re.findall(r'class="speck small (d\d)"', drawn) == ["d0", "d4", "d8"]


def test_errors_beyond_the_histogram_are_counted_in_its_last_bars() -> None:
    drawn = error_charts.residuals(_errors([-9.0, 0.0, 0.0, 9.0]))
    counts = [int(count) for count in re.findall(r": (\d+) rows", drawn)]
    assert len(counts) == 60
    assert (counts[0], sum(counts), counts[-1]) == (1, 4, 1)


def test_without_a_place_there_is_no_map() -> None:
    assert error_charts.error_map(_errors([0.1, 0.2])) == ""


def test_a_fifth_of_the_target_has_its_rows_their_error_and_its_direction() -> None:
    bands = error_charts.by_target(_errors([0.3, -0.4, 0.0, 0.1, 1.0], Target("rent", "EUR")))
    assert [(count, round(rmse, 6), round(mean, 6)) for _, count, rmse, mean in bands] == [
        (1, 0.3, 0.3),
        (1, 0.4, -0.4),
        (1, 0.0, 0.0),
        (1, 0.1, 0.1),
        (1, 1.0, 1.0),
    ]
    assert bands[0][0].endswith(" EUR")
    assert error_charts.by_target(_errors([0.1] * 5))[0][0] == "100–180 k USD"


def test_a_target_that_is_one_value_is_one_band() -> None:
    errors = Errors(np.full(4, 2.0), np.full(4, 2.5), PRICE)
    ((_, count, rmse, _),) = error_charts.by_target(errors)
    assert (count, rmse) == (4, 0.5)
