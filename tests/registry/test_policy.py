"""Who earns an alias."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.registry.policy import (
    Comparison,
    Figures,
    HardSplit,
    NoComparison,
    Policy,
    Require,
    earned,
)

FIGURES = Figures("model", 0.4, 0.3, 0.8)
FOUND = Comparison(FIGURES, FIGURES, 4128, -0.02, -0.01, 0.0, 1.15)


@given(st.floats(-1, 1), st.floats(0.001, 0.5))
def test_the_upper_bound_of_the_interval_decides(high: float, margin: float) -> None:
    found = replace(FOUND, high=high)
    assert earned(Policy(), found)[0] is (high < 0)
    assert earned(Policy(Require.NONINFERIOR, margin), found)[0] is (high < margin)
    assert earned(Policy(Require.NONE), found)[0]


@pytest.mark.parametrize("found", [NoComparison("it is gone"), replace(FOUND, rows=99, high=-1.0)])
def test_without_a_comparison_only_none_lets_it_pass(found: Comparison | NoComparison) -> None:
    assert not earned(Policy(), found)[0]
    assert not earned(Policy(Require.NONINFERIOR, 0.1), found)[0]
    assert earned(Policy(Require.NONE), found)[0]


def test_options_become_a_policy() -> None:
    assert Policy.parse("better", None) == Policy()
    assert Policy.parse("noninferior", 900.0).bound(0.005) == 900.0
    inf = float("inf")
    for require, margin in (("better", 0.1), ("none", 0.1), ("noninferior", 0), ("none", inf)):
        with pytest.raises(BadInput):
            Policy.parse(require, margin)


def test_without_a_margin_the_problems_own_holds() -> None:
    policy = Policy.parse("noninferior", None)
    assert earned(policy, replace(FOUND, high=0.004, margin=0.005))[0]
    assert not earned(policy, replace(FOUND, high=0.006, margin=0.005))[0]
    assert not earned(Policy(), replace(FOUND, high=0.004, margin=0.005))[0]


def test_what_a_problem_compares_is_what_the_sentence_says() -> None:
    _, sentence = earned(Policy(), replace(FOUND, metric="mae"))
    assert sentence.startswith("test MAE 0.3000 against 0.3000")


def test_a_record_keeps_its_first_keys_and_adds_the_slices() -> None:
    part = {"name": "fresno", "rows": 3, "rmse": 0.1, "bias": 0.0}
    figures = replace(FIGURES, slices={"region": [part]}, hard=HardSplit("spatial", 0.6))
    written = replace(FOUND, challenger=figures, unit="EUR").as_json()
    challenger, champion = written["challenger"], written["champion"]
    assert isinstance(challenger, dict)
    assert isinstance(champion, dict)
    assert challenger["by_region"] == [part]
    assert challenger["slices"] == ["region"]
    assert challenger["spatial_rmse"] == 0.6
    assert challenger["hard_split"] == {"kind": "spatial", "rmse": 0.6}
    assert champion["spatial_rmse"] is champion["hard_split"] is None
    assert written["unit"] == "EUR"
