"""SVG text."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.drawing import svg
from housing_sweep.drawing.scales import Linear

EVIL = "<script>&\"'"


def _parse(part: str) -> ET.Element:
    return ET.fromstring(part)


def test_words_from_outside_are_text_wherever_they_stand() -> None:
    parts = [
        svg.text(1, 2, EVIL),
        svg.rect(0, 0, 1, 1, "bar", EVIL),
        svg.dot(0, 0, 1, "dot", EVIL, EVIL),
        svg.path([(0, 0), (1, 1)], "way", tip=EVIL, trial=EVIL),
    ]
    root = _parse(svg.frame(10, 10, EVIL, parts))
    assert root.get("aria-label") == EVIL
    assert [title.text for title in root.iter("title")] == [EVIL] * 4
    assert [one.get("data-trial") for one in root.iter() if one.get("data-trial")] == [EVIL] * 2


def test_a_box_of_negative_size_is_drawn_as_nothing_instead_of_breaking() -> None:
    box = _parse(svg.rect(0, 0, -3, -1, "bar"))
    assert (box.get("width"), box.get("height")) == ("0.0", "0.0")


@pytest.mark.parametrize(
    ("joined", "way"),
    [
        ("straight", "M0.0 1.0L10.0 5.0"),
        ("steps", "M0.0 1.0H10.0V5.0"),
        ("eased", "M0.0 1.0C4.5 1.0 5.5 5.0 10.0 5.0"),
    ],
)
def test_a_line_is_joined_straight_in_steps_or_eased(joined: str, way: str) -> None:
    assert _parse(svg.path([(0, 1), (10, 5)], "way", joined=joined)).get("d") == way


def test_a_closed_line_returns_and_one_point_is_a_line_too() -> None:
    assert _parse(svg.path([(0, 1), (2, 3)], "land", closed=True)).get("d") == "M0.0 1.0L2.0 3.0Z"
    assert _parse(svg.path([(0, 1)], "way")).get("d") == "M0.0 1.0"


def test_specks_are_one_path_and_none_are_nothing() -> None:
    assert svg.specks([], "d0") == ""
    assert _parse(svg.specks([(1, 2), (3, 4)], "d0")).get("d") == "M1.0 2.0h0M3.0 4.0h0"


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_value_has_a_class_of_the_ramp(value: float, low: float, high: float) -> None:
    assert 0 <= svg.ramp(value, low, high) < svg.STEPS


def test_a_ramp_begins_and_ends_with_its_range_and_rises_between() -> None:
    classes = [svg.ramp(value, 0, 9) for value in (-1, 0, 0.5, 1.5, 8.5, 9, 10)]
    assert classes == [0, 0, 0, 1, 8, 8, 8]
    assert svg.ramp(5, 3, 3) == 0


def test_an_axis_has_a_line_and_a_label_for_each_tick_and_its_name() -> None:
    axis = Linear.over([0.0, 10.0], 300, 20)
    drawn = _parse(f"<g>{svg.left_axis(axis, 50, 400, 'loss')}</g>")
    ticks = [words for _, words in axis.ticks(6)]
    assert len(list(drawn.iter("line"))) == len(ticks) > 2
    assert [text.text for text in drawn.iter("text")] == [*ticks, "loss"]
