"""Specs looked at offline."""

import pytest

from housing_sweep.errors import SpecError
from housing_sweep.search.spec_check import Violation, check, line_of
from housing_sweep.search.trial import Params

GOOD = """\
method: grid
metric: {name: loss, goal: minimize}
parameters:
  a: {values: [1, 2, 3]}
  b:
    values: [x, y]
run_cap: 4
"""


def test_a_good_spec_tells_how_many_trials_and_which() -> None:
    report = check(GOOD)
    assert report.violations == ()
    assert report.expected == 4
    assert report.preview[:2] == ({"a": 1, "b": "x"}, {"a": 1, "b": "y"})
    assert len(report.preview) == 6


def test_a_sweep_without_an_end_expects_no_number() -> None:
    report = check("method: random\nparameters: {a: {min: 0.0, max: 1.0}}\n")
    assert report.expected is None
    assert len(report.preview) == 10


def test_warnings_come_with_their_lines_and_do_not_stop_a_sweep() -> None:
    report = check("method: grid\nparameters:\n  a:\n    values: [1e-4, 1.0e-3]\n")
    assert report.violations == ()
    (warning,) = report.warnings
    assert warning.line == 3
    assert "write 1.0e-4" in warning.text


def test_every_violation_comes_with_its_line() -> None:
    text = (
        "methd: grid\nmethod: grit\nparameters:\n  a: {values: []}\n  lr:\n    min: 3\n    max: 1\n"
    )
    found = check(text)
    assert found.spec is None
    assert [item.line for item in found.violations] == [1, 2, 4, 5]
    said = "\n".join(item.text for item in found.violations)
    assert "did you mean method?" in said
    assert "did you mean grid?" in said


def test_bands_are_checked_too() -> None:
    found = check(GOOD + "early_terminate:\n  type: hyperband\n  eta: 0\n")
    assert [item.line for item in found.violations] == [8, 10]


def test_names_that_the_program_does_not_know_are_found() -> None:
    found = check(GOOD.replace("  a:", "  aa:"), known=frozenset({"aaa", "b"}))
    assert found.violations == (Violation(4, "parameters.aa: unknown, did you mean aaa?"),)


def test_points_that_the_program_refuses_are_named_once_each() -> None:
    def refuse(point: Params) -> None:
        raise SpecError(f"this trial cannot run: a: {point['a']} is too much; b: no", fix="")

    found = check(GOOD, refuse)
    assert [(v.line, v.text) for v in found.violations] == [
        (4, "parameters.a: 1 is too much"),
        (5, "parameters.b: no"),
    ]


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2\n", "", "just words"])
def test_what_is_no_spec_at_all_is_a_violation_not_a_crash(text: str) -> None:
    assert check(text).violations


def test_the_line_of_a_missing_part_is_its_parents() -> None:
    assert line_of(GOOD, "parameters.b.values") == 6
    assert line_of(GOOD, "parameters.b.nothing") == 5
    assert line_of(GOOD, "nowhere") is None
