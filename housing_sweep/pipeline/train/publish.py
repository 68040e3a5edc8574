"""Publish a table as a versioned dataset artifact; equal data gives the same version.

A table on which scores would say nothing is not published, unless the policy allows it.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from housing_sweep.pipeline.wandb_io.tracking import open_run
from housing_sweep.tabular import data_findings, dataset_files
from housing_sweep.tabular.data_findings import DataPolicy, Finding
from housing_sweep.tabular.extras import LoadedTable

KIND = "dataset"


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset version."""

    path: str
    source: str
    rows: int
    sha256: str


def publish(
    table: LoadedTable,
    findings: Sequence[Finding],
    policy: DataPolicy,
    project: str | None = None,
) -> Published:
    """Log a table as the artifact of its problem's name; return its version.

    Args:
        table: what is published.
        findings: on it, as `data_findings.examine` returns them; they are recorded.
        policy: what they were judged by; recorded, too.
        project: where; default the problem's name.

    Raises:
        DataError: a finding is refused.
    """
    data_findings.raise_refused(findings, table.origin)
    problem = table.problem
    files = dataset_files.files_of(table, findings, policy)
    contents = {problem.file: files.csv, dataset_files.SCHEMA_NAME: files.schema}
    project = project or problem.name
    with tempfile.TemporaryDirectory() as scratch:
        paths = {name: Path(scratch) / name for name in contents}
        for name, content in contents.items():
            paths[name].write_bytes(content)
        with open_run("publish-dataset", {"origin": table.origin}, project=project) as run:
            path = run.log_artifact(problem.name, KIND, paths, files.metadata)
    return Published(path, table.source, len(table.frame), str(files.metadata["sha256"]))
