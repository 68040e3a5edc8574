import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.search import bayes, sampling
from housing_sweep.search.space import Space
from housing_sweep.search.spec import parse_spec
from housing_sweep.search.trial import Params, Trial, TrialState

SPEC = parse_spec(
    {
        "method": "bayes",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {
            "x": {"min": -5.0, "max": 10.0},
            "y": {"min": 0.0, "max": 15.0},
        },
    }
)
BRANIN_MINIMUM = 0.397887


def branin(x: float, y: float) -> float:
    a = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return a**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def _run(seed: int, trials: int) -> list[Trial]:
    done: list[Trial] = []
    for n in range(trials):
        point = bayes.suggest(SPEC, done, [], seed, n)
        value = branin(float(str(point["x"])), float(str(point["y"])))
        done.append(Trial(n, point, TrialState.FINISHED, value))
    return done


def test_branin_is_solved_in_thirty_trials() -> None:
    found = [min(t.value for t in _run(seed, 30) if t.value is not None) for seed in range(3)]
    assert sorted(found)[1] < BRANIN_MINIMUM + 0.05


def test_the_suggestion_does_not_depend_on_the_order_of_results() -> None:
    done = _run(1, 12)
    shuffled = done.copy()
    random.Random(0).shuffle(shuffled)
    assert bayes.suggest(SPEC, done, [], 1, 12) == bayes.suggest(SPEC, shuffled, [], 1, 12)


def test_pending_trials_are_kept_away_from() -> None:
    done = _run(2, 10)
    pending: list[Trial] = []
    for n in range(10, 14):
        point = bayes.suggest(SPEC, done, pending, 2, n)
        pending.append(Trial(n, point, TrialState.RUNNING, None))
    rows = Space.of(SPEC).to_unit([t.params for t in pending])
    gaps = np.linalg.norm(rows[:, None] - rows[None, :], axis=2)[np.triu_indices(4, 1)]
    assert gaps.min() > 1e-3


def test_failed_and_nan_trials_push_away_instead_of_breaking() -> None:
    done = _run(3, 8)
    bad = [
        Trial(8, {"x": 1.0, "y": 1.0}, TrialState.CRASHED, None),
        Trial(9, {"x": 2.0, "y": 2.0}, TrialState.FINISHED, float("nan")),
    ]
    point = bayes.suggest(SPEC, [*done, *bad], [], 3, 10)
    assert set(point) == {"x", "y"}


def test_points_of_an_older_spec_are_left_out_instead_of_breaking() -> None:
    old = [Trial(n, {"renamed": 1.0}, TrialState.FINISHED, float(n)) for n in range(8)]
    assert bayes.suggest(SPEC, old, [], 4, 8) == sampling.point(SPEC, 4, 8)


def test_a_huge_loss_does_not_blind_the_model() -> None:
    assert np.isfinite(bayes.warp(np.array([0.4, 0.5, 1.7e308, -1.7e308]))).all()


def test_a_small_space_is_tried_without_repetition() -> None:
    spec = parse_spec(
        {
            "method": "bayes",
            "metric": {"name": "loss"},
            "parameters": {"a": {"values": ["p", "q", "r"]}, "b": {"min": 1, "max": 4}},
        }
    )
    done: list[Trial] = []
    for n in range(20):
        point = bayes.suggest(spec, done, [], 0, n)
        done.append(Trial(n, point, TrialState.FINISHED, float(n % 5)))
    assert len(set(map(repr, (t.params for t in done)))) == 12


def test_starting_points_are_the_random_ones() -> None:
    assert bayes.suggest(SPEC, [], [], 5, 0) == sampling.point(SPEC, 5, 0)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8),
    st.floats(0, 1e3),
    st.floats(-1e3, 1e3),
)
def test_expected_improvement_is_never_negative_and_exact_without_doubt(
    means: list[float], std: float, best: float
) -> None:
    mean = np.array(means)
    assert (bayes.expected_improvement(mean, np.full(len(mean), std), best) >= 0).all()
    certain = bayes.expected_improvement(mean, np.zeros(len(mean)), best)
    assert certain == pytest.approx(np.maximum(best - mean, 0))


def test_warping_keeps_the_order_and_draws_in_the_bad_tail() -> None:
    losses = np.array([0.4, 0.41, 0.45, 0.5, 3.0, 1e6])
    warped = bayes.warp(losses)
    assert (np.diff(warped) > 0).all()
    assert warped[-1] < 5


def test_points_of_an_older_spec_make_room_for_others_in_the_fit() -> None:
    good = [Trial(n, sampling.point(SPEC, 0, n), TrialState.FINISHED, float(n)) for n in range(200)]
    # The best by far, and none of them is a point of this space any more.
    old = [Trial(200 + n, {"x": 1.0}, TrialState.FINISHED, -1.0) for n in range(300)]
    space = Space.of(SPEC)
    losses = np.array([float(str(t.value)) for t in [*good, *old]])
    rows, y = bayes._entering(space, [*good, *old], losses)
    assert len(rows) == len(y) == bayes.MOST_POINTS
    assert y.tolist() == [*range(60), *range(140, 200)]  # the best half and the newest half
    assert rows == pytest.approx(space.to_unit([good[int(n)].params for n in y]))


def test_a_parameter_that_lost_its_value_is_left_out() -> None:
    space = Space.of(SPEC)
    whole: Params = {"x": 1.0, "y": 2.0}
    points: list[Params] = [whole, {**whole, "x": None}, {**whole, "x": "high"}, {"y": 2.0}]
    rows, fits = space.rows_of(points)
    assert fits.tolist() == [True, False, False, False]
    assert rows == pytest.approx(space.to_unit(points[:1]))
