"""What a problem adds of its own is found by name, and only what is installed answers."""

import subprocess
import sys
from dataclasses import replace

import pytest

from housing_sweep.errors import DataError
from housing_sweep.housing.extras import EXTRAS
from housing_sweep.housing.problem import PROBLEM
from housing_sweep.registry.references import COLLECTION
from housing_sweep.tabular.extras import (
    extras_of,
    first_problem,
    registered,
    registered_problem,
    source_names,
)
from tests.tabular.flats import FLATS


def test_housing_is_registered_like_any_other() -> None:
    assert registered()[PROBLEM.name] is EXTRAS
    assert extras_of(PROBLEM) is EXTRAS
    assert first_problem() is PROBLEM
    assert source_names(PROBLEM) == ("auto", "csv", "california", "synthetic")


def test_the_default_of_everything_is_a_problem_that_is_installed() -> None:
    assert registered_problem(COLLECTION) is PROBLEM


def test_a_problem_that_nobody_registered_has_no_extras() -> None:
    extras = extras_of(FLATS)
    assert (extras.feature_sets, extras.sources, extras.outline) == ({}, {}, None)
    assert source_names(FLATS) == ("auto", "csv")


def test_other_units_and_margins_are_the_same_table_and_other_columns_are_not() -> None:
    assert extras_of(replace(PROBLEM, margin=1.0)) is EXTRAS
    with pytest.raises(DataError, match="with other columns"):
        extras_of(replace(PROBLEM, columns=PROBLEM.columns[1:]))


def test_what_is_not_installed_says_so() -> None:
    with pytest.raises(DataError, match=r"no problem 'flats' is installed.*\n.*install"):
        registered_problem("flats")


def test_reading_extras_loads_no_library() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('sklearn', 'pandas', 'numpy')));"
        "from housing_sweep.tabular.extras import registered, source_names;"
        "[source_names(one.problem) for one in registered().values()]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
