"""What `housing-sweep sweeps` asks and changes. Fulfils `ports.SweepDesk`.

W&B's public queries answer everything but `retry`, which only the local server has.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from housing_sweep.errors import BadInput, NotFound, NotSupported
from housing_sweep.pipeline.values import (
    STATES,
    SweepFacts,
    SweepOverview,
    SweepSummary,
    TrialSummary,
)
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.pipeline.wandb_io.run_queries import WandbSweeps
from housing_sweep.registry.references import SweepRef
from housing_sweep.search.score import Goal, Score, finite, metric_names, score_of
from housing_sweep.search.spec import parse_yaml

NEWEST = 200
"""Trials that an overview of a sweep looks at; the counts are of all of them."""

_FIELDS = (
    "id name displayName method state config createdAt runCount runCountExpected bestLoss"
    " project { name entity { name } }"
)
_RUN = "name displayName state config summaryMetrics createdAt heartbeatAt"
_COUNTS = " ".join(f"{state}: runCount(filters: ${state})" for state in STATES)
_SHOW = f"""
query Sweep($entity: String, $project: String, $sweep: String!, $mine: JSONString, $order: String,
            {" ".join(f"${state}: JSONString" for state in STATES)}) {{
  project(name: $project, entityName: $entity) {{
    sweep(sweepName: $sweep) {{ {_FIELDS} }}
    {_COUNTS}
    best: runs(filters: $mine, order: $order, first: 5) {{ edges {{ node {{ {_RUN} }} }} }}
    newest: runs(filters: $mine, order: "-created_at", first: {NEWEST}) {{
      edges {{ node {{ {_RUN} }} }}
    }}
  }}
}}"""
_LIST = f"""
query Sweeps($entity: String, $project: String, $after: String) {{
  project(name: $project, entityName: $entity) {{
    sweeps(first: 50, after: $after) {{
      edges {{ node {{ {_FIELDS} }} }} pageInfo {{ endCursor hasNextPage }}
    }}
  }}
}}"""
_STATE = """
mutation SweepState($id: ID, $state: String, $entity: String, $project: String) {
  upsertSweep(input: {id: $id, state: $state, entityName: $entity, projectName: $project}) {
    sweep { name }
  }
}"""
_RETRY = """
mutation RetrySweep($id: ID!, $states: [String!]) {
  retrySweep(input: {id: $id, states: $states}) { numbers }
}"""


@dataclass(frozen=True, slots=True)
class WandbSweepDesk:
    """Sweeps of one backend, to look at and to steer."""

    connection: Connection
    sweeps: WandbSweeps

    def list_sweeps(self, entity: str, project: str) -> list[SweepSummary]:
        """Return a project's sweeps, newest first."""
        rows: list[SweepSummary] = []
        after = None
        while True:
            data = self._ask(_LIST, entity=entity or None, project=project, after=after)
            if data["project"] is None:
                raise NotFound(f"project {entity}/{project} not found", fix="check --project")
            page = data["project"]["sweeps"]
            rows += [_sweep(edge["node"]) for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return rows
            after = page["pageInfo"]["endCursor"]

    def overview(
        self, ref: SweepRef, metric: str | None = None, goal: Goal | None = None
    ) -> SweepOverview:
        """Return a sweep with its best and newest trials, in one request."""
        facts = self.sweeps.sweep(ref)
        score = _score(facts, metric, goal)
        order = "+created_at"
        if score is not None:
            order = f"{score.order}summary_metrics.{self.sweeps.key_in_use(facts.ref, score)}"
        mine: dict[str, object] = {"sweep": facts.ref.id}
        filters = {s: json.dumps({"$and": [mine, {"state": s}]}) for s in STATES}
        data = self._ask(
            _SHOW,
            entity=facts.ref.entity,
            project=facts.ref.project,
            sweep=facts.ref.id,
            mine=json.dumps({"$and": [mine]}),
            order=order,
            **filters,
        )["project"]
        best = [_trial(edge["node"], score) for edge in data["best"]["edges"]]
        newest = [edge["node"] for edge in data["newest"]["edges"]]
        finished = (node for node in newest if node["state"] == "finished")
        return SweepOverview(
            sweep=_sweep(data["sweep"]),
            score=score,
            counts={state: int(data[state]) for state in STATES},
            best=[trial for trial in best if trial.score is not None],
            newest=[_trial(node, score) for node in newest[::-1]],
            metrics=metric_names(map(_summary, finished)),
        )

    def set_state(self, ref: SweepRef, state: str) -> str:
        """Ask for a state (RUNNING, PAUSED, FINISHED, CANCELED) and return the sweep's path."""
        sweep = self.overview(ref).sweep
        entity, project, _ = sweep.path.split("/")
        self._change(_STATE, id=sweep.id, state=state, entity=entity, project=project)
        return sweep.path

    def retry(self, ref: SweepRef, states: Sequence[str]) -> list[int]:
        """Queue trials that ended in some states again; returns their numbers.

        Raises:
            NotSupported: the backend is not the local server.
        """
        sweep = self.overview(ref).sweep
        try:
            data = self._change(_RETRY, id=sweep.id, states=list(states))
        except BadInput as error:
            # No class and no status tells it from another refusal: the name is GraphQL's own.
            if "retrySweep" in error.what and "Cannot query" in error.what:
                raise NotSupported(
                    "this backend cannot retry trials, only the local server can",
                    fix="delete the failed runs; W&B's grid search tries their points again",
                ) from None
            raise
        return [int(number) for number in data["retrySweep"]["numbers"]]

    def _ask(self, query: str, **variables: object) -> dict[str, Any]:
        with self.connection.reading("ask about sweeps", "check the name of the sweep and project"):
            return self._send(query, variables)

    def _change(self, query: str, **variables: object) -> dict[str, Any]:
        with self.connection.writing("change the sweep"):
            return self._send(query, variables)

    def _send(self, query: str, variables: Mapping[str, object]) -> dict[str, Any]:
        # Not public, and the same from 0.28.2 to 0.31.0.
        service = self.connection.api._service_api
        answer: dict[str, Any] = service.execute_graphql(query, variables=dict(variables))
        return answer


def _score(facts: SweepFacts, metric: str | None, goal: Goal | None) -> Score | None:
    """Return what a sweep's trials are shown by; nothing where it says nothing and nobody asks."""
    if metric is None and len(facts.objectives) != 1:
        return None
    return score_of(facts.objectives, metric, goal)


def _sweep(node: Mapping[str, Any]) -> SweepSummary:
    project = node["project"]
    metric = parse_yaml(node["config"]).metric
    return SweepSummary(
        path=f"{project['entity']['name']}/{project['name']}/{node['name']}",
        id=node["id"],
        title=node["displayName"] or node["name"],
        method=node["method"],
        state=node["state"],
        trials=node["runCount"],
        expected=node["runCountExpected"],
        metric=metric.name if metric else None,
        goal=metric.goal.value if metric else Goal.MINIMIZE.value,
        best=finite(node["bestLoss"]),
        created_at=_time(node["createdAt"]),
    )


def _trial(node: Mapping[str, Any], score: Score | None) -> TrialSummary:
    config = json.loads(node["config"] or "{}")
    return TrialSummary(
        name=node["name"],
        title=node["displayName"] or node["name"],
        state=node["state"],
        config={k: v["value"] for k, v in config.items() if k != "_wandb" and "value" in v},
        score=score.read(_summary(node)) if score else None,
        created_at=_time(node["createdAt"]),
        heartbeat_at=_time(node["heartbeatAt"]) if node["heartbeatAt"] else None,
    )


def _summary(node: Mapping[str, Any]) -> Mapping[str, object]:
    summary: Mapping[str, object] = json.loads(node["summaryMetrics"] or "{}")
    return summary


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
