"""The dataset artifact's content: equal data gives equal bytes, so publishing is idempotent.

`schema.json` says what the table is about. Version 2 has the problem whole, under `problem`;
version 1 has columns only, and one problem writes it, the one that was there before others.
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from housing_sweep.errors import DataError
from housing_sweep.tabular.data_findings import DataPolicy, Finding
from housing_sweep.tabular.extras import LoadedTable, extras_of, first_problem
from housing_sweep.tabular.problem import Problem

SCHEMA_NAME = "schema.json"


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """The two files of the dataset artifact, and what its metadata says.

    Attributes:
        csv: bytes of the problem's `file`.
        schema: bytes of `schema.json`.
        metadata: source, rows, sha256 (of the CSV), and, if it was examined, the findings and the
            policy that let them pass.
    """

    csv: bytes
    schema: bytes
    metadata: dict[str, object]


def files_of(
    table: LoadedTable,
    findings: Sequence[Finding] | None = None,
    policy: DataPolicy | None = None,
) -> DatasetFiles:
    """Return what is published for a table. The origin stays out: equal data, equal version.

    So do the findings: they are in the metadata, and change no byte of a file.
    """
    body = csv_bytes(table.problem, table.frame)
    facts: dict[str, object] = {
        "source": table.source,
        "rows": len(table.frame),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    document = {**facts, **_about(table.problem)}
    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    return DatasetFiles(body, text.encode(), {**facts, **_examined(findings, policy)})


def _examined(findings: Sequence[Finding] | None, policy: DataPolicy | None) -> dict[str, object]:
    examined: dict[str, object] = {}
    if findings is not None:
        examined["findings"] = [one.as_json() for one in findings]
    if policy is not None:
        examined["data_policy"] = policy.as_json()
    return examined


def _about(problem: Problem) -> dict[str, object]:
    if extras_of(problem).schema_version == 1:
        return {"columns": [asdict(column) for column in problem.all_columns]}
    return {"version": 2, "problem": problem.as_document()}


def problem_of(schema: bytes | None) -> Problem:
    """Return what a dataset is about, from the bytes of its `schema.json`; None is version 1.

    Raises:
        DataError: they do not say it, or name an installed problem and have other columns.
    """
    if schema is None:
        return first_problem()
    try:
        document = json.loads(schema)
    except (ValueError, RecursionError) as error:
        raise DataError(f"schema.json cannot be read: {error}", fix="publish it again") from None
    if not isinstance(document, Mapping) or "problem" not in document:
        return first_problem()
    problem = Problem.parse(document["problem"], SCHEMA_NAME)
    extras_of(problem)
    return problem


def csv_bytes(problem: Problem, frame: pd.DataFrame) -> bytes:
    """Return a table as CSV: shortest decimals that read back to the same doubles."""
    columns = [column.name for column in problem.all_columns]
    header = io.StringIO()
    csv.writer(header, lineterminator="").writerow(columns)
    rows = zip(*(frame[name].astype(float).tolist() for name in columns), strict=True)
    lines = [header.getvalue(), *(",".join(map(repr, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode()
