"""What the pages show, asked through the server's own GraphQL as the person who looks."""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from housing_sweep.errors import BadInput, NotFound
from housing_sweep.search.score import Score
from housing_sweep.server.graphql.execute import Api
from housing_sweep.server.services.context import Context
from housing_sweep.server.store.failures import as_ours
from housing_sweep.server.web.run_charts import Series

RUN_ROW = """name displayName state createdAt sweepName group jobType tags summaryMetrics
    user { username }"""
ARTIFACT = """versionIndex artifactType { name }
    artifactSequence { name project { name entityName } }"""
HOME = """query($first: Int!) { viewer { username
    teams { edges { node { name } } }
    organizations { name orgEntity { name projects(first: $first) {
        edges { node { name description } } } } } } }"""
PROJECTS = """query($entity: String!) { models(entityName: $entity, first: 500) {
    edges { node { name description createdAt runCount totalSweeps } } } }"""
PROJECT = f"""query($entity: String!, $project: String!, $order: String, $after: String) {{
    project(entityName: $entity, name: $project) {{
        name entityName description runCount totalSweeps
        runs(order: $order, after: $after, first: 50) {{
            pageInfo {{ hasNextPage }} edges {{ cursor node {{ {RUN_ROW} }} }} }}
        newest: sweeps(first: 1) {{ edges {{ node {{ config }} }} }}
        sweeps(first: 50) {{ edges {{ node {{
            name displayName state method runCount runCountExpected createdAt }} }} }}
        artifactCollections(first: 200) {{ edges {{ node {{
            __typename name description createdAt defaultArtifactType {{ name }}
            artifacts(first: 20) {{ totalCount edges {{ version node {{
                createdAt size tags {{ name }}
                aliases {{ alias artifactCollection {{ name project {{ name }} }} }} }} }} }}
        }} }} }} }} }}"""
RUN = f"""query($entity: String!, $project: String!, $run: String!) {{
    project(entityName: $entity, name: $project) {{ run(name: $run) {{ {RUN_ROW}
        config notes description host commit exitcode heartbeatAt historyLineCount logLineCount
        history(samples: 500)
        logLines(last: 200) {{ edges {{ node {{ line level timestamp }} }} }}
        inputArtifacts {{ edges {{ node {{ {ARTIFACT} }} }} }}
        outputArtifacts {{ edges {{ node {{ {ARTIFACT} }} }} }} }} }} }}"""
SWEEP = f"""query($entity: String!, $project: String!, $sweep: String!, $filters: JSONString) {{
    project(entityName: $entity, name: $project) {{
        sweep(sweepName: $sweep) {{
            name displayName description state method config bestLoss runCount runCountExpected
            createdAt agents {{ edges {{ node {{ name host state totalRuns heartbeatAt }} }} }} }}
        runs(filters: $filters, order: "+created_at", first: 1000) {{
            edges {{ node {{ {RUN_ROW} config }} }} }} }} }}"""
VERSION = """query($entity: String!, $project: String!, $name: String!) {
    project(entityName: $entity, name: $project) { name entityName
        artifactCollectionMembership(name: $name) { versionIndex createdAt
            aliases { alias }
            artifactCollection { __typename name description }
            artifact { versionIndex digest size fileCount description metadata createdAt
                artifactType { name } tags { name }
                artifactSequence { name project { name entityName } }
                createdBy { __typename
                    ... on Run { name displayName project { name entityName } }
                    ... on User { username } }
                usedBy { edges { node { name displayName project { name entityName } } } }
                artifactMemberships { edges { node { versionIndex aliases { alias }
                    artifactCollection { name project { name entityName } } } } } } } } }"""

RUN_FILES = """query($entity: String!, $project: String!, $run: String!) {
    project(entityName: $entity, name: $project) { run(name: $run) {
        files(first: 200) { edges { node { name sizeBytes directUrl } } } } } }"""
FILES = """query($entity: String!, $project: String!, $name: String!) {
    project(entityName: $entity, name: $project) { artifactCollectionMembership(name: $name) {
        files(first: 500) { edges { node { name sizeBytes directUrl } } } } } }"""
"""Apart from run and version: who may see them may not always have their bytes."""


def query(api: Api, ctx: Context, text: str, **variables: object) -> Any:
    """Return a query's data.

    Raises:
        HousingSweepError: what the first error stands for.
    """
    result = api.execute(text, variables, None, ctx)
    if result.errors:
        error = result.errors[0]
        ours = as_ours(error.original_error) if error.original_error else None
        raise ours or BadInput(error.message)
    return result.data


