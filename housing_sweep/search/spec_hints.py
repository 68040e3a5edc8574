"""What a spec's writer probably meant: misspelt keys, numbers that YAML read as words."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

PARAMETER_KEYS = (
    *("value", "values", "min", "max", "distribution", "probabilities", "q", "mu", "sigma"),
    *("a", "b", "parameters"),
)
"""Keys that W&B knows of one parameter."""

_EXPONENT = re.compile(r"([+-]?\d+)(\.\d*)?[eE]([+-]?)(\d+)")


def choice(path: str, value: object, known: tuple[str, ...]) -> str:
    """Return that a value is unknown, with the one that was probably meant, or all."""
    near = get_close_matches(str(value), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
    return f"{path}: {value!r} is unknown, {hint}"


def near_key(raw: Mapping[object, object]) -> str:
    """Return " (vlaues: did you mean values?)" for the first key that is nearly a known one."""
    for key in raw:
        if key not in PARAMETER_KEYS:
            near = get_close_matches(str(key), PARAMETER_KEYS, n=1)
            if near:
                return f" ({key}: did you mean {near[0]}?)"
    return ""


def exponent(value: object) -> str:
    """Return how to write a number that YAML 1.1 reads as a word; empty for anything else.

    YAML 1.1 wants a point and a sign: 1e-4 is a word, 1.0e-4 a number.
    """
    match = _EXPONENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return ""
    whole, fraction, sign, power = match.groups()
    digits = fraction if fraction and len(fraction) > 1 else ".0"
    return f": YAML reads it as a word, write {whole}{digits}e{sign or '+'}{power}"


def warnings(raw: Mapping[str, object]) -> Iterator[str]:
    """Yield what a spec may say and its writer probably does not mean."""
    parameters = raw.get("parameters")
    if isinstance(parameters, Mapping):
        yield from _of_parameters(parameters, "parameters")
    endless = raw.get("method") in ("random", "bayes") and raw.get("run_cap") is None
    if endless and raw.get("scheduler") is None:
        yield "run_cap: there is none, the sweep ends only when it is stopped"
    has_metric = raw.get("metric") is not None or raw.get("metrics") is not None
    if raw.get("early_terminate") and not has_metric:
        yield "early_terminate: there is no metric to compare, no trial will be stopped"


def _of_parameters(parameters: Mapping[object, object], path: str) -> Iterator[str]:
    for name, parameter in parameters.items():
        if not isinstance(parameter, Mapping):
            continue
        here = f"{path}.{name}"
        if isinstance(parameter.get("parameters"), Mapping):
            yield from _of_parameters(parameter["parameters"], f"{here}.parameters")
            continue
        values = parameter.get("values")
        for value in [parameter.get("value"), *(values if isinstance(values, list) else ())]:
            if hint := exponent(value):
                yield f"{here}: {value!r} is not a number{hint}"
        for key in parameter:
            if key not in PARAMETER_KEYS and not str(key).startswith("_"):
                near = get_close_matches(str(key), PARAMETER_KEYS, n=1)
                hint = f", did you mean {near[0]}?" if near else ""
                yield f"{here}.{key}: unknown, it is ignored{hint}"
