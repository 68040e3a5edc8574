"""The error tree, as its docstring draws it."""

import re

import pytest

from housing_sweep import errors
from housing_sweep.errors import HousingSweepError

DRAWN = re.findall(
    r"^([│├└─ ]*)(\w+) +exit (\d) +HTTP (\d+)", errors.__doc__ or "", flags=re.MULTILINE
)
"""Indentation, name, exit code and status of each line of the drawing."""


def _tree(error: type[HousingSweepError]) -> list[type[HousingSweepError]]:
    return [error, *(one for child in error.__subclasses__() for one in _tree(child))]


DEFINED = [error for error in _tree(HousingSweepError) if error.__module__ == errors.__name__]


def test_every_error_of_the_tree_is_drawn_and_no_other() -> None:
    assert sorted(name for _, name, _, _ in DRAWN) == sorted(one.__name__ for one in DEFINED)


@pytest.mark.parametrize(("_indent", "name", "exit_code", "status"), DRAWN)
def test_an_error_has_the_exit_code_and_the_status_that_are_drawn(
    _indent: str, name: str, exit_code: str, status: str
) -> None:
    error = getattr(errors, name)
    assert (error.exit_code, error.http_status) == (int(exit_code), int(status))


def test_each_error_hangs_below_the_one_that_is_drawn_above_it() -> None:
    above: dict[int, str] = {}
    for indent, name, _, _ in DRAWN:
        depth = len(indent) // 4
        if depth:
            assert [base.__name__ for base in getattr(errors, name).__bases__] == [above[depth - 1]]
        above[depth] = name


def test_an_error_says_what_happened_and_below_it_the_fix() -> None:
    error = errors.NotFound("no sweep x", fix="check its name")
    assert str(error) == "no sweep x\n  fix: check its name"
    assert (error.what, error.fix) == ("no sweep x", "check its name")
    assert str(errors.NotFound("no sweep x")) == "no sweep x"
