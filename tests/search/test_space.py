from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.search.parameters import KINDS
from housing_sweep.search.space import Space
from housing_sweep.search.spec import SweepSpec, parse_spec
from housing_sweep.search.spec_hints import PARAMETER_KEYS
from tests.support.examples import examples

PARAMETERS: dict[str, dict[str, Any]] = {
    "categorical": {"values": ["a", "b", 3, 3.5, None, True]},
    "categorical_w_probabilities": {"values": [1, 2, 3], "probabilities": [0.2, 0.3, 0.5]},
    "int_uniform": {"min": -3, "max": 17},
    "uniform": {"min": -1.5, "max": 2.0},
    "q_uniform": {"min": 0.0, "max": 1.0, "q": 0.1},
    "log_uniform": {"min": -5, "max": 1},
    "log_uniform_values": {"min": 0.001, "max": 10.0},
    "q_log_uniform": {"min": 1, "max": 5, "q": 2},
    "q_log_uniform_values": {"min": 12, "max": 128, "q": 1},
    "inv_log_uniform": {"min": 0, "max": 5},
    "inv_log_uniform_values": {"min": 0.01, "max": 1.0},
    "normal": {"mu": 1.0, "sigma": 2.0},
    "q_normal": {"mu": 0.0, "sigma": 3.0, "q": 0.5},
    "log_normal": {"mu": 0.0, "sigma": 1.0},
    "q_log_normal": {"mu": 1.0, "sigma": 0.5, "q": 1},
    "beta": {"a": 2.0, "b": 5.0},
    "q_beta": {"a": 2.0, "b": 5.0, "q": 0.05},
}
units = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def _spec(kind: str) -> SweepSpec:
    parameter = {"distribution": kind, **PARAMETERS[kind]}
    return parse_spec({"method": "random", "parameters": {"p": parameter}})


def test_every_distribution_is_tried_here_and_its_keys_are_known() -> None:
    assert set(PARAMETERS) == set(KINDS)
    assert {key for keys in PARAMETERS.values() for key in keys} <= set(PARAMETER_KEYS)


@pytest.mark.parametrize("kind", sorted(PARAMETERS))
@given(units)
@examples(40)
def test_values_survive_the_way_to_the_unit_cube_and_back(kind: str, u: list[float]) -> None:
    space = Space.of(_spec(kind))
    points = space.from_unit(np.array(u)[:, None])
    again = space.from_unit(space.to_unit(points))
    for one, two in zip(points, again, strict=True):
        if isinstance(one["p"], float):
            assert two["p"] == pytest.approx(one["p"], rel=1e-6, abs=1e-6)
        else:
            assert two["p"] == one["p"]
            assert type(two["p"]) is type(one["p"])


@pytest.mark.parametrize("kind", sorted(PARAMETERS))
@given(units)
@examples(25)
def test_a_batch_equals_its_items(kind: str, u: list[float]) -> None:
    space = Space.of(_spec(kind))
    batch = space.from_unit(np.array(u)[:, None])
    assert batch == [space.from_unit(np.array([[x]]))[0] for x in u]


@pytest.mark.parametrize("kind", [k for k in sorted(PARAMETERS) if "min" in PARAMETERS[k]])
@given(units)
@examples(40)
def test_values_stay_in_bounds_and_on_their_steps(kind: str, u: list[float]) -> None:
    given_ = PARAMETERS[kind]
    low, high = float(given_["min"]), float(given_["max"])
    if kind in ("log_uniform", "q_log_uniform"):
        low, high = np.exp(low), np.exp(high)
    elif kind == "inv_log_uniform":
        low, high = np.exp(-high), np.exp(-low)
    for point in Space.of(_spec(kind)).from_unit(np.array(u)[:, None]):
        value = point["p"]
        assert isinstance(value, int | float)
        assert low - 1e-9 <= value <= high * (1 + 1e-12) + 1e-9
        if "q" in given_:
            assert value / given_["q"] == pytest.approx(round(value / given_["q"]), abs=1e-6)


def test_nested_parameters_and_constants_come_back_nested() -> None:
    spec = parse_spec(
        {
            "method": "random",
            "parameters": {
                "optimizer": {
                    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "name": {"value": "x"}}
                },
                "flag": {"values": [True, False]},
            },
        }
    )
    space = Space.of(spec)
    (point,) = space.from_unit(np.array([[0.25, 0.9]]))
    assert point == {"optimizer": {"lr": 0.25, "name": "x"}, "flag": False}
    assert space.from_unit(space.to_unit([point])) == [point]
