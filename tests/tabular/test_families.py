"""The model families: what a hyperparameter may be; growing and cutting back."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from housing_sweep.tabular import metrics
from housing_sweep.tabular.families import MODELS, FitData, FitProgress, Number
from housing_sweep.tabular.prior import Prior

RNG = np.random.default_rng(3)
X = RNG.random((400, 3))
Y = np.sin(6 * X[:, 0]) + X[:, 1] + 0.1 * RNG.standard_normal(400)
DATA = FitData(X[:300], Y[:300], X[300:], Y[300:])
LENGTH = 120
"""More than one chunk of each family, and not the end of one for boosting."""


def _grown(
    name: str, length: int, data: FitData = DATA
) -> tuple[object, list[tuple[FitProgress, FitProgress]]]:
    family = MODELS[name]
    numbers = {key: number.unsaid() for key, number in family.numbers.items()}
    grown = {family.length: length} if family.length else {}
    estimator = family.make({**numbers, **grown}, 5)
    return estimator, list(family.grow(estimator, data, length))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_family_tells_after_each_chunk_where_it_stands_and_the_best_so_far(name: str) -> None:
    _, steps = _grown(name, LENGTH)
    ends = [progress.iteration for progress, _ in steps]
    assert ends == sorted(set(ends))
    assert ends[-1] <= LENGTH
    assert len(ends) > 1
    for progress, best in steps:
        assert best.iteration <= progress.iteration
        assert best.val_rmse <= progress.val_rmse
    errors = [best.val_rmse for _, best in steps]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("name", ["random_forest", "extra_trees"])
def test_a_forest_cut_back_is_a_forest_that_was_grown_so_far(name: str) -> None:
    grown, _ = _grown(name, 30)
    MODELS[name].cut(grown, 20)
    short, steps = _grown(name, 20)
    assert grown.predict(X).tolist() == short.predict(X).tolist()  # type: ignore[attr-defined]
    assert steps[-1][0].val_rmse == pytest.approx(
        metrics.rmse(DATA.y_val, short.predict(DATA.x_val))  # type: ignore[attr-defined]
    )


@pytest.mark.parametrize("name", sorted(MODELS))
def test_with_a_prior_the_curve_is_that_of_the_final_predictions(name: str) -> None:
    prior = Prior(0.9 * DATA.y_val, np.linspace(0.001, 1.0, 100))
    grown, steps = _grown(name, 60, replace(DATA, prior=prior))
    final = prior.settle(grown.predict(DATA.x_val))  # type: ignore[attr-defined]
    assert steps[-1][0].val_rmse == pytest.approx(metrics.rmse(DATA.y_val, final), abs=1e-9)
    alone, _ = _grown(name, steps[-1][0].iteration)
    assert grown.predict(X).tolist() == alone.predict(X).tolist()  # type: ignore[attr-defined]


def test_patience_ends_a_boosting_before_its_length() -> None:
    family = MODELS["hist_gradient_boosting"]
    hasty = {"learning_rate": 1.0, "n_iter_no_change": 2, "max_iter": LENGTH}
    estimator = family.make(hasty, 0)
    (progress, best), *_ = family.grow(estimator, DATA, LENGTH)
    assert best.iteration < progress.iteration < 50


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_hyperparameter_is_scikit_learns_and_its_default_is_allowed(name: str) -> None:
    family = MODELS[name]
    values = {key: number.unsaid() for key, number in family.numbers.items()}
    known = family.make(values, 0).get_params()
    assert {*values, *family.refitted} <= set(known)
    assert family.length in family.numbers
    for key, number in family.numbers.items():
        assert number.parse(values[key]) == values[key]


def test_a_whole_number_written_as_a_float_becomes_an_int() -> None:
    parsed = Number(whole=True, low=1, high=20, default=5).parse(12.0)
    assert (parsed, type(parsed)) == (12, int)
    assert type(Number(whole=False, low=0, high=20, default=5).parse(12)) is float


@pytest.mark.parametrize(
    ("whole", "value", "why"),
    [
        (True, 2.5, "2.5 is not a whole number"),
        (True, "2", "'2' is not a whole number"),
        (True, True, "True is not a whole number"),
        (False, None, "None is not a number"),
        (False, math.nan, "nan is not a number"),
        (False, -math.inf, "-inf is not a number"),
        (False, 0.999, "0.999 is outside 1 to 20"),
        (True, 21, "21 is outside 1 to 20"),
        (True, 10**400, "a whole number of 1329 bits is not a whole number"),
    ],
)
def test_a_value_that_a_hyperparameter_cannot_have_is_refused(
    whole: bool, value: object, why: str
) -> None:
    with pytest.raises(ValueError, match="is ") as caught:
        Number(whole, 1, 20, 5).parse(value)
    assert str(caught.value) == why


def test_the_ends_of_a_range_belong_to_it_and_none_is_for_optional_ones() -> None:
    for optional, end in itertools.product((True, False), (1, 20)):
        assert Number(True, 1, 20, None, optional=optional).parse(end) == end
    assert Number(True, 1, 20, None, optional=True).parse(None) is None
