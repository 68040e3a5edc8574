"""A W&B sweep spec, parsed once: every violation named together, every value frozen.

Accepts what W&B accepts. Source: wandb's sweep configuration reference and the schema that ships
in `wandb/sdk/launch/sweeps`; the client fills `distribution` for min/max parameters before sending.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from math import isfinite, log
from typing import Any

import yaml

from housing_sweep.errors import SpecError
from housing_sweep.search import spec_hints
from housing_sweep.search.distributions import Categorical, Distribution, Numeric

METHODS = ("grid", "random", "bayes", "custom")
GOALS = ("minimize", "maximize")
EARLY_TERMINATE = ("hyperband", "custom")
FIX = "correct the sweep YAML; the reference is W&B's page on sweep configuration"

Tree = Mapping[str, "Leaf | Tree"]
"""Parameters by name; a nested group is a mapping of its own."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One parameter: a constant (no distribution), or a distribution."""

    constant: object = None
    distribution: Distribution | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """What a sweep optimises.

    Attributes:
        name: key in the run's summary.
        goal: minimize or maximize.
        target: value at which the sweep ends, or None.
    """

    name: str
    goal: str = "minimize"
    target: float | None = None


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """One sweep, as its YAML says.

    Attributes:
        metric: what it optimises; None when nothing is said, or when there are several objectives.
        objectives: everything it optimises: none, `metric` alone, or the several of `metrics`.
        warnings: what is accepted and is probably not meant.
    """

    method: str
    parameters: Tree
    metric: Metric | None = None
    objectives: tuple[Metric, ...] = ()
    run_cap: int | None = None
    early_terminate: Mapping[str, object] | None = None
    scheduler: Mapping[str, object] | None = None
    program: str | None = None
    command: tuple[str, ...] = ()
    name: str | None = None
    description: str | None = None
    project: str | None = None
    entity: str | None = None
    warnings: tuple[str, ...] = field(default=())


def parse_yaml(text: str) -> SweepSpec:
    """Return the spec a YAML text holds.

    Raises:
        SpecError: it is not YAML, or breaks a rule; all violations are named.
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SpecError(f"the sweep spec is not YAML: {error}", fix=FIX) from None
    if not isinstance(raw, Mapping):
        raise SpecError(f"the sweep spec is not a mapping but {raw!r}", fix=FIX)
    return parse_spec(raw)


def parse_spec(raw: Mapping[str, Any]) -> SweepSpec:
    """Return the spec a mapping holds.

    Raises:
        SpecError: it breaks a rule; all violations are named.
    """
    problems: list[str] = []
    objectives = _objectives(raw, problems)
    scheduler = raw.get("scheduler")
    method = raw.get("method") or ("custom" if scheduler else None)
    if method not in METHODS:
        problems.append(_choice("method", method, METHODS))
        method = "custom"
    spec = SweepSpec(
        method=method,
        parameters=_tree(raw.get("parameters") or {}, "parameters", problems),
        metric=objectives[0] if len(objectives) == 1 else None,
        objectives=objectives,
        run_cap=_run_cap(raw.get("run_cap"), problems),
        early_terminate=_mapping(raw, "early_terminate", problems),
        scheduler=_mapping(raw, "scheduler", problems),
        program=raw.get("program"),
        command=_command(raw.get("command"), problems),
        name=raw.get("name") or raw.get("displayName"),
        description=raw.get("description"),
        project=raw.get("project"),
        entity=raw.get("entity"),
        warnings=tuple(spec_hints.warnings(raw)),
    )
    if spec.method == "bayes" and not spec.objectives:
        problems.append("metric: method bayes needs one, with a name and a goal")
    problems += _early_terminate_problems(spec)
    if spec.method == "grid":
        problems += _not_for_grid(spec.parameters, "parameters")
    if spec.method in ("grid", "random", "bayes") and not spec.parameters:
        problems.append("parameters: there are none")
    if problems:
        raise SpecError("; ".join(problems), fix=FIX)
    return spec


def _objectives(raw: Mapping[str, Any], problems: list[str]) -> tuple[Metric, ...]:
    """Return what is to be optimised: `metric`, or each of `metrics`.

    Source: wandb/sdk/sweeps/scheduler/optimizer.py, `metric_names` and `metric_goals`.
    """
    several = raw.get("metrics")
    if several is None:
        metric = _metric(raw.get("metric"), "metric", problems)
        return () if metric is None else (metric,)
    if raw.get("metric") is not None:
        problems.append("metrics: there is a metric too, say one of them")
    if not isinstance(several, list) or not several:
        problems.append(f"metrics: expected a list of names and goals, got {several!r}")
        return ()
    found = [_metric(held, f"metrics.{i}", problems) for i, held in enumerate(several)]
    metrics = tuple(metric for metric in found if metric is not None)
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        problems.append(f"metrics: {names} has a name twice")
    for i, metric in enumerate(metrics):
        if metric.target is not None and len(metrics) > 1:
            problems.append(f"metrics.{i}.target: only a sweep with one objective ends at a target")
    return metrics


def _early_terminate_problems(spec: "SweepSpec") -> list[str]:
    """Return what is wrong with `early_terminate`; its numbers are `hyperband.Bands`' to check."""
    if not spec.early_terminate:
        return []
    problems: list[str] = []
    kind = spec.early_terminate.get("type")
    if kind not in EARLY_TERMINATE:
        problems.append(_choice("early_terminate.type", kind, EARLY_TERMINATE))
    if kind == "hyperband" and len(spec.objectives) > 1:
        problems.append("early_terminate: hyperband compares one metric, this sweep has several")
    return problems


