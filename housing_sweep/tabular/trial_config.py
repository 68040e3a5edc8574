"""One trial's config, parsed once at the edge; every problem is named together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from housing_sweep.errors import SpecError
from housing_sweep.tabular.extras import extras_of
from housing_sweep.tabular.families import MODELS, Family, Number
from housing_sweep.tabular.features import RAW, feature_sets
from housing_sweep.tabular.problem import Problem

PLOTS = ("none", "basic", "full")
_SEED = Number(True, 0, 2**32 - 1, 0)
_DEFAULTS: Mapping[str, object] = {
    "dataset": None,
    "model": "hist_gradient_boosting",
    "features": RAW,
    "split": "random",
    "plots": "basic",
    "split_seed": 0,
    "seed": 0,
}
"""Where neither the sweep nor the problem says otherwise; `dataset` is the problem's newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialConfig:
    """Everything that decides a trial's result.

    Attributes:
        dataset: artifact reference, `NAME:ALIAS` or longer.
        model: one of `families.MODELS`.
        features: raw, or one of the problem's own.
        split: random, or spatial where rows have a place.
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
    def from_sweep(cls, raw: Mapping[str, object], problem: Problem) -> Self:
        """Return the config that `wandb.config` holds, for a table.

        Raises:
            SpecError: a name is unknown or a value impossible; all are named.
        """
        given = {name: value for name, value in raw.items() if not name.startswith("_")}
        defaults = {
            **_DEFAULTS,
            "dataset": f"{problem.name}:latest",
            **extras_of(problem).defaults,
        }
        general = {**defaults, **{k: v for k, v in given.items() if k in defaults}}
        complaints = list(_general_complaints(general, problem))
        family = MODELS.get(str(general["model"]))
        values: dict[str, float | int | None] = {}
        for name, number in family.numbers.items() if family else ():
            try:
                values[name] = number.parse(given[name]) if name in given else number.unsaid()
            except ValueError as error:
                complaints.append(f"{name}: {error}")
        complaints += _unknown(given, family) if family else []
        if complaints:
            raise SpecError(
                f"this trial cannot run: {'; '.join(complaints)}",
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

    @property
    def family(self) -> Family:
        """The kind of model."""
        return MODELS[self.model]

    def as_dict(self) -> dict[str, object]:
        """Return the config flat, as `from_sweep` reads it."""
        own = {name: getattr(self, name) for name in _DEFAULTS}
        return {**own, **self.hyperparameters}


def known_parameters() -> frozenset[str]:
    """Return every name that some model's config may hold, whatever the table."""
    families = MODELS.values()
    return frozenset({*_DEFAULTS, *(name for family in families for name in family.numbers)})


def _general_complaints(general: Mapping[str, object], problem: Problem) -> Iterator[str]:
    choices: dict[str, tuple[str, ...]] = {
        "model": tuple(MODELS),
        "features": feature_sets(problem),
        "split": problem.splits,
        "plots": PLOTS,
    }
    for name, known in choices.items():
        value = general[name]
        if value not in known:
            near = get_close_matches(str(value), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
            yield f"{name}: {value!r} is unknown, {hint}"
    for name in ("split_seed", "seed"):
        try:
            _SEED.parse(general[name])
        except ValueError as error:
            yield f"{name}: {error}"
    if not isinstance(general["dataset"], str) or not general["dataset"]:
        yield f"dataset: {general['dataset']!r} is not an artifact name"


def _unknown(given: Mapping[str, object], family: Family) -> list[str]:
    known = [*_DEFAULTS, *family.numbers]
    complaints = []
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            complaints.append(f"{name}: unknown" + (f", did you mean {near[0]}?" if near else ""))
    return complaints
