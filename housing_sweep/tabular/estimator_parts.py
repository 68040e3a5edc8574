"""A fitted estimator as plain numbers and arrays, and back: no object of a file is ever built.

An estimator is put together from one that the installed scikit-learn fits here and now, with the
same hyperparameters, on ten made-up rows; the file gives its trees, and nothing else. scikit-learn
follows the nodes of a tree without looking where they point, so all are looked at before.
"""

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.recfunctions import repack_fields

from housing_sweep.tabular.families import MODELS, Family
from housing_sweep.tabular.skops_file import Unsound, is_array

Parts = dict[str, Any]
Array = np.ndarray[Any, Any]

SAMPLE_ROWS = 10
MOST_COLUMNS = 10_000
_LEAF = -1
"""What a leaf of `Tree` has instead of a child."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How the trees of some families are taken apart, and put into a sample of the same kind.

    Attributes:
        others: parameters that no trial sets, but who fits an estimator may; only fitting reads
            them.
        names: of the parts.
        take: a fitted estimator -> its trees as parts.
        give: the trees of checked hyperparameters into a sample of so many columns.
    """

    others: tuple[str, ...]
    names: tuple[str, ...]
    take: Callable[[Any], Parts]
    give: Callable[[Any, Parts, int], int]


def take_apart(estimator: Any) -> Parts:
    """Return a fitted estimator as plain values; `put_together` gives it back.

    Raises:
        ValueError: it is none of `families.MODELS`, or has a parameter that is not kept.
    """
    kind, parameters = type(estimator), estimator.get_params()
    models = {type(_made(family, {}, 0)): name for name, family in MODELS.items()}
    if kind not in models:
        raise ValueError(f"{kind.__name__} is the estimator of no model")
    family, form = MODELS[models[kind]], _FORMS[kind.__name__]
    parts = {
        "model": models[kind],
        "hyperparameters": {name: parameters[name] for name in family.numbers},
        "seed": parameters["random_state"],
        "others": {name: parameters[name] for name in form.others},
        "columns": int(estimator.n_features_in_),
        **form.take(estimator),
    }
    try:
        again = put_together(parts)
    except Unsound as error:
        raise ValueError(f"this {kind.__name__} could not be read again: {error}") from None
    if _without_objects(again) != _without_objects(estimator):
        raise ValueError(f"this {kind.__name__} has parameters that are not kept")
    return parts


def _without_objects(estimator: Any) -> dict[str, object]:
    plain = (str, int, float, bool, type(None))
    return {n: v for n, v in estimator.get_params().items() if isinstance(v, plain)}


def put_together(parts: Mapping[str, Any]) -> Any:
    """Return the estimator of parts that anybody may have written.

    Raises:
        Unsound: they are not those of an estimator that can predict.
    """
    family = MODELS.get(parts["model"]) if isinstance(parts.get("model"), str) else None
    if family is None:
        raise Unsound(f"its model is {parts.get('model')!r}")
    given, seed, columns = (parts.get(name) for name in ("hyperparameters", "seed", "columns"))
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise Unsound(f"its seed is {seed!r}")
    if type(columns) is not int or not 1 <= columns <= MOST_COLUMNS:
        raise Unsound(f"its columns are {columns!r}")
    if not isinstance(given, Mapping) or given.keys() != family.numbers.keys():
        raise Unsound("its hyperparameters are not those of its model")
    try:
        parsed = {name: number.parse(given[name]) for name, number in family.numbers.items()}
    except ValueError as error:
        raise Unsound(f"a hyperparameter of it: {error}") from None
    sample = _made(family, {**parsed, **({family.length: 1} if family.length else {})}, seed)
    form = _FORMS[type(sample).__name__]
    sample.set_params(**_others(parts.get("others"), form))
    rng = np.random.default_rng(0)
    with warnings.catch_warnings(action="ignore"):
        sample.fit(rng.normal(size=(SAMPLE_ROWS, columns)), rng.normal(size=SAMPLE_ROWS))
    said = {"model", "hyperparameters", "seed", "others", "columns", *form.names}
    if parts.keys() != said:
        raise Unsound(f"it has other parts: {min(map(str, parts.keys() ^ said))}")
    trees = form.give(sample, dict(parts), columns)
    if family.length:
        if parsed[family.length] != trees:
            raise Unsound(f"its {family.length} is {parsed[family.length]}, but it has {trees}")
        sample.set_params(**{family.length: trees})
    return sample


