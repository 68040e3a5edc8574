"""`model.skops`: a fitted model in a file that cannot run code, whoever wrote it.

The file holds numbers, texts and arrays alone (`skops_file`). Our own objects stand in it as
mappings that name their type: this module's, and those that installed problems declare
(`Extras.types`); no file widens that list. What can be made again is not read: of a KD-tree only
its points, of an estimator its hyperparameters and trees (`estimator_parts`).
"""

import typing
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any

import numpy as np
import pandas as pd

from housing_sweep.errors import BadInput, Refused
from housing_sweep.tabular import estimator_parts, skops_file
from housing_sweep.tabular.extras import registered
from housing_sweep.tabular.families import MODELS
from housing_sweep.tabular.features import RawColumns
from housing_sweep.tabular.model import TabularModel
from housing_sweep.tabular.skops_file import Unsound

FIX = "name another model, or promote it again: what is promoted is built here"
TYPE, MAPPING, ESTIMATOR, KD_TREE = "type", "mapping", "estimator", "sklearn.neighbors.KDTree"
BIGGEST_LEAF = 10_000
MOST_ESTIMATORS = 4
"""In one model; each costs a fit on a few rows (0.02 s)."""


def dump(model: TabularModel) -> bytes:
    """Return the bytes of `model.skops`: the same for equal models, in every process.

    Raises:
        BadInput: a part of it is of a type that `load` would refuse.
    """
    try:
        return skops_file.write(_packed(model, _types()))
    except (ValueError, Unsound) as error:
        raise BadInput(
            f"model.skops cannot hold this {type(model.features).__name__}: {error}",
            fix="name the dataclasses of your feature sets in `Extras.types`",
        ) from None


def load(content: bytes, where: str) -> TabularModel:
    """Return the model in a file's bytes; no code of the file's choice runs.

    Args:
        content: of `model.skops`.
        where: what errors call it: "model.skops".

    Raises:
        Refused: it holds another type than a model of ours has, or a part of it is not sound.
    """
    try:
        packed = skops_file.read(content)
        if sum(1 for _ in _estimators(packed)) > MOST_ESTIMATORS:
            raise Unsound(f"it has more than {MOST_ESTIMATORS} estimators")
        model = _unpacked(packed, _types())
        if not isinstance(model, TabularModel):
            raise Unsound("it holds no model")
        _check(model)
    except Unsound as error:
        raise Refused(f"{where} is not loaded: {error}", fix=FIX) from None
    return model


def type_names() -> tuple[str, ...]:
    """Return the names of all types that a file may hold, sorted."""
    plain = (name for names in skops_file.TYPES.values() for name in names)
    return tuple(sorted({*plain, *_types(), KD_TREE, *(f"{ESTIMATOR} {name}" for name in MODELS)}))


def _types() -> dict[str, type]:
    """Return our own types, by the names that stand in files."""
    declared = [kind for extras in registered().values() for kind in extras.types()]
    return {_name_of(kind): kind for kind in (TabularModel, RawColumns, *declared)}


def _name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _packed(value: Any, types: Mapping[str, type]) -> Any:
    """Return a value with our objects as mappings, and KD-trees as their points."""
    name = _name_of(type(value))
    if name in types:
        state = {item.name: _packed(getattr(value, item.name), types) for item in fields(value)}
        return {TYPE: name, **state}
    if isinstance(value, dict):
        return {TYPE: MAPPING, **{f"={key}": _packed(v, types) for key, v in value.items()}}
    if isinstance(value, list | tuple):
        return type(value)(_packed(item, types) for item in value)
    if isinstance(value, np.generic):
        return value.item()
    if name == "sklearn.neighbors._kd_tree.KDTree":
        return _packed_tree(value)
    if name.startswith("sklearn."):
        return {TYPE: ESTIMATOR, **estimator_parts.take_apart(value)}
    return value


def _packed_tree(tree: Any) -> dict[str, object]:
    from sklearn.neighbors import KDTree

    points, leaf_size = np.asarray(tree.data), int(tree.__getstate__()[4])
    remade = zip(KDTree(points, leaf_size).get_arrays(), tree.get_arrays(), strict=True)
    if not all(np.array_equal(one, other) for one, other in remade):
        raise ValueError("a KD-tree of it is not the one that its points make")
    return {TYPE: KD_TREE, "points": points, "leaf_size": leaf_size}