def require(value: Any, what: str) -> Any:
    """Return a value that must be there.

    Raises:
        NotFound: it is null: absent, or not for this reader; both look the same.
    """
    if value is None:
        raise NotFound(f"{what} not found", fix="check the address, or who you are logged in as")
    return value


def best_run(
    api: Api, ctx: Context, entity: str, project: str, score: Score, sweep: str | None = None
) -> dict[str, Any] | None:
    """Return the finished run with the best finite score, of a project or of one of its sweeps.

    All runs of a sweep have the value under the same of a score's keys, nearly always the first:
    only where no run has that, one request more asks for the others.
    """
    for keys in (score.keys[:1], score.keys[1:]):
        variables = {"entity": entity, "project": project}
        for number, key in enumerate(keys):
            name = f"summary_metrics.{key}"
            filters = {"state": "finished", name: {"$gte": -_LARGEST, "$lte": _LARGEST}}
            variables[f"order{number}"] = f"{score.order}{name}"
            variables[f"filters{number}"] = json.dumps(
                filters | ({"sweep": sweep} if sweep else {})
            )
        answer = query(api, ctx, _first_of_orders(len(keys)), **variables)["project"] or {}
        runs: list[dict[str, Any]] = [run for rows in answer.values() for run in nodes(rows)]
        if runs:
            return runs[0]
    return None


def _first_of_orders(count: int) -> str:
    """Return the query for the first run of each of some orders, in their order."""
    names = "".join(f", $order{n}: String, $filters{n}: JSONString" for n in range(count))
    fields = "".join(
        f"by{n}: runs(order: $order{n}, filters: $filters{n}, first: 1) {{"
        f" edges {{ node {{ {RUN_ROW} }} }} }} "
        for n in range(count)
    )
    project = f"project(entityName: $entity, name: $project) {{ {fields} }}"
    return f"query($entity: String!, $project: String!{names}) {{ {project} }}"


_LARGEST = sys.float_info.max
"""NaN and infinities are in no order of good and bad."""


def nodes(connection: Mapping[str, Any] | None) -> list[Any]:
    """Return the nodes of a Relay connection."""
    return [edge["node"] for edge in (connection or {}).get("edges", [])]


def parsed(text: str | None) -> dict[str, Any]:
    """Return a JSON object's content; what is none counts as empty."""
    try:
        content = json.loads(text or "{}", parse_int=_whole)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _whole(digits: str) -> int | float:
    """Return a whole number; one beyond all floats is infinite, as in a browser."""
    return int(digits) if len(digits) < 300 else float(digits)


def plain_config(text: str | None) -> dict[str, Any]:
    """Return a config's values by dotted name, without W&B's wrappers and its own entry."""
    values = {
        key: item["value"] if isinstance(item, dict) and "value" in item else item
        for key, item in parsed(text).items()
        if key != "_wandb"
    }
    return dict(sorted(flat(values).items()))


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested objects as dotted names; media (`_type`) stay out."""
    out: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            if "_type" not in value:
                out |= flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics among a summary's or a history line's values."""
    metrics: dict[str, float] = {}
    for key, value in flat(values).items():
        if isinstance(value, bool) or key.startswith("_"):
            continue
        if isinstance(value, int | float) or value in ("NaN", "Infinity", "-Infinity"):
            metrics[key] = float(value)
    return metrics


def metric_names(runs: Sequence[Mapping[str, Any]], most: int) -> list[str]:
    """Return the metrics that most of some runs have, as a table's columns."""
    counts: dict[str, int] = {}
    for run in runs:
        for name in numbers(parsed(run["summaryMetrics"])):
            counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], not name.startswith("val_"), name))[
        :most
    ]


def curves(history: Sequence[str]) -> dict[str, list[Series]]:
    """Return a run's history as charts: `train_x`, `val_x` and `test_x` share the chart of x."""
    points: dict[str, list[tuple[float, float]]] = {}
    for number, line in enumerate(history):
        row = parsed(line)
        step = row.get("_step", number)
        for name, value in numbers(row).items():
            points.setdefault(name, []).append((float(step), value))
    charts: dict[str, list[Series]] = {}
    for name in sorted(points):
        if len(points[name]) > 1 and any(math.isfinite(y) for _, y in points[name]):
            charts.setdefault(_shared(name), []).append(Series(name, points[name]))
    return charts


def _shared(name: str) -> str:
    for part in ("train", "val", "valid", "validation", "test"):
        for mark in "_/.":
            if name.startswith(part + mark):
                return name[len(part) + 1 :]
    return name
