"""The files that DVC reads, as text: what is tracked, by MD5, and the stage that makes the model.

Source: dvc.org/doc/user-guide/project-structure; checked with DVC 3.67 (`dvc status`, `dvc repro`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

STAGE = "train"
REQUEST = "train.json"


@dataclass(frozen=True, slots=True)
class Tracked:
    """A file under DVC: its path in the project, MD5 as hex digits, size in bytes."""

    path: str
    md5: str
    size: int

    @property
    def cache_path(self) -> str:
        """Where DVC's cache keeps it."""
        return f"files/md5/{self.md5[:2]}/{self.md5[2:]}"

    def entry(self) -> dict[str, object]:
        """Return it as `dvc.lock` tells it."""
        return {"path": self.path, "hash": "md5", "md5": self.md5, "size": self.size}


def dvc_file(tracked: Tracked) -> str:
    """Return the `.dvc` file that lies beside a tracked file."""
    name = tracked.path.rsplit("/", 1)[-1]
    return _yaml({"outs": [{**tracked.entry(), "path": name}]})


def pipeline(command: str, data: Tracked, outs: list[Tracked], metrics: Tracked) -> str:
    """Return `dvc.yaml`: one stage from data and parameters to the model."""
    stage = {
        "cmd": command,
        "deps": [data.path],
        "params": [{REQUEST: ["config", "iterations", "refit_of"]}],
        "outs": [out.path for out in outs],
        "metrics": [{metrics.path: {"cache": False}}],
    }
    return _yaml({"stages": {STAGE: stage}})


def lock(
    command: str,
    data: Tracked,
    request: Mapping[str, object],
    outs: list[Tracked],
    metrics: Tracked,
) -> str:
    """Return `dvc.lock`: the stage as it was run, so that `dvc repro` finds nothing to do."""
    params = {name: request[name] for name in ("config", "iterations", "refit_of")}
    stage = {
        "cmd": command,
        "deps": [data.entry()],
        "params": {REQUEST: json.loads(json.dumps(params))},
        "outs": [one.entry() for one in sorted([*outs, metrics], key=lambda one: one.path)],
    }
    return _yaml({"schema": "2.0", "stages": {STAGE: stage}})


def _yaml(document: Mapping[str, object]) -> str:
    text: str = yaml.safe_dump(dict(document), sort_keys=False, width=100)
    return text