def _estimators(packed: object) -> Iterator[object]:
    """Yield the estimators in a file, however deep."""
    if isinstance(packed, dict) and packed.get(TYPE) == ESTIMATOR:
        yield packed
    if isinstance(packed, dict | list | tuple):
        for item in packed.values() if isinstance(packed, dict) else packed:
            yield from _estimators(item)


def _unpacked(value: Any, types: Mapping[str, type]) -> Any:
    """Return a value with its objects built.

    Raises:
        Unsound: a type is none of ours, or its fields are not what it says they are.
    """
    if isinstance(value, list | tuple):
        return type(value)(_unpacked(item, types) for item in value)
    if not isinstance(value, dict):
        return value
    state = dict(value)
    name = state.pop(TYPE, None)
    if name == MAPPING:
        return {key.removeprefix("="): _unpacked(item, types) for key, item in state.items()}
    if name == KD_TREE:
        return _unpacked_tree(state)
    if name == ESTIMATOR:
        return estimator_parts.put_together(state)
    kind = types.get(name) if isinstance(name, str) else None
    if kind is None or not is_dataclass(kind):
        raise Unsound(f"it holds a {name}, which is no type of an installed problem")
    given = {key: _unpacked(item, types) for key, item in state.items()}
    hints = typing.get_type_hints(kind)
    if given.keys() != {item.name for item in fields(kind)}:
        raise Unsound(f"its {kind.__name__} has other fields")
    for key, item in given.items():
        if not _fits(item, hints[key]):
            raise Unsound(f"{key} of its {kind.__name__} is of another kind, or not finite")
    try:
        return kind(**given)
    except (ValueError, TypeError, IndexError) as error:  # of a `__post_init__`
        raise Unsound(f"its {kind.__name__} is not sound: {error}") from None


def _unpacked_tree(state: Mapping[str, Any]) -> Any:
    from sklearn.neighbors import KDTree

    points, leaf_size = state.get("points"), state.get("leaf_size")
    if state.keys() != {"points", "leaf_size"} or not isinstance(points, np.ndarray):
        raise Unsound("a KD-tree of it is made of something else")
    if not _fits(points, np.ndarray) or points.dtype != np.float64 or points.ndim != 2:
        raise Unsound("a KD-tree of it has no points")
    if not points.size or type(leaf_size) is not int or not 1 <= leaf_size <= BIGGEST_LEAF:
        raise Unsound("a KD-tree of it has no points, or leaves of another size")
    return KDTree(points, leaf_size)


def _fits(value: object, hint: Any) -> bool:
    """Whether a value is of the kind that a field's annotation says; numbers are finite."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        return any(_fits(value, one) for one in arguments)
    if isinstance(value, np.ndarray):
        kind = typing.get_args(arguments[1])[0] if origin is np.ndarray else Any
        fitting = np.ndarray in (origin, hint) and (kind is Any or np.issubdtype(value.dtype, kind))
        return fitting and (value.dtype.kind != "f" or bool(np.isfinite(value).all()))
    if origin is tuple and isinstance(value, tuple):
        if arguments[-1:] == (...,):
            return all(_fits(item, arguments[0]) for item in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if origin is list and isinstance(value, list):
        return all(_fits(item, arguments[0]) for item in value)
    if origin is not None and isinstance(value, dict):
        return all(_fits(item, arguments[-1]) for item in value.values())
    if hint in (str, int, float, bool):
        return type(value) is hint
    if hint is NoneType:
        return value is None
    if getattr(hint, "_is_protocol", False):
        return is_dataclass(value) and hasattr(value, "transform")
    if hint is Any:
        return hasattr(value, "n_features_in_")
    return isinstance(hint, type) and isinstance(value, hint)


def _check(model: TabularModel) -> None:
    """Raise Unsound unless a model can go from rows to predictions.

    Its features are tried on two rows of ones: they must give the columns that the trees compare.
    """
    columns = model.estimator.n_features_in_
    if model.low > model.high:
        raise Unsound("its lowest target is above its highest")
    rows = pd.DataFrame(np.ones((2, len(model.inputs))), columns=list(model.inputs))
    try:
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            names, matrix = model.features.names, model.features.transform(rows)
            if hasattr(model.features, "prior"):
                model.features.prior(matrix)
    except Exception as error:  # noqa: BLE001  whatever the features of a problem may raise
        raise Unsound(f"its features cannot be made: {type(error).__name__}: {error}") from None
    if matrix.shape != (2, columns) or len(names) != columns:
        raise Unsound(f"its features are {matrix.shape[1:]} columns, its trees compare {columns}")
