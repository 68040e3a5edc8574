"""What `housing-sweep sweeps` asks and changes, through the SDK's own connection.

W&B's public queries answer everything but `retry`, which only the local server has.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from housing_sweep.errors import NotFound, NotSupported
from housing_sweep.pipeline.wandb_io.backend import WandbBackend
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.references import SweepRef
from housing_sweep.search.spec import parse_yaml

STATES = ("pending", "running", "finished", "failed", "crashed", "killed")
NEWEST = 200
"""Trials that a picture of a sweep looks at; the counts are of all of them."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRow:
    """One sweep in a list. `expected` is None when it has no end, `best` when nothing scored."""

    path: str
    id: str
    title: str
    method: str
    state: str
    trials: int
    expected: int | None
    metric: str | None
    goal: str
    best: float | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One trial: its point, its score or None, and when it began and was last heard of."""

    name: str
    title: str
    state: str
    config: Mapping[str, object]
    score: float | None
    created_at: datetime
    heartbeat_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPicture:
    """A sweep with its counts by state, its best trials, and its newest ones, oldest first."""

    sweep: SweepRow
    counts: Mapping[str, int]
    best: Sequence[TrialRow]
    newest: Sequence[TrialRow]


class SweepBackend(WandbBackend):
    """Whatever answers at `WANDB_BASE_URL`, asked about sweeps."""

    def list_sweeps(self, entity: str, project: str) -> list[SweepRow]:
        """Return a project's sweeps, newest first."""
        found: list[SweepRow] = []
        after = None
        while True:
            data = self._ask(_LIST, entity=entity or None, project=project, after=after)
            if data["project"] is None:
                raise NotFound(f"project {entity}/{project} not found", fix="check --project")
            page = data["project"]["sweeps"]
            found += [_row(edge["node"]) for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]

    def picture(self, ref: SweepRef) -> SweepPicture:
        """Return a sweep with its trials, in one request."""
        full = self.sweep(ref)
        sign = "-" if full.goal.value == "maximize" else "+"
        order = f"{sign}summary_metrics.{full.metric}" if full.metric else "+created_at"
        mine: dict[str, object] = {"sweep": full.ref.id}
        filters = {s: json.dumps({"$and": [mine, {"state": s}]}) for s in STATES}
        data = self._ask(
            _SHOW,
            entity=full.ref.entity,
            project=full.ref.project,
            sweep=full.ref.id,
            mine=json.dumps({"$and": [mine]}),
            order=order,
            **filters,
        )["project"]
        best = [_trial(edge["node"], full.metric) for edge in data["best"]["edges"]]
        newest = [_trial(edge["node"], full.metric) for edge in data["newest"]["edges"]]
        return SweepPicture(
            sweep=_row(data["sweep"]),
            counts={state: int(data[state]) for state in STATES},
            best=[trial for trial in best if trial.score is not None],
            newest=newest[::-1],
        )

    def set_state(self, ref: SweepRef, state: str) -> str:
        """Ask for a state (RUNNING, PAUSED, FINISHED, CANCELED) and return the sweep's path."""
        sweep = self.picture(ref).sweep
        entity, project, _ = sweep.path.split("/")
        self._ask(_STATE, id=sweep.id, state=state, entity=entity, project=project)
        return sweep.path

    def retry(self, ref: SweepRef, states: Sequence[str]) -> list[int]:
        """Queue trials that ended in some states again; returns their numbers.

        Raises:
            NotSupported: the backend is not the local server.
        """
        sweep = self.picture(ref).sweep
        try:
            data = self._ask(_RETRY, id=sweep.id, states=list(states))
        except Exception as error:
            if "retrySweep" in str(error) and "Cannot query" in str(error):
                raise NotSupported(
                    "this backend cannot retry trials, only the local server can",
                    fix="delete the failed runs; W&B's grid search tries their points again",
                ) from None
            raise
        return [int(number) for number in data["retrySweep"]["numbers"]]

    def _ask(self, query: str, **variables: object) -> dict[str, Any]:
        with our_errors("ask about sweeps", missing="check the name of the sweep and project"):
            found: dict[str, Any] = self._api._service_api.execute_graphql(
                query, variables=variables
            )
        return found


def _row(node: Mapping[str, Any]) -> SweepRow:
    project = node["project"]
    metric = parse_yaml(node["config"]).metric
    return SweepRow(
        path=f"{project['entity']['name']}/{project['name']}/{node['name']}",
        id=node["id"],
        title=node["displayName"] or node["name"],
        method=node["method"],
        state=node["state"],
        trials=node["runCount"],
        expected=node["runCountExpected"],
        metric=metric.name if metric else None,
        goal=metric.goal.value if metric else "minimize",
        best=node["bestLoss"],
        created_at=_time(node["createdAt"]),
    )


def _trial(node: Mapping[str, Any], metric: str | None) -> TrialRow:
    config = json.loads(node["config"] or "{}")
    summary = json.loads(node["summaryMetrics"] or "{}")
    score = summary.get(metric) if metric else None
    if isinstance(score, bool) or not isinstance(score, int | float) or score != score:
        score = None
    return TrialRow(
        name=node["name"],
        title=node["displayName"] or node["name"],
        state=node["state"],
        config={k: v["value"] for k, v in config.items() if k != "_wandb" and "value" in v},
        score=None if score is None else float(score),
        created_at=_time(node["createdAt"]),
        heartbeat_at=_time(node["heartbeatAt"]) if node["heartbeatAt"] else None,
    )


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
