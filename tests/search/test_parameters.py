"""The parameters of a spec: what they are read as, and what is wrong with them."""

import math
from typing import Any

import pytest

from housing_sweep.search.distributions import Categorical, Numeric
from housing_sweep.search.parameters import Leaf, is_number, not_for_grid, parse_tree


def _read(parameter: Any) -> Any:
    problems: list[str] = []
    tree = parse_tree({"p": parameter}, "parameters", problems)
    assert problems == []
    return tree["p"]


def _problem(parameter: Any) -> str:
    problems: list[str] = []
    parse_tree({"p": parameter}, "parameters", problems)
    (problem,) = problems
    return problem.removeprefix("parameters.p: ")


@pytest.mark.parametrize(
    ("parameter", "leaf"),
    [
        ({"value": None}, Leaf(constant=None)),
        ({"values": [1, 3]}, Leaf(distribution=Categorical((1, 3), (0.5, 0.5)))),
        ({"min": 1, "max": 4}, Leaf(distribution=Numeric("uniform", 1, 4, q=1.0, integer=True))),
        ({"min": 1, "max": 4.0}, Leaf(distribution=Numeric("uniform", 1, 4))),
        ({"mu": 1, "sigma": 2}, Leaf(distribution=Numeric("normal", 1, 2))),
    ],
)
def test_the_keys_imply_the_distribution(parameter: dict[str, object], leaf: Leaf) -> None:
    assert _read(parameter) == leaf


def test_bounds_of_a_logarithm_are_exponents_or_the_values_themselves() -> None:
    exponents = _read({"distribution": "log_uniform", "min": 0, "max": 1}).distribution
    values = _read({"distribution": "log_uniform_values", "min": 1, "max": math.e}).distribution
    assert exponents.bounds() == pytest.approx((1.0, math.e))
    assert values.bounds() == pytest.approx((1.0, math.e))


@pytest.mark.parametrize(
    ("parameter", "problem"),
    [
        (
            {"vlaues": [1, 2]},
            "needs value, values, or min and max (vlaues: did you mean values?)",
        ),
        ({"distribution": "beta", "a": 1}, "beta: b is missing"),
        ({"distribution": "beta", "a": 0, "b": 1}, "beta: a 0.0 and b 1.0 must be above 0"),
        ({"mu": 0, "sigma": 0}, "normal: sigma 0.0 must be above 0"),
        ({"distribution": "q_normal", "q": 0}, "q_normal: q 0.0 must be above 0"),
        ({"min": True, "max": 3}, "int_uniform: min True is not a finite number"),
        (
            {"distribution": "q_uniform", "min": 0.2, "max": 0.8, "q": 1},
            "q_uniform: no multiple of q 1 between 0.2 and 0.8",
        ),
        (
            {"distribution": "int_uniform", "min": 1.5, "max": 4.0},
            "int_uniform: min 1.5 and max 4.0 must be whole numbers",
        ),
        (
            {"values": [1, 2, 3], "probabilities": [0.5, 0.5]},
            "categorical_w_probabilities: 3 values but 2 probabilities",
        ),
    ],
)
def test_what_no_number_can_be_drawn_from_is_refused(
    parameter: dict[str, object], problem: str
) -> None:
    assert _problem(parameter) == problem


def test_exponents_that_overflow_are_refused_before_any_trial() -> None:
    said = _problem({"distribution": "log_uniform", "min": 1, "max": 1000})
    assert "min and max are exponents of e here" in said
    said = _problem({"distribution": "log_normal", "mu": 0, "sigma": 100})
    assert "they are of the logarithm" in said


def test_a_grid_needs_steps_in_nested_groups_too() -> None:
    problems: list[str] = []
    group = {"parameters": {"lr": {"min": 0.0, "max": 1.0}, "depth": {"min": 1, "max": 3}}}
    tree = parse_tree({"optimizer": group, "name": {"value": "x"}}, "parameters", problems)
    assert problems == []
    assert not_for_grid(tree, "parameters") == [
        "parameters.optimizer.lr: method grid needs value, values, or a step q"
    ]


@pytest.mark.parametrize("value", [True, "1", None, math.nan, math.inf, 10**400])
def test_only_what_is_finite_is_a_number(value: object) -> None:
    assert not is_number(value)
    assert is_number(10)
