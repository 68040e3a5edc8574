"""Several objectives: fronts, hypervolume, the search that widens them."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_sweep.search import bayes, pareto, sampling
from housing_sweep.search.spec import parse_spec
from housing_sweep.search.trial import Params, Trial, TrialState

# Two losses over four parameters; y = z = w = 0.5 gives the front, 1 - sqrt(first).
SPEC = parse_spec(
    {
        "method": "bayes",
        "metrics": [{"name": "error"}, {"name": "saved", "goal": "maximize"}],
        "parameters": {name: {"min": 0.0, "max": 1.0} for name in "xyzw"},
    }
)
REFERENCE = np.array([1.1, 1.1])
rows = st.lists(
    st.tuples(*[st.integers(0, 5)] * 3).map(lambda t: tuple(map(float, t))), min_size=1, max_size=12
)


def _losses(point: Params) -> tuple[float, float]:
    x, *rest = (float(str(point[name])) for name in "xyzw")
    g = 1 + 4 * sum(abs(value - 0.5) for value in rest)
    return x, g * (1 - (x / g) ** 0.5)


def _played(choose: Callable[[list[Trial], int], Params], trials: int) -> float:
    done: list[Trial] = []
    for n in range(trials):
        point = choose(done, n)
        error, cost = _losses(point)
        done.append(Trial(n, point, TrialState.FINISHED, error, (-cost,)))
    return pareto.hypervolume(np.array([_losses(dict(t.params)) for t in done]), REFERENCE)


def test_the_search_dominates_more_than_random_does() -> None:
    for seed in range(2):
        ours = _played(lambda done, n, s=seed: bayes.suggest(SPEC, done, [], s, n), 30)  # type: ignore[misc]
        chance = _played(lambda _, n, s=seed: sampling.point(SPEC, s, n), 30)  # type: ignore[misc]
        assert ours > chance + 0.1


def test_trials_that_lack_an_objective_push_away_instead_of_breaking() -> None:
    done = [
        Trial(n, sampling.point(SPEC, 0, n), TrialState.FINISHED, 0.1 * n, (1.0 - 0.1 * n,))
        for n in range(8)
    ]
    lacking = Trial(8, sampling.point(SPEC, 0, 8), TrialState.FINISHED, 0.1, (None,))
    failed = Trial(9, sampling.point(SPEC, 0, 9), TrialState.FAILED, None, ())
    assert set(bayes.suggest(SPEC, [*done, lacking, failed], [], 0, 10)) == set("xyzw")


@given(rows)
def test_the_front_is_what_nothing_beats(held: list[tuple[float, ...]]) -> None:
    losses = np.array(held)
    kept = set(pareto.front(losses).tolist())
    for i, row in enumerate(losses):
        beaten = any((other <= row).all() and (other < row).any() for other in losses)
        assert (i in kept) == (not beaten)


@given(rows)
def test_hypervolume_counts_what_is_dominated(held: list[tuple[float, ...]]) -> None:
    losses = np.array(held)
    # Whole-numbered losses: unit cubes can be counted.
    cubes = itertools.product(range(6), repeat=3)
    counted = sum(bool((losses <= np.array(cube)).all(axis=1).any()) for cube in cubes)
    assert pareto.hypervolume(losses, np.array([6.0, 6.0, 6.0])) == pytest.approx(counted)


@given(st.integers(0, 50))
def test_a_beaten_row_never_scalarises_better(seed: int) -> None:
    losses = np.random.default_rng(seed).random((10, 3))
    scalars = pareto.scalarise(losses, np.random.default_rng(seed))
    for a, b in itertools.permutations(range(10), 2):
        if (losses[a] <= losses[b]).all():
            assert scalars[a] <= scalars[b]
