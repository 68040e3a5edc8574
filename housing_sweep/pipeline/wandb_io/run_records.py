"""What a run's record says about its code, data, config, environment and metrics."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from housing_sweep.errors import BadInput
from housing_sweep.pipeline.wandb_io.backend import WandbBackend
from housing_sweep.pipeline.wandb_io.sdk_errors import our_errors
from housing_sweep.registry.references import RunId, SweepRef
from housing_sweep.registry.run_differences import RunFacts
from housing_sweep.registry.selection import Candidate


class RunsBackend(WandbBackend):
    """Whatever answers at `WANDB_BASE_URL`, asked about single runs."""

    def run_facts(self, text: str) -> RunFacts:
        """Return a run's record: five requests, and one file when its tree was dirty.

        Args:
            text: ENTITY/PROJECT/RUN, PROJECT/RUN, RUN or the run's URL.

        Raises:
            BadInput: the text cannot be a run.
            NotFound: it does not exist.
        """
        path = self._run_path(text)
        with our_errors(f"read run {path}", missing="check ENTITY/PROJECT/RUN"):
            run = self._api.run(path)
            summary = dict(run.summary_metrics)
            config = {k: v for k, v in run.config.items() if not k.startswith("_")}
            metadata = run.metadata or {}
        candidate = Candidate(RunId(path), str(run.name), str(run.state), "", None)
        model = self.model_of(candidate)
        facts = model.metadata if model else {}
        data = self.dataset_of(candidate)
        return RunFacts(
            path=path,
            name=str(run.name),
            state=str(run.state),
            aspects={
                "code": self._code(run, metadata),
                "data": {
                    **({"version": data.name, "digest": data.digest} if data else {}),
                    **({"source": data.source} if data and data.source else {}),
                    **_named(facts, "dataset_sha256", "split_fingerprint"),
                },
                "config": json.loads(json.dumps(config, default=str)),
                "environment": _environment(facts, metadata),
                "metrics": {k: v for k, v in summary.items() if _is_metric(k, v)},
            },
        )

    def _run_path(self, text: str) -> str:
        trimmed = text.replace("/runs/", "/sweeps/")  # SweepRef knows where an URL has its id
        try:
            ref = SweepRef.parse(trimmed)
        except BadInput:
            raise BadInput(
                f"{text!r} is not a run", fix="give ENTITY/PROJECT/RUN, PROJECT/RUN, RUN or a URL"
            ) from None
        home = self.home()
        return f"{ref.entity or home.entity}/{ref.project or home.project}/{ref.id}"

    def _code(self, run: Any, metadata: Mapping[str, Any]) -> dict[str, object]:
        git = metadata.get("git") or {}
        found: dict[str, object] = {
            "commit": run.commit or git.get("commit"),
            "remote": git.get("remote"),
            "program": metadata.get("program"),
        }
        with tempfile.TemporaryDirectory() as scratch:
            patch = self.fetch_diff("/".join(run.path), Path(scratch))
            if patch is not None:
                held = patch.read_bytes()
                digest = hashlib.sha256(held).hexdigest()[:12]
                found["uncommitted changes"] = f"{len(held.splitlines())} lines, {digest}"
        return {name: value for name, value in found.items() if value}


def _environment(facts: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, object]:
    libraries = facts.get("libraries")
    found: dict[str, object] = dict(libraries) if isinstance(libraries, Mapping) else {}
    found.setdefault("python", metadata.get("python"))
    for name in ("os", "host", "cpu_count"):
        found[name] = metadata.get(name)
    return {name: value for name, value in found.items() if value}


def _named(facts: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: facts[name] for name in names if facts.get(name)}


def _is_metric(name: str, value: object) -> bool:
    """Return whether a summary value is a figure or a hash, not a chart and not W&B's own."""
    return not name.startswith("_") and isinstance(value, int | float | str | bool)
