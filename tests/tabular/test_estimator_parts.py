"""Estimators as plain values; trees whose nodes point elsewhere never reach scikit-learn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from housing_sweep.tabular.estimator_parts import Parts, put_together, take_apart
from housing_sweep.tabular.skops_file import Unsound
from tests.tabular.tampered import FRAME, MODELS, TREES, model_of

MATRIX = FRAME[["area", "rooms", "lat", "lon"]].to_numpy(dtype=float)
BOOSTING, FOREST = MODELS[0], MODELS[1]


def _parts(family: str) -> Parts:
    parts = take_apart(model_of(family).estimator)
    return {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in parts.items()}


@pytest.mark.parametrize("family", MODELS)
def test_an_estimator_put_together_again_predicts_the_same_bits(family: str) -> None:
    estimator = model_of(family).estimator
    other = put_together(_parts(family))
    assert type(other) is type(estimator)
    assert np.array_equal(other.predict(MATRIX), estimator.predict(MATRIX))
    assert repr(other) == repr(estimator)
    assert vars(other).keys() == vars(estimator).keys()


def test_a_forest_has_its_trees_back_whole() -> None:
    trees, others = model_of(FOREST).estimator.estimators_, put_together(_parts(FOREST)).estimators_
    for tree, other in zip(trees, others, strict=True):
        state, again = tree.tree_.__getstate__(), other.tree_.__getstate__()
        assert again["max_depth"] == state["max_depth"] > 1
        assert np.array_equal(again["nodes"], state["nodes"])
        assert other.random_state == tree.random_state
        assert other.decision_path(MATRIX).nnz == tree.decision_path(MATRIX).nnz


def test_the_curves_of_a_boosting_stay() -> None:
    estimator, other = model_of(BOOSTING).estimator, put_together(_parts(BOOSTING))
    assert other.n_iter_ == TREES
    assert np.array_equal(other.train_score_, estimator.train_score_)


def test_an_estimator_that_no_trial_fits_is_not_taken_apart() -> None:
    x, y = MATRIX, FRAME["price, EUR"]
    with pytest.raises(ValueError, match="LinearRegression is the estimator of no model"):
        take_apart(LinearRegression().fit(x, y))
    categories = HistGradientBoostingRegressor(max_iter=2, categorical_features=[1]).fit(x, y)
    with pytest.raises(ValueError, match=r"categories|could not be read again"):
        take_apart(categories)
    plain = {"max_iter": 2, "random_state": 1, "early_stopping": False}
    other = HistGradientBoostingRegressor(**plain, loss="absolute_error")
    with pytest.raises(ValueError, match="has parameters that are not kept"):
        take_apart(other.fit(x, y))
    careless = HistGradientBoostingRegressor(**{**plain, "early_stopping": "auto"})
    with pytest.raises(ValueError, match="could not be read again: its early_stopping is 'auto'"):
        take_apart(careless.fit(x, y))


def test_a_boosting_that_a_feature_set_fitted_its_own_way_comes_back() -> None:
    own = HistGradientBoostingRegressor(max_iter=3, learning_rate=0.3, early_stopping=False)
    own.set_params(random_state=1).fit(MATRIX, FRAME["price, EUR"])
    other = put_together(take_apart(own))
    assert np.array_equal(other.predict(MATRIX), own.predict(MATRIX))
    assert other.get_params() == own.get_params()


Change = Callable[[Parts], None]


def _set(name: str, value: object) -> Change:
    return lambda parts: parts.update({name: value})


def _node(name: str, value: Any, *, leaf: bool = False) -> Change:
    """Return what sets a field of the last node that is a leaf, or of the first that is none."""

    def change(parts: Parts) -> None:
        nodes = parts["nodes"]
        leaves = nodes["is_leaf"] != 0 if "is_leaf" in nodes.dtype.names else nodes["feature"] < 0
        nodes[name][np.flatnonzero(leaves)[-1] if leaf else np.flatnonzero(~leaves)[0]] = value

    return change


ANY: list[tuple[Change, str]] = [
    (_set("model", "linear"), "its model is 'linear'"),
    (_set("model", 3), "its model is 3"),
    (_set("seed", -1), "its seed is -1"),
    (_set("seed", 1.0), r"its seed is 1\.0"),
    (_set("columns", 0), "its columns are 0"),
    (_set("columns", 10**9), "its columns are 1000000000"),
    (_set("columns", 1), "a column that is none of the 1"),
    (_set("others", {}), "other parameters are not those"),
    (_set("others", None), "other parameters are not those"),
    (lambda parts: parts["others"].update(warm_start=1), "its warm_start is 1"),
    (_set("hyperparameters", {}), "hyperparameters are not those"),
    (_set("more", 1), "other parts: more"),
    (_set("ends", np.array([], dtype=np.int64)), "have no nodes"),
    (_set("ends", np.array([2, 1], dtype=np.int64)), "have no nodes"),
    (_set("ends", np.array([1.0])), "have no ends"),
    (_set("nodes", np.zeros(3)), "another dtype or shape"),
    (lambda parts: parts["ends"].__setitem__(0, 1), "outside of its tree|follows two others"),
    (lambda parts: parts["ends"].__setitem__(-1, -(2**63)), "have no nodes"),
]


@pytest.mark.parametrize("family", [BOOSTING, FOREST])
@pytest.mark.parametrize("number", range(len(ANY)))
def test_parts_of_no_estimator_are_refused(family: str, number: int) -> None:
    change, why = ANY[number]
    _refuses(family, change, why)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_node("left", 0), "points back"),
        (_node("right", 2**32 - 1), "outside of its tree"),
        (_node("right", 1), "follows two others"),
        (_node("feature_idx", 4), "none of the 4"),
        (_node("feature_idx", -1), "none of the 4"),
        (_node("feature_idx", 2**62), "none of the 4"),
        (_node("num_threshold", np.nan), "with no number"),
        (_node("is_categorical", 1), "has categories"),
        (_node("is_leaf", 0, leaf=True), "points back|outside of"),
        (_node("value", np.nan, leaf=True), "not finite"),
        (lambda parts: parts["nodes"]["value"].fill(1.7e308), "or their sum is not"),
        (lambda parts: parts["others"].update(tol=float("nan")), "its tol is nan"),
        (lambda parts: parts["others"].update(early_stopping="auto"), "its early_stopping is"),
        (_set("baseline", None), "its first prediction is None"),
        (_set("train_scores", np.array([np.inf])), "train_scores are no numbers"),
        (lambda parts: parts["hyperparameters"].update(max_iter=3), "max_iter is 3, but it has 4"),
        (lambda parts: parts["hyperparameters"].update(max_iter=10**400), "a hyperparameter of it"),
    ],
)
def test_a_boosting_that_would_crash_or_lie_is_refused(change: Change, why: str) -> None:
    _refuses(BOOSTING, change, why)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_node("left_child", 0), "points back"),
        (_node("left_child", -1), "has one child"),
        (_node("left_child", -2), "points back"),
        (_node("right_child", 2**62), "outside of its tree"),
        (_node("left_child", 2), "follows two others"),
        (_node("feature", 4), "none of the 4"),
        (_node("feature", -2), "none of the 4"),
        (_node("threshold", np.nan), "with no number"),
        (_set("values", np.zeros(3)), "values of its trees have another"),
        (lambda parts: parts["values"].fill(np.inf), "not finite"),
        (_set("seeds", np.zeros(1, dtype=np.int64)), "have no seeds"),
        (_set("rows", None), "its rows are None"),
        (_set("drawn", 0), "its drawn are 0"),
        (lambda parts: parts["hyperparameters"].update(n_estimators=5), "n_estimators is 5"),
    ],
)
def test_a_forest_that_would_crash_or_lie_is_refused(change: Change, why: str) -> None:
    _refuses(FOREST, change, why)


def _refuses(family: str, change: Change, why: str) -> None:
    parts = _parts(family)
    for name in ("hyperparameters", "others"):
        parts[name] = dict(parts[name])
    change(parts)
    with pytest.raises(Unsound, match=why):
        put_together(parts)