def _others(given: object, form: _Form) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or given.keys() != set(form.others):
        raise Unsound("its other parameters are not those of its model")
    for name, value in given.items():
        sound = type(value) is float and 0 <= value <= 1 if name == "tol" else type(value) is bool
        if not sound:
            raise Unsound(f"its {name} is {value!r}")
    return given


def _made(family: Family, hyperparameters: Mapping[str, Any], seed: int) -> Any:
    unsaid = {name: number.unsaid() for name, number in family.numbers.items()}
    return family.make({**unsaid, **hyperparameters}, seed)


def _take_boosting(estimator: Any) -> Parts:
    trees = [tree for (tree,) in estimator._predictors]
    if any(len(tree.raw_left_cat_bitsets) for tree in trees):
        raise ValueError("a tree of it has categories")
    return {
        "nodes": np.concatenate([tree.nodes for tree in trees]),
        "ends": np.cumsum([len(tree.nodes) for tree in trees]),
        "baseline": float(estimator._baseline_prediction.item()),
        "train_scores": np.asarray(estimator.train_score_, dtype=float),
        "validation_scores": np.asarray(estimator.validation_score_, dtype=float),
    }


def _give_boosting(sample: Any, parts: Parts, columns: int) -> int:
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

    nodes, baseline = parts["nodes"], parts["baseline"]
    ((tree,),) = sample._predictors
    if not is_array(nodes, tree.nodes.dtype, 1):
        raise Unsound("the nodes of its trees have another dtype or shape")
    starts = _starts(parts["ends"], len(nodes))
    if nodes["is_categorical"].any():
        raise Unsound("a node of its trees has categories")
    left, right = (nodes[name].astype(np.int64) for name in ("left", "right"))
    leaf, column, threshold = nodes["is_leaf"] != 0, nodes["feature_idx"], nodes["num_threshold"]
    _check_grown(_Nodes(starts, left, right, leaf, column, threshold), columns)
    _check_sum(nodes["value"], starts)
    if type(baseline) is not float:
        raise Unsound(f"its first prediction is {baseline!r}")
    for name in ("train_scores", "validation_scores"):
        if not is_array(parts[name], np.dtype(float), 1) or not np.isfinite(parts[name]).all():
            raise Unsound(f"its {name} are no numbers")
        setattr(sample, name.replace("scores", "score_"), parts[name].copy())
    sample._baseline_prediction = np.full_like(sample._baseline_prediction, baseline)
    none = tree.binned_left_cat_bitsets, tree.raw_left_cat_bitsets
    pieces = np.split(nodes, starts[1:])
    sample._predictors = [[TreePredictor(piece.copy(), *none)] for piece in pieces]
    return len(pieces)


def _take_forest(estimator: Any) -> Parts:
    states = [tree.tree_.__getstate__() for tree in estimator.estimators_]
    return {
        "nodes": np.concatenate([repack_fields(state["nodes"]) for state in states]),
        "values": np.concatenate([state["values"].reshape(-1) for state in states]),
        "ends": np.cumsum([state["node_count"] for state in states]),
        "seeds": np.array([tree.random_state for tree in estimator.estimators_], dtype=np.int64),
        "rows": estimator._n_samples,
        "drawn": estimator._n_samples_bootstrap,
    }


def _give_forest(sample: Any, parts: Parts, columns: int) -> int:
    from sklearn.tree._tree import Tree

    first = sample.estimators_[0]
    dtype = first.tree_.__getstate__()["nodes"].dtype
    nodes, values, seeds = parts["nodes"], parts["values"], parts["seeds"]
    if not is_array(nodes, repack_fields(dtype), 1):
        raise Unsound("the nodes of its trees have another dtype or shape")
    if not is_array(values, np.dtype(float), 1) or len(values) != len(nodes):
        raise Unsound("the values of its trees have another dtype or shape")
    starts = _starts(parts["ends"], len(nodes))
    left, right = nodes["left_child"], nodes["right_child"]
    leaf = left == _LEAF
    if (leaf != (right == _LEAF)).any():
        raise Unsound("a node of its trees has one child")
    column, threshold = nodes["feature"], nodes["threshold"]
    depths = _check_grown(_Nodes(starts, left, right, leaf, column, threshold), columns)
    _check_sum(values, starts)
    if not is_array(seeds, np.dtype(np.int64), 1) or len(seeds) != len(starts):
        raise Unsound("its trees have no seeds")
    for name in ("rows", "drawn"):
        count = parts[name]
        if not (count is None and name == "drawn") and (type(count) is not int or count < 1):
            raise Unsound(f"its {name} are {count!r}")
    sample._n_samples, sample._n_samples_bootstrap = parts["rows"], parts["drawn"]
    sample.estimators_ = []
    spaced = np.zeros(len(nodes), dtype)
    for name in dtype.names:
        spaced[name] = nodes[name]
    pieces = zip(np.split(spaced, starts[1:]), np.split(values, starts[1:]), strict=True)
    for number, (piece, value) in enumerate(pieces):
        tree = Tree(columns, np.array([1], dtype=np.intp), 1)
        state = {"max_depth": int(depths[number]), "node_count": len(piece)}
        tree.__setstate__({**state, "nodes": piece, "values": value.reshape(-1, 1, 1)})
        grown = copy.copy(first)
        grown.random_state, grown.tree_ = int(seeds[number]), tree
        sample.estimators_.append(grown)
    return len(starts)