def _command(held: object, problems: list[str]) -> tuple[str, ...]:
    if held is None:
        return ()
    if not isinstance(held, list) or not all(isinstance(part, str | int | float) for part in held):
        hint = f"; write {held.split()}" if isinstance(held, str) else ""
        problems.append(f"command: expected a list of words, got {held!r}{hint}")
        return ()
    return tuple(str(part) for part in held)


def _metric(held: object, path: str, problems: list[str]) -> Metric | None:
    if held is None and path == "metric":
        return None
    if not isinstance(held, Mapping) or not isinstance(held.get("name"), str):
        problems.append(f"{path}: expected a name and a goal, got {held!r}")
        return None
    goal = held.get("goal", "minimize")
    if goal not in GOALS:
        problems.append(_choice(f"{path}.goal", goal, GOALS))
        goal = "minimize"
    target = held.get("target")
    if target is not None and not _is_number(target):
        problems.append(f"{path}.target: {target!r} is not a number")
        target = None
    return Metric(held["name"], goal, None if target is None else float(target))


def _run_cap(cap: object, problems: list[str]) -> int | None:
    if cap is None:
        return None
    if isinstance(cap, bool) or not isinstance(cap, int) or cap < 1:
        problems.append(f"run_cap: {cap!r} is not a whole number of at least 1")
        return None
    return cap


def _mapping(raw: Mapping[str, Any], name: str, problems: list[str]) -> Mapping[str, object] | None:
    held = raw.get(name)
    if held is not None and not isinstance(held, Mapping):
        problems.append(f"{name}: expected a mapping, got {held!r}")
        return None
    return held


def _tree(raw: object, path: str, problems: list[str]) -> Tree:
    if not isinstance(raw, Mapping):
        problems.append(f"{path}: expected a mapping of parameters, got {raw!r}")
        return {}
    return {str(name): _parameter(item, f"{path}.{name}", problems) for name, item in raw.items()}


def _parameter(raw: object, path: str, problems: list[str]) -> "Leaf | Tree":
    if not isinstance(raw, Mapping):
        problems.append(f"{path}: expected value, values, min and max, or parameters, got {raw!r}")
        return Leaf()
    if "parameters" in raw:
        return _tree(raw["parameters"], f"{path}.parameters", problems)
    kind = raw.get("distribution") or _implied(raw)
    if kind == "constant":
        return Leaf(constant=raw.get("value"))
    make = KINDS.get(kind) if kind is not None else None
    if make is None:
        problems.append(
            f"{path}: needs value, values, or min and max{spec_hints.near_key(raw)}"
            if kind is None
            else _choice(f"{path}.distribution", kind, tuple(KINDS))
        )
        return Leaf()
    try:
        return Leaf(distribution=make(raw))
    except (ValueError, TypeError, KeyError) as error:
        missing = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        problems.append(f"{path}: {kind}: {missing}")
        return Leaf()


def _implied(raw: Mapping[str, object]) -> str | None:
    if "value" in raw:
        return "constant"
    if "values" in raw:
        return "categorical_w_probabilities" if raw.get("probabilities") else "categorical"
    if "min" in raw and "max" in raw:
        whole = all(isinstance(raw[key], int) for key in ("min", "max"))
        return "int_uniform" if whole else "uniform"
    return "normal" if "mu" in raw and "sigma" in raw else None


def _categorical(raw: Mapping[str, Any]) -> Distribution:
    values = raw["values"]
    if not isinstance(values, list) or not values:
        raise ValueError(f"values must be a list with something in it, got {values!r}")
    weights = raw.get("probabilities") or [1.0 / len(values)] * len(values)
    if len(weights) != len(values):
        raise ValueError(f"{len(values)} values but {len(weights)} probabilities")
    if not all(_is_number(w) and w >= 0 for w in weights) or abs(sum(weights) - 1) > 1e-6:
        raise ValueError(f"probabilities {weights} must be >= 0 and sum to 1")
    return Categorical(tuple(values), tuple(float(w) for w in weights))


