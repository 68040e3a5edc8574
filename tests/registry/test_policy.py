"""Who earns an alias."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.errors import BadInput
from housing_sweep.registry.policy import (
    Comparison,
    Figures,
    Guard,
    HardComparison,
    HardSplit,
    NoComparison,
    Policy,
    Require,
    SliceDifference,
    earned,
    guarded,
)

FIGURES = Figures("model", 0.4, 0.3, 0.8)
FOUND = Comparison(FIGURES, FIGURES, 4128, -0.02, -0.01, 0.0, 1.15)
HARD = HardComparison("spatial", 0.53, 0.51, 4632, 23, -0.01, 0.02, 0.05, 0.02)
SLICES = (
    SliceDifference("decile", "10: 3.76 to 5.00", 413, 0.004, 0.02, 0.036, worse=True),
    SliceDifference("region", "fresno", 90, 0.01, 0.04, 0.07, worse=True),
    SliceDifference("region", "san_diego", 200, -0.05, -0.03, -0.01),
)


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


def _guarded(policy: Policy, compared: Comparison) -> tuple[bool, str]:
    answer = guarded(policy, compared)
    assert answer is not None
    return answer


@given(st.floats(-1, 1))
def test_a_guard_wants_the_interval_in_new_places_below_its_margin(high: float) -> None:
    compared = replace(FOUND, hard=replace(HARD, high=high))
    for policy in (Policy(), Policy(Require.NONINFERIOR, 0.1), Policy(Require.NONE)):
        assert _guarded(policy, compared)[0] is (high < 0.02)
        assert _guarded(replace(policy, guard=Guard.NONE), compared)[0]


@given(st.floats(-1, 1), st.floats(0, 1))
def test_a_model_that_does_better_in_new_places_is_not_refused_for_how_few_they_are(
    difference: float, width: float
) -> None:
    hard = replace(HARD, difference=difference, high=difference + width)
    passed, _ = _guarded(Policy(), replace(FOUND, hard=hard))
    assert passed is (difference <= 0 or difference + width < 0.02)


def test_a_guards_sentence_has_both_scores_and_what_they_rest_on() -> None:
    passed, sentence = _guarded(Policy(), replace(FOUND, hard=HARD))
    assert not passed
    assert sentence == (
        "in places never seen RMSE 0.5300 against 0.5100 on 4632 rows of 23 cells: +0.0200"
        " (95 % interval -0.0100 to +0.0500), not below 0.02 as --guard hard wants"
    )
    off = _guarded(Policy(guard=Guard.NONE), replace(FOUND, hard=HARD))
    assert off == (True, sentence.replace("not below 0.02 as --guard hard wants", "not guarded"))


def test_a_guard_over_few_places_says_so_and_does_not_pass() -> None:
    few = replace(FOUND, hard=replace(HARD, units=9, high=-1.0))
    passed, sentence = _guarded(Policy(), few)
    assert not passed
    assert sentence.endswith("; --guard hard needs 10 cells")


def test_where_nothing_is_held_out_there_is_no_guard() -> None:
    assert guarded(Policy(), FOUND) is None
    assert guarded(Policy(), NoComparison("it is gone")) is None


def test_a_guard_goes_with_what_is_required_and_measured() -> None:
    assert Policy.parse("better", None).guard is Guard.HARD
    assert Policy.parse("better", None, "none").guard is Guard.NONE
    assert Policy.parse("none", None).guard is Guard.NONE
    assert Policy.parse("none", None, "hard").guard is Guard.HARD
    assert Policy.parse("better", None, hard_measured=False).guard is Guard.NONE
    with pytest.raises(BadInput, match="--no-spatial does not measure"):
        Policy.parse("better", None, "hard", hard_measured=False)


def test_where_the_challenger_is_clearly_worse_is_in_the_sentence_the_worst_first() -> None:
    compared = replace(FOUND, slices=SLICES)
    named = (
        "; clearly worse in region fresno (+0.0400, 90 rows),"
        " decile 10: 3.76 to 5.00 (+0.0200, 413 rows)"
    )
    for require in Require:
        assert named in earned(Policy(require, 0.1), compared)[1]
    assert "clearly worse" not in earned(Policy(), replace(FOUND, slices=SLICES[2:]))[1]


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
    compared = replace(FOUND, challenger=figures, unit="EUR", hard=HARD, slices=SLICES)
    written = compared.as_json()
    challenger, champion = written["challenger"], written["champion"]
    assert isinstance(challenger, dict)
    assert isinstance(champion, dict)
    assert challenger["by_region"] == [part]
    assert challenger["slices"] == ["region"]
    assert challenger["spatial_rmse"] == 0.6
    assert challenger["hard_split"] == {"kind": "spatial", "rmse": 0.6}
    assert champion["spatial_rmse"] is champion["hard_split"] is None
    assert written["unit"] == "EUR"
    assert written["hard"] == {
        **{"kind": "spatial", "challenger": 0.53, "champion": 0.51, "rows": 4632, "units": 23},
        **{"low": -0.01, "difference": 0.02, "high": 0.05, "margin": 0.02},
    }
    assert written["worse_slices"] == ["region fresno", "decile 10: 3.76 to 5.00"]
    assert json.loads(json.dumps(written)) == written
    assert FOUND.as_json()["hard"] is None
