"""One trial's config, parsed once at the edge; every problem is named together."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from housing_sweep.errors import SpecError
from housing_sweep.housing import features, split

DEFAULT_DATASET = "california-housing:latest"
PLOTS = ("none", "basic", "full")


@dataclass(frozen=True, slots=True)
class Number:
    """What a hyperparameter may be: a number of a kind, in a closed range, with a default."""

    whole: bool
    low: float
    high: float
    default: float | None
    optional: bool = False

    def parse(self, value: object) -> float | int | None:
        """Return the value; a whole float such as 12.0 (W&B's `q_*` kinds) becomes an int.

        Raises:
            ValueError: naming what it should be.
        """
        if value is None and self.optional:
            return None
        kind = "a whole number" if self.whole else "a number"
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is not {kind}")
        if not math.isfinite(value) or (self.whole and value != int(value)):
            raise ValueError(f"{value!r} is not {kind}")
        if not self.low <= value <= self.high:
            raise ValueError(f"{value!r} is outside {self.low:g} to {self.high:g}")
        return int(value) if self.whole else float(value)


_FOREST = {
    "n_estimators": Number(True, 1, 5000, 100),
    "max_features": Number(False, 0.01, 1.0, 0.5),
    "min_samples_leaf": Number(True, 1, 10_000, 1),
    "min_samples_split": Number(True, 2, 10_000, 2),
    "max_depth": Number(True, 1, 200, None, optional=True),
    "max_leaf_nodes": Number(True, 2, 100_000, None, optional=True),
}

MODELS: dict[str, dict[str, Number]] = {
    "hist_gradient_boosting": {
        "learning_rate": Number(False, 1e-4, 1.0, 0.06),
        "max_iter": Number(True, 1, 10_000, 1500),
        "max_leaf_nodes": Number(True, 2, 4096, 40),
        "min_samples_leaf": Number(True, 1, 10_000, 20),
        "l2_regularization": Number(False, 0.0, 1e6, 1.0),
        "max_features": Number(False, 0.01, 1.0, 0.4),
        "max_bins": Number(True, 2, 255, 255),
        "max_depth": Number(True, 1, 200, None, optional=True),
        "n_iter_no_change": Number(True, 1, 1000, 50),
    },
    "random_forest": _FOREST,
    "extra_trees": _FOREST,
}
"""Model -> its hyperparameters under their scikit-learn names."""

_CHOICES = {
    "model": tuple(MODELS),
    "features": features.KINDS,
    "split": split.KINDS,
    "plots": PLOTS,
}
_SEED = Number(True, 0, 2**32 - 1, 0)
_DEFAULTS: dict[str, object] = {
    "dataset": DEFAULT_DATASET,
    "model": "hist_gradient_boosting",
    "features": "geo_knn",
    "split": "random",
    "plots": "basic",
    "split_seed": 0,
    "seed": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialConfig:
    """Everything that decides a trial's result.

    Attributes:
        dataset: artifact reference, `NAME:ALIAS` or longer.
        model: hist_gradient_boosting, random_forest or extra_trees.
        features: raw, geo, geo_context or geo_knn.
        split: random or spatial.
        split_seed: draws the split.
        seed: draws everything else.
        plots: none, basic (from predictions already made) or full (refits for learning curves).
        hyperparameters: the model's, complete: defaults are filled in.
    """

    dataset: str
    model: str
    features: str
    split: str
    split_seed: int
    seed: int
    plots: str
    hyperparameters: Mapping[str, float | int | None]

    @classmethod
    def from_sweep(cls, raw: Mapping[str, object]) -> Self:
        """Return the config that `wandb.config` holds.

        Raises:
            SpecError: a name is unknown or a value impossible; all are named.
        """
        given = {name: value for name, value in raw.items() if not name.startswith("_")}
        general = {**_DEFAULTS, **{k: v for k, v in given.items() if k in _DEFAULTS}}
        problems = list(_general_problems(general))
        kinds = MODELS.get(str(general["model"]), {})
        values: dict[str, float | int | None] = {}
        for name, kind in kinds.items():
            try:
                values[name] = kind.parse(given[name]) if name in given else _default(kind)
            except ValueError as error:
                problems.append(f"{name}: {error}")
        problems += _unknown(given, kinds) if kinds else []
        if problems:
            raise SpecError(
                f"this trial cannot run: {'; '.join(problems)}",
                fix="correct `parameters:` in the sweep YAML",
            )
        return cls(
            dataset=str(general["dataset"]),
            model=str(general["model"]),
            features=str(general["features"]),
            split=str(general["split"]),
            split_seed=int(str(_SEED.parse(general["split_seed"]))),
            seed=int(str(_SEED.parse(general["seed"]))),
            plots=str(general["plots"]),
            hyperparameters=values,
        )

    def as_dict(self) -> dict[str, object]:
        """Return the config flat, as `from_sweep` reads it."""
        own = {name: getattr(self, name) for name in _DEFAULTS}
        return {**own, **self.hyperparameters}


def known_parameters() -> frozenset[str]:
    """Return every name that some model's config may hold."""
    return frozenset({*_DEFAULTS, *(name for kinds in MODELS.values() for name in kinds)})


def _default(kind: Number) -> float | int | None:
    if kind.default is None:
        return None
    return int(kind.default) if kind.whole else kind.default


def _general_problems(general: Mapping[str, object]) -> Iterator[str]:
    for name, choices in _CHOICES.items():
        value = general[name]
        if value not in choices:
            near = get_close_matches(str(value), choices, n=1)
            hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(choices)}"
            yield f"{name}: {value!r} is unknown, {hint}"
    for name in ("split_seed", "seed"):
        try:
            _SEED.parse(general[name])
        except ValueError as error:
            yield f"{name}: {error}"
    if not isinstance(general["dataset"], str) or not general["dataset"]:
        yield f"dataset: {general['dataset']!r} is not an artifact name"


def _unknown(given: Mapping[str, object], kinds: Mapping[str, Number]) -> list[str]:
    known = [*_DEFAULTS, *kinds]
    problems = []
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            problems.append(f"{name}: unknown" + (f", did you mean {near[0]}?" if near else ""))
    return problems
