"""The SDK's runs and artifacts as our values."""

import json
from collections.abc import Mapping
from typing import Any

from housing_sweep.registry.promotion import Version
from housing_sweep.registry.references import RunId
from housing_sweep.registry.selection import Candidate, Model


def model(artifact: Any) -> Model:
    """Return a version as a model."""
    return Model(
        str(artifact.id), artifact_path(artifact), artifact.digest, dict(artifact.metadata)
    )


def candidate(run: Any, metric: str) -> Candidate:
    """Return a run as a candidate, with its summary value of a metric as score."""
    config = {k: v for k, v in run.config.items() if not k.startswith("_")}
    return Candidate(
        id=RunId("/".join(run.path)),
        name=run.name,
        state=run.state,
        created_at=str(run.created_at),
        score=_score(run.summary_metrics, metric),
        config=json.loads(json.dumps(config, default=str)),
        commit=run.commit,
        user=run.user.username if run.user else None,
        url=run.url,
        summary=_scalars(run.summary_metrics),
    )


def _scalars(summary: Mapping[str, Any]) -> dict[str, object]:
    """Return the plain values of a summary; tables and charts stay away."""
    kinds = (str, int, float, bool)
    return {k: v for k, v in summary.items() if isinstance(v, kinds) and not k.startswith("_")}


def _score(summary: Mapping[str, object], metric: str) -> object:
    """Return the metric's summary value; `define_metric` with a rule makes it a small dict."""
    value = summary.get(metric)
    if isinstance(value, Mapping):
        return next(iter(value.values()), None)
    return value


def artifact_path(artifact: Any) -> str:
    """Return entity/project/name:vN of a version, however it was fetched."""
    return str(artifact.qualified_name).rsplit(":", 1)[0] + f":{artifact.version}"


def version(artifact: Any) -> Version:
    """Return a linked version with where it comes from."""
    source = f"{artifact.source_entity}/{artifact.source_project}/{artifact.source_name}"
    return Version(
        name=artifact_path(artifact),
        version=str(artifact.version),
        source_id=str(artifact.id),
        source=source,
        digest=artifact.digest,
        url=str(artifact.url or ""),
        refit_of=str(artifact.metadata.get("refit_of") or ""),
    )