def _starts(ends: object, nodes: int) -> Array:
    """Return where each tree's nodes start, of where they end; every tree has some."""
    if not isinstance(ends, np.ndarray) or not is_array(ends, np.dtype(np.int64), 1):
        raise Unsound("its trees have no ends")
    starts = np.concatenate([[0], ends[:-1]])
    if not len(ends) or ends[-1] != nodes or (ends <= starts).any() or (ends > nodes).any():
        raise Unsound("its trees have no nodes, or others than there are")
    return starts


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The nodes of all trees, one tree after the other.

    Attributes:
        starts: (trees,) where each tree's nodes start; the first of them is its root.
        left: (n,) which node of its tree follows if the value is at most `threshold`.
        right: (n,) which follows otherwise.
        leaf: (n,) whether nothing follows.
        column: (n,) of the matrix whose value is compared.
        threshold: (n,) with what.
    """

    starts: Array
    left: Array
    right: Array
    leaf: Array
    column: Array
    threshold: Array


def _check_grown(nodes: _Nodes, columns: int) -> Array:
    """Return the depth of each tree, shaped (trees,).

    Raises:
        Unsound: a node points outside of its tree, back, or where another does; or it compares no
            column, or with no number.
    """
    count = len(nodes.leaf)
    sizes = np.diff(nodes.starts, append=count)
    tree = np.repeat(np.arange(len(sizes)), sizes)
    inner = np.flatnonzero(~nodes.leaf)
    own = inner - nodes.starts[tree[inner]]
    for child in (nodes.left[inner], nodes.right[inner]):
        if (child <= own).any() or (child >= sizes[tree[inner]]).any():
            raise Unsound("a node of its trees points back, or outside of its tree")
    children = np.full((2, count), _LEAF)
    for side, child in enumerate((nodes.left, nodes.right)):
        children[side, inner] = child[inner] + nodes.starts[tree[inner]]
    followed = np.bincount(children[:, inner].reshape(-1), minlength=count)
    once = np.ones(count, dtype=np.int64)
    once[nodes.starts] = 0
    if not np.array_equal(followed, once):
        raise Unsound("a node of its trees follows two others, or none")
    column = nodes.column[inner]
    if (column < 0).any() or (column >= columns).any():
        raise Unsound(f"a node of its trees compares a column that is none of the {columns}")
    if np.isnan(nodes.threshold[inner]).any():
        raise Unsound("a node of its trees compares with no number")
    depths, level, depth = np.zeros(len(sizes), dtype=np.int64), nodes.starts, 0
    while (level := level[~nodes.leaf[level]]).size:
        depth += 1
        level = children[:, level].reshape(-1)
        depths[tree[level]] = depth
    return depths


def _check_sum(values: Array, starts: Array) -> None:
    """Raise Unsound unless the sum over the trees is finite, whatever leaves a row reaches."""
    with np.errstate(all="ignore"):
        if not np.isfinite(np.maximum.reduceat(np.abs(values), starts).sum()):
            raise Unsound("the values of its trees are not finite, or their sum is not")


_BOOSTING = _Form(
    ("early_stopping", "tol", "warm_start"),
    ("nodes", "ends", "baseline", "train_scores", "validation_scores"),
    _take_boosting,
    _give_boosting,
)
_FOREST = _Form(
    ("warm_start",),
    ("nodes", "values", "ends", "seeds", "rows", "drawn"),
    _take_forest,
    _give_forest,
)
_FORMS: Mapping[str, _Form] = {
    "HistGradientBoostingRegressor": _BOOSTING,
    "RandomForestRegressor": _FOREST,
    "ExtraTreesRegressor": _FOREST,
}