def _bounded(shape: str, *, values: bool = False, q: bool = False, whole: bool = False) -> Any:
    def make(raw: Mapping[str, Any]) -> Distribution:
        low, high = _number(raw, "min", 0.0), _number(raw, "max", 1.0)
        if low > high:
            raise ValueError(f"min {raw.get('min')} is above max {raw.get('max')}")
        if whole and not (low.is_integer() and high.is_integer()):
            raise ValueError(f"min {low} and max {high} must be whole numbers")
        step = _step(raw) if q else None
        integer = whole or (q and isinstance(raw.get("q", 1), int))
        if values and low <= 0:
            raise ValueError(f"min {raw.get('min')} must be above 0 for a logarithm")
        if values:
            bounds = (log(low), log(high)) if shape == "log" else (-log(high), -log(low))
        else:
            bounds = (low, high)
        if shape != "uniform" and not values and max(map(abs, bounds)) > 700:
            raise ValueError(f"exponents {bounds} overflow; min and max are exponents of e here")
        made = Numeric(shape, *bounds, q=1.0 if whole else step, integer=integer)
        _check_step(made, raw)
        return made

    return make


def _check_step(made: Numeric, raw: Mapping[str, Any]) -> None:
    if made.q is None:
        return
    low, high = made._bounds()
    if made._steps()[0] * made.q > high * (1 + 1e-9) + 1e-9:
        raise ValueError(f"no multiple of q {raw.get('q', 1)} between {low} and {high}")


def _spread(shape: str, *, q: bool = False) -> Any:
    def make(raw: Mapping[str, Any]) -> Distribution:
        mu, sigma = _number(raw, "mu", 0.0), _number(raw, "sigma", 1.0)
        if sigma <= 0:
            raise ValueError(f"sigma {sigma} must be above 0")
        if shape == "log_normal" and abs(mu) + 8 * sigma > 700:
            raise ValueError(f"mu {mu} and sigma {sigma} overflow; they are of the logarithm")
        step = _step(raw) if q else None
        return Numeric(shape, mu, sigma, q=step, integer=q and isinstance(raw.get("q", 1), int))

    return make


def _beta(*, q: bool = False) -> Any:
    def make(raw: Mapping[str, Any]) -> Distribution:
        a, b = _number(raw, "a"), _number(raw, "b")
        if a <= 0 or b <= 0:
            raise ValueError(f"a {a} and b {b} must be above 0")
        return Numeric("beta", a, b, q=_step(raw) if q else None)

    return make


def _number(raw: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = raw[name] if default is None else raw.get(name, default)
    if not _is_number(value):
        raise ValueError(f"{name} {value!r} is not a finite number{spec_hints.exponent(value)}")
    return float(value)


def _step(raw: Mapping[str, Any]) -> float:
    q = _number(raw, "q", 1.0)
    if q <= 0:
        raise ValueError(f"q {q} must be above 0")
    return q


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(float(value))


KINDS: dict[str, Callable[[Mapping[str, Any]], Distribution]] = {
    "categorical": _categorical,
    "categorical_w_probabilities": _categorical,
    "int_uniform": _bounded("uniform", whole=True),
    "uniform": _bounded("uniform"),
    "q_uniform": _bounded("uniform", q=True),
    "log_uniform": _bounded("log"),
    "log_uniform_values": _bounded("log", values=True),
    "q_log_uniform": _bounded("log", q=True),
    "q_log_uniform_values": _bounded("log", values=True, q=True),
    "inv_log_uniform": _bounded("inv_log"),
    "inv_log_uniform_values": _bounded("inv_log", values=True),
    "normal": _spread("normal"),
    "q_normal": _spread("normal", q=True),
    "log_normal": _spread("log_normal"),
    "q_log_normal": _spread("log_normal", q=True),
    "beta": _beta(),
    "q_beta": _beta(q=True),
}
"""W&B's name of a distribution -> its parser."""


def _not_for_grid(tree: Tree, path: str) -> list[str]:
    found: list[str] = []
    for name, item in tree.items():
        if isinstance(item, Mapping):
            found += _not_for_grid(item, f"{path}.{name}")
        elif item.distribution is not None and item.distribution.size is None:
            found.append(f"{path}.{name}: method grid needs value, values, or a step q")
    return found


def _choice(path: str, value: object, known: tuple[str, ...]) -> str:
    near = get_close_matches(str(value), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
    return f"{path}: {value!r} is unknown, {hint}"
