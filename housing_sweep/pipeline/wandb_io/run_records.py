"""What a run's record says about its code, data, config, environment and metrics.

Fulfils `ports.RunRecords`.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.wandb_io.connection import Connection
from housing_sweep.pipeline.wandb_io.run_queries import WandbRuns
from housing_sweep.registry.model_facts import ModelFacts
from housing_sweep.registry.references import RunId, SweepRef
from housing_sweep.registry.run_differences import RunRecord
from housing_sweep.registry.selection import Candidate


@dataclass(frozen=True, slots=True)
class WandbRunRecords:
    """Records of runs on one backend."""

    connection: Connection
    runs: WandbRuns

    def record(self, reference: str) -> RunRecord:
        """Return a run's record: five requests, and one file when its tree was dirty.

        Args:
            reference: ENTITY/PROJECT/RUN, PROJECT/RUN, RUN or the run's URL.

        Raises:
            BadInput: the text cannot be a run.
            NotFound: it does not exist.
        """
        path = self._path(reference)
        with self.connection.reading(f"read run {path}", "check ENTITY/PROJECT/RUN"):
            run = self.connection.api.run(path)
            summary = dict(run.summary_metrics)
            config = {k: v for k, v in run.config.items() if not k.startswith("_")}
            metadata = run.metadata or {}
        candidate = Candidate(RunId(path), str(run.name), str(run.state), "")
        model = self.runs.model_of(candidate)
        facts = model.facts if model else None
        data = self.runs.dataset_of(candidate)
        return RunRecord(
            path=path,
            name=str(run.name),
            state=str(run.state),
            aspects={
                "code": self._code(run, metadata),
                "data": {
                    **({"version": data.name, "digest": data.digest} if data else {}),
                    **({"source": data.source} if data and data.source else {}),
                    **(_data(facts) if facts else {}),
                },
                "config": json.loads(json.dumps(config, default=str)),
                "environment": _environment(facts, metadata),
                "metrics": {k: v for k, v in summary.items() if _is_metric(k, v)},
            },
        )

    def _path(self, reference: str) -> str:
        trimmed = reference.replace("/runs/", "/sweeps/")  # SweepRef knows where an URL has its id
        try:
            ref = SweepRef.parse(trimmed)
        except BadInput:
            raise BadInput(
                f"{reference!r} is not a run",
                fix="give ENTITY/PROJECT/RUN, PROJECT/RUN, RUN or a URL",
            ) from None
        home = self.connection.home
        return f"{ref.entity or home.entity}/{ref.project or home.project}/{ref.id}"

    def _code(self, run: Any, metadata: Mapping[str, Any]) -> dict[str, object]:
        git = metadata.get("git") or {}
        aspects: dict[str, object] = {
            "commit": run.commit or git.get("commit"),
            "remote": git.get("remote"),
            "program": metadata.get("program"),
        }
        with tempfile.TemporaryDirectory() as scratch:
            patch = self.runs.fetch_diff("/".join(run.path), Path(scratch))
            if patch is not None:
                content = patch.read_bytes()
                digest = hashlib.sha256(content).hexdigest()[:12]
                aspects["uncommitted changes"] = f"{len(content.splitlines())} lines, {digest}"
        return {name: value for name, value in aspects.items() if value}


def _data(facts: ModelFacts) -> dict[str, object]:
    return {
        "dataset_sha256": facts.dataset_sha256,
        "split_fingerprint": facts.split_fingerprint,
    }


def _environment(facts: ModelFacts | None, metadata: Mapping[str, Any]) -> dict[str, object]:
    aspects: dict[str, object] = dict(facts.libraries) if facts else {}
    aspects.setdefault("python", metadata.get("python"))
    for name in ("os", "host", "cpu_count"):
        aspects[name] = metadata.get(name)
    return {name: value for name, value in aspects.items() if value}


def _is_metric(name: str, value: object) -> bool:
    """Return whether a summary value is a figure or a hash, not a chart and not W&B's own."""
    return not name.startswith("_") and isinstance(value, int | float | str | bool)
