"""The parameters of a W&B sweep spec: constants, distributions, nested groups.

Source: wandb's sweep configuration reference, "parameters".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log
from typing import Any

from housing_sweep.search import spec_hints
from housing_sweep.search.distributions import Categorical, Distribution, Numeric
from housing_sweep.search.score import finite
from housing_sweep.search.spec_hints import choice

Tree = Mapping[str, "Leaf | Tree"]
"""Parameters by name; a nested group is a mapping of its own."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One parameter: a constant (no distribution), or a distribution."""

    constant: object = None
    distribution: Distribution | None = None


def parse_tree(raw: object, path: str, problems: list[str]) -> Tree:
    """Return a group of parameters; what is wrong with them is added to `problems`."""
    if not isinstance(raw, Mapping):
        problems.append(f"{path}: expected a mapping of parameters, got {raw!r}")
        return {}
    return {str(name): _parameter(item, f"{path}.{name}", problems) for name, item in raw.items()}


def _parameter(raw: object, path: str, problems: list[str]) -> "Leaf | Tree":
    if not isinstance(raw, Mapping):
        problems.append(f"{path}: expected value, values, min and max, or parameters, got {raw!r}")
        return Leaf()
    if "parameters" in raw:
        return parse_tree(raw["parameters"], f"{path}.parameters", problems)
    kind = raw.get("distribution") or _implied(raw)
    if kind == "constant":
        return Leaf(constant=raw.get("value"))
    make = KINDS.get(kind) if isinstance(kind, str) else None
    if make is None:
        problems.append(
            f"{path}: needs value, values, or min and max{spec_hints.near_key(raw)}"
            if kind is None
            else choice(f"{path}.distribution", kind, tuple(KINDS))
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
    if not all(is_number(w) and w >= 0 for w in weights) or abs(sum(weights) - 1) > 1e-6:
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
        number = Numeric(shape, *bounds, q=1.0 if whole else step, integer=integer)
        _check_step(number, raw)
        return number

    return make


def _check_step(number: Numeric, raw: Mapping[str, Any]) -> None:
    if number.q is None:
        return
    low, high = number.bounds()
    if number.steps()[0] * number.q > high * (1 + 1e-9) + 1e-9:
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
    if not is_number(value):
        raise ValueError(f"{name} {value!r} is not a finite number{spec_hints.exponent(value)}")
    return float(value)


def _step(raw: Mapping[str, Any]) -> float:
    q = _number(raw, "q", 1.0)
    if q <= 0:
        raise ValueError(f"q {q} must be above 0")
    return q


def is_number(value: object) -> bool:
    """Return whether a value is a finite number; true and false are none."""
    return finite(value) is not None


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


def not_for_grid(tree: Tree, path: str) -> list[str]:
    """Return what is wrong with parameters if a grid is to try them."""
    problems: list[str] = []
    for name, item in tree.items():
        if isinstance(item, Mapping):
            problems += not_for_grid(item, f"{path}.{name}")
        elif item.distribution is not None and item.distribution.size is None:
            problems.append(f"{path}.{name}: method grid needs value, values, or a step q")
    return problems
