"""A W&B sweep spec, parsed once: every violation named together, every value frozen.

Accepts what W&B accepts. Source: wandb's sweep configuration reference and the schema that ships
in `wandb/sdk/launch/sweeps`; the client fills `distribution` for min/max parameters before sending.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from housing_sweep.errors import SpecError
from housing_sweep.search import spec_hints
from housing_sweep.search.parameters import Tree, is_number, not_for_grid, parse_tree
from housing_sweep.search.score import Goal, Score, known_goal
from housing_sweep.search.spec_hints import choice
from housing_sweep.search.spec_yaml import FIX, read_yaml

METHODS = ("grid", "random", "bayes", "custom")
GOALS = tuple(goal.value for goal in Goal)
EARLY_TERMINATE = ("hyperband", "custom")


@dataclass(frozen=True, slots=True)
class Metric:
    """What a sweep optimises.

    Attributes:
        name: key in the run's summary.
        goal: whether a small or a large value is good.
        target: value at which the sweep ends, or None.
    """

    name: str
    goal: Goal = Goal.MINIMIZE
    target: float | None = None

    @property
    def score(self) -> Score:
        """What the metric ranks trials by."""
        return Score(self.name, self.goal)


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
    return parse_spec(read_yaml(text))


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
        problems.append(choice("method", method, METHODS))
        method = "custom"
    spec = SweepSpec(
        method=method,
        parameters=parse_tree(raw.get("parameters") or {}, "parameters", problems),
        metric=objectives[0] if len(objectives) == 1 else None,
        objectives=objectives,
        run_cap=_run_cap(raw.get("run_cap"), problems),
        early_terminate=_mapping(raw, "early_terminate", problems),
        scheduler=_mapping(raw, "scheduler", problems),
        program=_text(raw, "program", problems),
        command=_command(raw.get("command"), problems),
        name=_text(raw, "name", problems) or _text(raw, "displayName", problems),
        description=_text(raw, "description", problems),
        project=_text(raw, "project", problems),
        entity=_text(raw, "entity", problems),
        warnings=(*spec_hints.warnings(raw), *_goal_warnings(raw)),
    )
    if spec.method == "bayes" and not spec.objectives:
        problems.append("metric: method bayes needs one, with a name and a goal")
    problems += _early_terminate_problems(spec)
    if spec.method == "grid":
        problems += not_for_grid(spec.parameters, "parameters")
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
    parsed = [_metric(raw_metric, f"metrics.{i}", problems) for i, raw_metric in enumerate(several)]
    metrics = tuple(metric for metric in parsed if metric is not None)
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
        problems.append(choice("early_terminate.type", kind, EARLY_TERMINATE))
    if kind == "hyperband" and len(spec.objectives) > 1:
        problems.append("early_terminate: hyperband compares one metric, this sweep has several")
    return problems


def _command(words: object, problems: list[str]) -> tuple[str, ...]:
    if words is None:
        return ()
    if not isinstance(words, list) or not all(
        isinstance(part, str | int | float) for part in words
    ):
        hint = f"; write {words.split()}" if isinstance(words, str) else ""
        problems.append(f"command: expected a list of words, got {words!r}{hint}")
        return ()
    return tuple(str(part) for part in words)


def _metric(raw: object, path: str, problems: list[str]) -> Metric | None:
    if raw is None and path == "metric":
        return None
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str):
        problems.append(f"{path}: expected a name and a goal, got {raw!r}")
        return None
    goal = raw.get("goal", "minimize")
    if goal not in GOALS:
        problems.append(choice(f"{path}.goal", goal, GOALS))
        goal = Goal.MINIMIZE.value
    target = raw.get("target")
    if target is not None and not is_number(target):
        problems.append(f"{path}.target: {target!r} is not a number")
        target = None
    return Metric(raw["name"], Goal(goal), None if target is None else float(target))


def _goal_warnings(raw: Mapping[str, Any]) -> list[str]:
    """Return a warning for each metric without a goal that is known to be better high.

    W&B minimizes what has no goal: wandb/sdk/sweeps/config/schema.json.
    """
    several = raw.get("metrics")
    metrics = several if isinstance(several, list) else [raw.get("metric")]
    names = [
        m["name"] for m in metrics if isinstance(m, Mapping) and "name" in m and "goal" not in m
    ]
    return [
        f"metric: {name} is better high, yet without `goal: maximize` it is minimized"
        for name in names
        if isinstance(name, str) and known_goal(name) is Goal.MAXIMIZE
    ]


def _text(raw: Mapping[str, Any], name: str, problems: list[str]) -> str | None:
    value = raw.get(name)
    if isinstance(value, dict | list):
        problems.append(f"{name}: expected text, got {value!r:.80}")
        return None
    return None if value is None else str(value)


def _run_cap(cap: object, problems: list[str]) -> int | None:
    if cap is None:
        return None
    if isinstance(cap, bool) or not isinstance(cap, int) or cap < 1:
        problems.append(f"run_cap: {cap!r} is not a whole number of at least 1")
        return None
    return cap


def _mapping(raw: Mapping[str, Any], name: str, problems: list[str]) -> Mapping[str, object] | None:
    value = raw.get(name)
    if value is not None and not isinstance(value, Mapping):
        problems.append(f"{name}: expected a mapping, got {value!r}")
        return None
    return value
