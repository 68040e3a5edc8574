"""A spec looked at offline: every violation with its line, the trials to expect, a preview."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import yaml

from housing_sweep.errors import SpecError
from housing_sweep.search import grid, sampling
from housing_sweep.search.hyperband import Bands
from housing_sweep.search.spec import SweepSpec, parse_yaml
from housing_sweep.search.spec_yaml import read_yaml
from housing_sweep.search.trial import Params

PREVIEW = 10
PREVIEW_SEED = 0

_KEYS = frozenset(
    {
        *("program", "command", "method", "metric", "metrics", "parameters", "run_cap"),
        *("name", "description", "project", "entity", "early_terminate", "scheduler"),
        *("controller", "settings", "version", "author", "imageuri", "image_uri", "job", "launch"),
    }
)
_PROBLEM_ENDS = re.compile(r"; (?=[\w.\[\]-]+: )")


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a spec; `line` is None when it belongs to no place in the file."""

    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one file; `spec` is None when it cannot be run.

    Attributes:
        spec: the parsed spec.
        violations: everything wrong, in the order of the file.
        expected: trials it will have; None has no end.
        warnings: what is accepted and is probably not meant.
        preview: its first points; for random and bayes an example, as the seed is drawn later.
    """

    spec: SweepSpec | None
    violations: tuple[Violation, ...]
    expected: int | None = None
    preview: tuple[Params, ...] = ()
    warnings: tuple[Violation, ...] = ()


def check(
    text: str,
    check_point: Callable[[Params], None] | None = None,
    known: frozenset[str] | None = None,
) -> Report:
    """Return what is wrong with a spec and what it will do.

    Args:
        text: the YAML.
        check_point: raises a `SpecError` for a point that the training program would refuse.
        known: every parameter that the training program knows.
    """
    problems = _unknown_keys(text) + _unknown_parameters(text, known)
    spec: SweepSpec | None = None
    try:
        spec = parse_yaml(text)
        Bands.of(spec.early_terminate)
    except SpecError as error:
        problems += _split(error)
    if spec is None or problems:
        return Report(None, _with_lines(text, problems))
    preview = tuple(_points(spec))
    refused: dict[str, str] = {}  # one example for each parameter
    for point in preview if check_point is not None else ():
        assert check_point is not None
        for problem in _refused(check_point, point):
            refused.setdefault(problem.partition(":")[0], f"parameters.{problem}")
    problems += refused.values()
    size = grid.size(spec) if spec.method == "grid" else None
    caps = [cap for cap in (spec.run_cap, size) if cap is not None]
    warnings = _with_lines(text, list(spec.warnings))
    return Report(spec, _with_lines(text, problems), min(caps, default=None), preview, warnings)


def _points(spec: SweepSpec) -> list[Params]:
    if spec.method == "custom":
        return []
    if spec.method == "grid":
        return [grid.point(spec, n) for n in range(min(PREVIEW, grid.size(spec)))]
    count = PREVIEW if spec.run_cap is None else min(PREVIEW, spec.run_cap)
    return [sampling.point(spec, PREVIEW_SEED, n) for n in range(count)]


def _refused(check_point: Callable[[Params], None], point: Params) -> list[str]:
    try:
        check_point(point)
    except SpecError as error:
        return _split(error)
    return []


def _split(error: SpecError) -> list[str]:
    what = error.what.removeprefix("this trial cannot run: ")
    return _PROBLEM_ENDS.split(what)


def _unknown_keys(text: str) -> list[str]:
    return [_unknown(str(key), "", _KEYS) for key in _mapping(text) if key not in _KEYS]


def _unknown_parameters(text: str, known: frozenset[str] | None) -> list[str]:
    parameters = _mapping(text).get("parameters")
    if known is None or not isinstance(parameters, Mapping):
        return []
    return [_unknown(str(name), "parameters.", known) for name in parameters if name not in known]


def _unknown(name: str, prefix: str, known: frozenset[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"{prefix}{name}: unknown" + (f", did you mean {near[0]}?" if near else "")


def _mapping(text: str) -> Mapping[str, object]:
    try:
        return read_yaml(text)
    except SpecError:
        return {}  # the parser says it better


def _with_lines(text: str, problems: list[str]) -> tuple[Violation, ...]:
    violations = [
        Violation(line_of(text, problem.partition(": ")[0]), problem) for problem in problems
    ]
    return tuple(sorted(violations, key=lambda item: (item.line is None, item.line or 0)))


def line_of(text: str, path: str) -> int | None:
    """Return the line (from 1) of the deepest part of a dotted path that the YAML has."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except RecursionError:
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return mark.line + 1 if mark else None
    line: int | None = None
    for part in path.split("."):
        if not isinstance(node, yaml.MappingNode):
            break
        pairs = {key.value: (key, value) for key, value in node.value}
        if part not in pairs:
            break
        key, node = pairs[part]
        line = key.start_mark.line + 1
    return line
