"""Who earns an alias."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.registry.policy import (
    Comparison,
    Figures,
    NoComparison,
    Policy,
    Require,
    judge,
)

FIGURES = Figures("model", 0.4, 0.3, 0.8)
FOUND = Comparison(FIGURES, FIGURES, 4128, -0.02, -0.01, 0.0, 1.15)


@given(st.floats(-1, 1), st.floats(0.001, 0.5))
def test_the_upper_bound_of_the_interval_decides(high: float, margin: float) -> None:
    found = replace(FOUND, high=high)
    assert judge(Policy(), found)[0] is (high < 0)
    assert judge(Policy(Require.NONINFERIOR, margin), found)[0] is (high < margin)
    assert judge(Policy(Require.NONE), found)[0]


@pytest.mark.parametrize("found", [NoComparison("it is gone"), replace(FOUND, rows=99, high=-1.0)])
def test_without_a_comparison_only_none_lets_it_pass(found: Comparison | NoComparison) -> None:
    assert not judge(Policy(), found)[0]
    assert not judge(Policy(Require.NONINFERIOR, 0.1), found)[0]
    assert judge(Policy(Require.NONE), found)[0]


def test_options_become_a_policy() -> None:
    assert Policy.parse("better", None) == Policy()
    assert Policy.parse("noninferior", None).margin == 0.005
    for require, margin in (("better", 0.1), ("none", 0.1), ("noninferior", 0), ("noninferior", 2)):
        with pytest.raises(BadInput):
            Policy.parse(require, margin)
