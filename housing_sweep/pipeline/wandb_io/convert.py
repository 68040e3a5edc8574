"""The SDK's runs and artifacts as our values."""

import json
from collections.abc import Mapping
from typing import Any

from housing_sweep.errors import Refused
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.promotion import Version
from housing_sweep.registry.proof import UNVERIFIED_TAG
from housing_sweep.registry.references import RunId
from housing_sweep.registry.selection import Candidate, Model

Facts = tuple[ModelFacts | None, str]


def model(artifact: Any) -> Model:
    """Return a version as a model."""
    facts, why = model_facts(artifact.metadata)
    return Model(str(artifact.id), artifact_path(artifact), artifact.digest, facts, why)


def model_facts(metadata: Mapping[str, object]) -> Facts:
    """Return the facts in an artifact's metadata, or None and what is wrong with them."""
    if not metadata:
        return None, ""
    try:
        return ModelFacts.parse(dict(metadata), "its metadata"), ""
    except Refused as error:
        return None, error.what


def candidate(run: Any) -> Candidate:
    """Return a run as a candidate."""
    config = {k: v for k, v in run.config.items() if not k.startswith("_")}
    return Candidate(
        id=RunId("/".join(run.path)),
        name=run.name,
        state=run.state,
        created_at=str(run.created_at),
        config=json.loads(json.dumps(config, default=str)),
        commit=run.commit,
        user=run.user.username if run.user else None,
        url=str(run.url or ""),
        summary=_values(run.summary_metrics),
    )


def _values(summary: Mapping[str, Any]) -> dict[str, object]:
    """Return the plain values of a summary, and rules of `define_metric`; charts stay away."""
    kept = (str, int, float, bool, Mapping)
    return {
        name: value
        for name, value in summary.items()
        if isinstance(value, kept) and not name.startswith("_") and not _is_chart(value)
    }


def _is_chart(value: object) -> bool:
    return isinstance(value, Mapping) and "_type" in value


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
        unverified=UNVERIFIED_TAG in artifact.tags,
    )
